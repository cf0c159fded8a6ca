"""Which columns of a result hold a person's data."""

import pytest

from training.sql.catalog import Catalog
from training.sql.personal_flow import OPAQUE, personal_outputs


@pytest.mark.parametrize(
    ("sql", "outputs"),
    [
        ("select name, country, email from customers", ["name", None, "email"]),
        ("select name, (name), name::text, lower(name) from customers", ["name", "name", "name", OPAQUE]),
        # conditions and counts tell no value; an extreme does
        (
            "select count(distinct email), bool_or(name like 'A%'), name = 'x', min(name) from customers group by name",
            [None, None, None, OPAQUE],
        ),
        ("select case when name = 'x' then 1 else 2 end, coalesce(name, country) from customers", [None, OPAQUE]),
        ("select n, m from (select name as n, count(*) as m from customers group by name) as t", ["name", None]),
        ("with w as (select email as e from customers) select e, upper(e) from w", ["email", OPAQUE]),
        ("select name from customers union select name from customers", ["name"]),
        ("select name from customers union select country from customers", [OPAQUE]),
        ("select (select c.email from customers c limit 1), total from orders", ["email", None]),
        (
            "select row_number() over (order by name), row_number() over (partition by name order by created_at)"
            " from customers",
            [OPAQUE, None],
        ),
        (
            "with recursive r(n, who) as (select 1, name from customers union all select n + 1, who from r"
            " join customers c on c.customer_id = r.n) select n, who from r",
            [None, "name"],
        ),
    ],
)
def test_what_of_a_person_each_column_shows(catalog: Catalog, sql: str, outputs: list[str | None]) -> None:
    assert personal_outputs(sql, catalog) == outputs
