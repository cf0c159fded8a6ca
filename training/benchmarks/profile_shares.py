"""What a profile's processor time went to: matrix products, attention, or anything else. Used by two benchmarks."""

from collections import Counter
from collections.abc import Iterable

from torch.autograd.profiler_util import FunctionEvent

# An operation's own time is that of its kernel: `aten::matmul` and `aten::linear` only call one of these.
_PRODUCTS = frozenset(
    {
        "aten::mm",
        "aten::addmm",
        "aten::addmm_",
        "aten::bmm",
        "aten::baddbmm",
        "aten::_mkl_linear",
        "aten::mkldnn_linear",
        "mkldnn::_linear_pointwise",
    }
)
_ATTENTION = "BlockedAttention"  # in the name of its forward and of its backward pass


def time_shares(events: Iterable[FunctionEvent]) -> dict[str, float]:
    """Divides the processor's time among four kinds of work.

    Args:
        events: Of a profile, `profile.events()`.

    Returns:
        Shares that add up to 1: `projections` (matrix products outside attention: of the layers' weights, the adapter
        and the vocabulary), `attention_products`, `attention_other` (its softmax and copies), and `rest`.
    """
    times = Counter(dict.fromkeys(("projections", "attention_products", "attention_other", "rest"), 0.0))
    for event in events:
        times[_kind(event)] += event.self_cpu_time_total
    return {kind: time / times.total() for kind, time in times.items()}


def matrix_product_share(events: Iterable[FunctionEvent]) -> float:
    """Computes the part of the processor's time that is spent in matrix products, those of attention included.

    Args:
        events: Of a profile.
    """
    shares = time_shares(events)
    return shares["projections"] + shares["attention_products"]


def longest_operations(events: Iterable[FunctionEvent], kind: str, count: int) -> dict[str, float]:
    """Names the operations that take most of the time of one kind of work.

    Args:
        events: Of a profile.
        kind: As `time_shares` names it.
        count: How many to name.

    Returns:
        Operation → its share of all time, the largest first.
    """
    all_events = list(events)
    total = sum(event.self_cpu_time_total for event in all_events)
    times: Counter[str] = Counter()
    for event in all_events:
        if _kind(event) == kind:
            times[event.name] += event.self_cpu_time_total
    return {name: time / total for name, time in times.most_common(count)}


def _kind(event: FunctionEvent) -> str:
    is_product = event.name in _PRODUCTS
    if _is_in_attention(event):
        return "attention_products" if is_product else "attention_other"
    return "projections" if is_product else "rest"


def _is_in_attention(event: FunctionEvent) -> bool:
    caller: FunctionEvent | None = event
    while caller is not None:
        if _ATTENTION in caller.name:
            return True
        caller = caller.cpu_parent
    return False
