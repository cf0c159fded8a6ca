"""What is known of an answer, and the calibration that turns it into a probability."""

import pytest

from tests.training.sql.sample_catalog import sample_catalog
from training.confidence import FILE, Calibration, Evidence, Witness
from training.evaluate.refusal import KEPT_RIGHT, JudgedAnswer, fit


@pytest.fixture(scope="module")
def witness():
    return Witness(sample_catalog())


def test_words_of_names_and_comments_are_known_and_the_weather_is_not(witness):
    assert witness.known_share("How many orders did customers place in 2025?") > 0.5
    assert witness.known_share("Will it rain in Berlin tomorrow?") == 0.0
    assert witness.known_share("How many?") == 1.0


def test_draws_agree_only_where_the_first_answer_was_refused(witness):
    taken, other, bad = "select count(*) from orders", "select max(total) from orders", "select nothing from nowhere"
    assert witness.evidence("q", taken, (taken, other), -1.0).agreement == 1.0
    assert (
        witness.evidence("q", taken, (bad, taken, "SELECT COUNT(*) FROM orders o", other, bad), -1.0).agreement == 0.5
    )
    assert witness.evidence("q", taken, (), None) is None


def answers(count: int) -> list[JudgedAnswer]:
    """Right answers are likely ones, mostly; one in ten of each kind is like the other."""
    return [
        JudgedAnswer(Evidence(-0.1 if is_right != (n % 10 == 0) else -5.0, -0.1, 1.0, n % 3 / 2), is_right)
        for n in range(count)
        for is_right in (True, False)
    ]


def test_a_fit_is_calibrated_and_keeps_the_right_answers():
    fitted = fit(answers(100))
    sure, unsure = (fitted.confidence(Evidence(value, -0.1, 1.0, 0.5)) for value in (-0.1, -5.0))
    assert sure == pytest.approx(0.9, abs=0.03)
    assert unsure == pytest.approx(0.1, abs=0.03)
    kept = [fitted.is_given(answer.evidence) for answer in answers(100) if answer.is_right]
    assert sum(kept) / len(kept) >= KEPT_RIGHT


def test_too_few_answers_fit_nothing():
    assert fit(answers(19)) is None


def test_a_calibration_outlives_its_file(tmp_path):
    fitted = fit(answers(100))
    fitted.save(tmp_path / FILE)
    assert Calibration.load(tmp_path) == fitted
    (tmp_path / FILE).unlink()
    assert Calibration.load(tmp_path) is None
