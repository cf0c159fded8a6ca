"""Templates that nobody filled in are told from SQL that only looks like one."""

import pytest

from training.sql.placeholder import has_placeholder


@pytest.mark.parametrize(
    "condition",
    [
        "total > $1", "total > ?", "total > %s", "total in (%s, %s)", "total > %(least)s", "total > :least",
        "total > @least", "total > {least}", "total > {{ least }}", "total > ${least}", "total > <least>",
        "status = '{{ status }}'", "status = '%s'", "status in ('%s')", "status = ':status'", "status = '<the status>'",
        "status = '?'", "status = '${status}'", "status = '$1'", "{% if status %} true {% endif %}",
        "status like %s", "total > 1 limit %s",
    ],
)  # fmt: skip
def test_a_placeholder_is_found_in_code_and_in_quotes(condition: str) -> None:
    assert has_placeholder(f"select count(*) from orders where {condition}")


@pytest.mark.parametrize(
    "condition",
    [
        "status like '%s'", "status like 'a%' and note like '%store'", "total % 2 = 0", "total::int > 5",
        "status = 'really?'", "status = 'a: b'", "status = 'a:b'", "mail = 'ada@example.com'", "total <> 5",
        "total < 5 and total > 3", "status = $$it's$$", "status = 'costs $1'", '"what?" = 1', "total > 1 -- why $1?",
        "total > 1 /* :least */", "status = 'a {b} c'", "tags = '{a,b}'", "at = timestamp '2024-01-01 10:30:00'",
    ],
)  # fmt: skip
def test_what_only_looks_like_one_is_none(condition: str) -> None:
    assert not has_placeholder(f"select count(*) from orders where {condition}")
