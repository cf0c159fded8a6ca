"""Weights are held in the type that the processor multiplies fast."""

import pytest
import torch

from training.processor import usable_dtype


@pytest.mark.parametrize(
    ("architecture", "avx512_bf16", "amx_bf16", "expected"),
    [
        ("x86_64", False, False, "float32"),
        ("x86_64", True, False, "bfloat16"),
        ("x86_64", False, True, "bfloat16"),
        ("aarch64", False, False, "bfloat16"),
    ],
)
def test_bfloat16_is_used_where_the_processor_multiplies_in_it(
    monkeypatch, architecture, avx512_bf16, amx_bf16, expected
):
    capabilities = {"architecture": architecture, "avx512_bf16": avx512_bf16, "amx_bf16": amx_bf16}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert usable_dtype("bfloat16", "cpu") == expected
    assert usable_dtype("bfloat16", "cuda") == "bfloat16"
    assert usable_dtype("float32", "cpu") == "float32"
