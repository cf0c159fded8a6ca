"""Products with weights that no longer change, laid out once as the processor reads them fastest. Used by decoder.py.

Writing one token reads every weight once, so its time is that of the memory: smaller weights are faster. Measured on
one core of an AMD EPYC with AVX2, the linear layers of six of SmolLM2's 30 blocks, in milliseconds for 1, 4, 16 and 64
tokens:

    float32, plain                      8.3   17.1   27.1   52.7
    float32, laid out by oneDNN         7.9   10.2   22.0   51.5
    float16 weights, float32 products   4.5    5.0   13.6   39.1    error 0.0002 of the output's norm
    int8 weights, bfloat16 inputs       4.9    6.9   24.4   82.4    0.008
    int8 weights and inputs             2.9    4.9    8.3   26.0    0.016, and an input's scale is its batch's

So float16 is the choice: the answers are those of float32.
"""

import torch
from torch.nn import functional

from training.processor import usable_dtype

_PACKED_FOR_ROWS = 8  # oneDNN's layout for few rows also serves the long prefix, which is read only once
_SMALL = 2**18  # weights that stay in a core's cache gain nothing from being smaller


class FrozenProduct:
    """The product of rows with a frozen weight."""

    def __init__(self, weight: torch.Tensor) -> None:
        """Lays the weight out.

        Args:
            weight: `[out, in]`.
        """
        weight = weight.detach()
        is_bfloat16 = weight.device.type == "cpu" and weight.dtype == torch.bfloat16
        if is_bfloat16 and usable_dtype("bfloat16", "cpu") == "bfloat16":
            # The plain product lays it out anew at each call (one core, 960 x 576 and one row: 226 µs instead of 126).
            packed = torch.ops.mkldnn._reorder_linear_weight(weight, _PACKED_FOR_ROWS)
            self._multiply = lambda rows: torch.ops.mkldnn._linear_pointwise(rows, packed, None, "none", [], "")
        elif _fits_float16(weight):
            halved = torch.ops.quantized.linear_prepack_fp16(weight, None)
            # The operation itself: on its way there torch looks for tracers in Python, which takes 50 µs a call.
            multiply = torch.ops.quantized.linear_dynamic_fp16._op
            self._multiply = lambda rows: multiply(rows, halved)
        else:
            self._multiply = lambda rows: functional.linear(rows, weight)

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """Multiplies rows, `[N, in]`, to `[N, out]`."""
        return self._multiply(rows)


def _fits_float16(weight: torch.Tensor) -> bool:
    """Whether the weight is on a processor with such products (x86-64's fbgemm), large, and in float16's range."""
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.float32
        and weight.numel() >= _SMALL
        and "fbgemm" in torch.backends.quantized.supported_engines
        and bool(weight.abs().max() < torch.finfo(torch.float16).max)
    )
