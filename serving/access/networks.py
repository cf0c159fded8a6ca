"""Which addresses may reach the API, and whose address a request came from; pure functions, called by `gate`.

A header says nothing by itself: `X-Forwarded-For` counts only where the connection comes from a proxy that is trusted,
and then only as far as trusted proxies wrote it.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK = ("127.0.0.0/8", "::1/128")
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
_MAPPED = IPv6Network("::ffff:0:0/96")


def parse_network(text: str) -> Network:
    """Read one CIDR; an IPv4 network written inside IPv6 (`::ffff:10.0.0.0/104`) is the IPv4 network.

    Raises:
        ValueError: It is none, in a sentence for the operator.
    """
    try:
        network = ip_network(text.strip())
    except ValueError:
        raise ValueError(
            f"{text.strip()!r} is not a network: write CIDRs such as 10.0.0.0/8, comma-separated"
        ) from None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def parse_address(text: str) -> Address | None:
    """Read the address of a peer or of a proxy's header, which may carry a port; None where it is no address.

    An IPv4 address written inside IPv6 is the IPv4 address, so that no rule is passed by writing it otherwise.
    """
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def contains(networks: Iterable[Network], address: Address) -> bool:
    """Return whether an address lies in one of the networks."""
    return any(address in network for network in networks if network.version == address.version)


def client_address(peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> Address | None:
    """Find the address that a request came from.

    The peer wrote the last hop of the header, the peer before it the one before, and so on. So the hops are walked
    from the right, and the first that is no trusted proxy is the client: whatever stands left of it, it wrote itself.

    Args:
        peer: Address at the other end of the connection; None where the server knows none.
        forwarded_for: Values of the request's X-Forwarded-For headers, in their order.
        trusted: Networks of the proxies that may speak for others.

    Returns:
        The address; None where it cannot be known, so that nobody passes for somebody.
    """
    address = parse_address(peer or "")
    hops = [hop for value in forwarded_for for hop in value.split(",") if hop.strip()]
    while address is not None and hops and contains(trusted, address):
        address = parse_address(hops.pop())
    return address
