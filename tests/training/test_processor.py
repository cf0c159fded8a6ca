"""Weights are held in the type that the processor multiplies fast."""

import pytest
import torch

from training.processor import usable_dtype


@pytest.mark.parametrize(
    ("able", "expected"),
    [
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
        ({"bf16": True}, "bfloat16"),
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, "float32"),
    ],
)
def test_bfloat16_is_used_where_the_processor_multiplies_in_it(able, expected, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert usable_dtype("bfloat16", "cpu") == expected
    assert usable_dtype("bfloat16", "cuda") == "bfloat16"
    assert usable_dtype("float32", "cpu") == "float32"
