"""Category tags, by example."""

import pytest

from training.sql.categories import categorize


@pytest.mark.parametrize(
    ("sql", "tags"),
    [
        ("select name from customers", set()),
        ("select count(*) from orders", {"aggregate"}),
        ("select s, count(*) from o group by s having count(*) > 2", {"group", "having", "aggregate"}),
        ("select x from t order by x limit 3", {"top_n"}),
        ("select x from t limit 3", set()),
        ("select rank() over (order by x) from t", {"window"}),
        ("select sum(x) filter (where y) over () from t", {"window"}),
        ("with w as (select 1 as x) select x from w", {"cte"}),
        ("select x from t union select x from u", {"set_operation"}),
        ("select x from t except select x from u", {"set_operation", "negation"}),
        ("(select x from t) union all (select x from u)", {"set_operation"}),
        ("select x from t where y in (select y from u)", {"nested"}),
        ("select x from (select x from u) as t", {"nested"}),
        ("select x from t where d > date '2024-01-01'", {"date"}),
        ("select x from t where d > now() - interval '1 month'", {"date"}),
        ("select date(x), to_char(d, 'YYYY') from t", {"date"}),
        ("select a / b from t", {"ratio"}),
        ("select x from t where y is not null", {"negation"}),
        ("select x from t where y not in (1, 2)", {"negation"}),
        ("select x from t where y is distinct from 1", {"negation"}),
        ("select x from t where not exists (select 1 from u)", {"negation", "nested"}),
    ],
)
def test_categorize(sql: str, tags: set[str]) -> None:
    assert categorize(sql) == tags | {"no_join"}


@pytest.mark.parametrize(
    ("sql", "tag"),
    [
        ("select a.x from a join b on a.i = b.i", "one_join"),
        ("select a.x from a, b where a.i = b.i", "one_join"),
        ("select a.x from a join b on a.i = b.i left join c on c.i = a.i", "two_joins"),
        ("select a.x from a join b using (i) join c using (i) join d using (i)", "more_joins"),
        ("select x from (select a.x from a join b using (i)) as s join c using (x)", "two_joins"),
    ],
)
def test_joins_of_the_whole_statement_are_counted(sql: str, tag: str) -> None:
    assert {name for name in categorize(sql) if "join" in name} == {tag}
