"""What Presidio takes for a telephone or an address of a machine counts only where it can be one."""

import pytest

from dagster_project.privacy.patterns import _counts
from dagster_project.privacy.presidio import second_opinion

PERSONAL = [
    "0151-12345678", "(030) 123456", "030/123456", "0711 123-45", "040-4711 0815", "06 12 34 56 78", "020 7946 0958",
    "07700 900815", "212-555-0123", "(212) 555-0123", "98765 43210", "(11) 96123-4567", "+91 98765 43210",
    "2a00:1450:4001:831::200e", "2001:4860:4860::8888/64", "8.8.8.8", "jane@corp.com",
]  # fmt: skip
NOBODYS = [
    "12345 67890", "12345-67890", "0815-4711", "4711-0815", "10023 45678", "0200-123456", "20240 00123", "100-200-3000",
    "5::dec", "2500::dec", "10::dec and 2::bad", "05.01.2024", "2125550123", "10.0.0.1", "fe80::1", "a@example.com",
]  # fmt: skip


@pytest.fixture(scope="module")
def personal() -> set[str]:
    """The texts in which something counts; all in one call, for Presidio is slow to start."""
    texts = [f"the one of {text}, please" for text in [*PERSONAL, *NOBODYS]]
    found = second_opinion(texts)
    return {[*PERSONAL, *NOBODYS][finding.text] for finding in found if _counts(finding, is_technical=False)}


@pytest.mark.parametrize("text", PERSONAL)
def test_what_a_person_can_have_counts(personal: set[str], text: str) -> None:
    assert text in personal


@pytest.mark.parametrize("text", NOBODYS)
def test_a_number_of_an_order_or_a_cast_does_not_count(personal: set[str], text: str) -> None:
    assert text not in personal
