"""Spider's levels, one example for each way into a level."""

import pytest

from training.sql.difficulty import difficulty


@pytest.mark.parametrize(
    ("sql", "level"),
    [
        ("select count(*) from cars where cylinders > 4", "easy"),
        ("select name from products", "easy"),
        # one join and one condition are two clauses, with a single further count they are medium
        ("select t.name, count(*) from a join t on a.i = t.i group by t.i", "medium"),
        ("select name, price from products where price > 3 and stock = 0", "medium"),
        ("select x from t where y in (select y from u)", "hard"),
        ("select x from t where y > (select avg(y) from t) or z = 1", "extra"),
        ("select x from a union select x from b", "hard"),
        ("select x from t where y = 1 order by z limit 3", "hard"),  # three clauses
        ("select x, sum(y), avg(y) from t where z = 1 and w = 2 group by x, v", "hard"),  # two clauses, four counts
        ("select t.x from t join u on t.i = u.i where x like 'a%' order by y limit 1", "extra"),
        # not in Spider's grammar: each is a nested query
        ("with w as (select x from t) select x from w", "hard"),
        ("select rank() over (order by x) from t", "hard"),
        ("select x from (select x, y from t) as s where y > 1 or y < 0", "extra"),
    ],
)
def test_level(sql: str, level: str) -> None:
    assert difficulty(sql) == level
