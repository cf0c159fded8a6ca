"""Whether answers are the same though they came about in another way. Used by the tests of guesses and of twins."""

from collections.abc import Sequence

import pytest

from training.generation import Generation


def require_same(answers: Sequence[Generation], expected: Sequence[Generation]) -> None:
    """The same texts, and written from the same states: a small model may write the same from a wrong one."""
    assert answers == expected
    for answer, other in zip(answers, expected, strict=True):
        assert answer.log_probability == pytest.approx(other.log_probability, rel=1e-4)
