"""Products with weights that were laid out anew are the plain ones."""

import pytest
import torch
from torch.nn import functional

from training.frozen_product import FrozenProduct

GENERATOR = torch.Generator().manual_seed(3)


@pytest.mark.parametrize(
    ("dtype", "size", "tolerance"),
    [(torch.float32, 600, 5e-4), (torch.float32, 40, 0.0), (torch.bfloat16, 600, 1e-2)],
    ids=["large weights become float16", "small ones stay", "bfloat16"],
)
@pytest.mark.parametrize("rows", [1, 5, 70])
def test_products_are_those_of_the_weight(dtype, size, tolerance, rows):
    weight = (torch.randn(size, 576, generator=GENERATOR) * 0.02).to(dtype)
    given = torch.randn(rows, 576, generator=GENERATOR).to(dtype)
    expected = functional.linear(given, weight).float()
    with torch.inference_mode():
        product = FrozenProduct(weight)(given).float()
    assert (product - expected).norm() <= tolerance * expected.norm()


def test_weights_beyond_float16_stay_as_they_are():
    weight = torch.full((600, 576), 1e5)
    assert FrozenProduct(weight)(torch.ones(1, 576)).isfinite().all()
