"""The interval that dbt computes is the one that the evaluation computes."""

import jinja2
import psycopg
import pytest

from dagster_project.dbt_manifest import DBT_PROJECT
from dagster_project.warehouse.settings import Warehouse
from training.evaluate.statistics import wilson_interval

COUNTS = [(successes, n) for n in (1, 2, 7, 40, 1000) for successes in sorted({0, 1, n // 2, n - 1, n})]


def test_the_ends_are_those_of_the_evaluation(warehouse: Warehouse) -> None:
    macros = (DBT_PROJECT / "macros" / "monitoring" / "wilson.sql").read_text()
    ends = jinja2.Environment().from_string(macros + "{{ wilson_low('s', 'n') }}, {{ wilson_high('s', 'n') }}").render()
    with psycopg.connect(warehouse.dsn) as owner:
        query = f"select {ends} from unnest(%s::bigint[], %s::bigint[]) with ordinality as c (s, n, row) order by row"
        computed = owner.execute(query, [[s for s, _ in COUNTS], [n for _, n in COUNTS]]).fetchall()
        assert owner.execute(f"select {ends} from (values (0, 0)) as c (s, n)").fetchone() == (None, None)
    for count, ends_of_it in zip(COUNTS, computed, strict=True):
        assert ends_of_it == pytest.approx(wilson_interval(*count), abs=1e-12)
