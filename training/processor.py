"""What the processor multiplies fast. Used by model.py and the benchmarks."""

import torch


def usable_dtype(wanted: str, device: str) -> str:
    """Replaces bfloat16 by float32 on a processor without products in it.

    There they are emulated: on two cores of an AMD EPYC of the third generation (AVX2) at 16 GFLOP/s, where float32
    reaches 134.

    Args:
        wanted: `float32` or `bfloat16`.
        device: `cpu` or `cuda`.

    Returns:
        The type to hold weights and to multiply in.
    """
    if wanted != "bfloat16" or device != "cpu":
        return wanted
    able = torch.cpu.get_capabilities()
    has_bfloat16 = any(able.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))  # the last is Arm's
    return wanted if has_bfloat16 else "float32"
