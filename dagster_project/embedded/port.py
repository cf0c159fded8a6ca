"""The server's TCP port: a free one, chosen once and kept; the user's where he fixed it.

Called by `server.py`.
"""

import random
import socket

HOST = "127.0.0.1"
# Below the range that Linux hands out to outgoing connections, so that none of those takes the port while we are down.
_CANDIDATES = range(15400, 25400)


def is_taken(port: int) -> bool:
    """Tells whether another program listens on the port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def free_port() -> int:
    """Returns a port of 127.0.0.1 on which nothing listens now."""
    candidates = random.SystemRandom()
    while is_taken(port := candidates.choice(_CANDIDATES)):
        pass
    return port
