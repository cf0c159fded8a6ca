"""What the clients execute: the ground truth of the recorded logs. All of it is about `business.sql`.

Parameters are written `$1`, as the server sees them; each client puts them into its driver's own form.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Statement:
    """One statement, its parameters, and the class that it belongs to."""

    sql: str
    parameters: tuple[Any, ...] = ()
    statement_class: str = "question"


@dataclass(frozen=True)
class Workload:
    """What one recording makes each client execute."""

    questions: tuple[Statement, ...]
    noise: tuple[Statement, ...]
    bound: tuple[Statement, ...]
    failures: tuple[Statement, ...]
    has_commands: bool


LONG_NOTE = "a note that is longer than the limit of twenty bytes"

# What people ask without parameters, in forms that are easily taken for something else.
PLAIN_QUESTIONS = tuple(
    Statement(sql)
    for sql in (
        "select count(*) from market.orders",
        "select status,\n       count(*) as orders -- how many of each\n  from market.orders\n group by status"
        "\n order by status",
        "with big as (\n    select * from market.orders where total > 300\n)\nselect count(*) from big",
        "(select order_id from market.orders where order_id < 3) union (select 99) order by 1",
        "select full_name from market.customers where full_name = 'Orla O''Quint'",
        "select count(*) from market.orders where note = E'two\\nlines\\tand a tab'",
        "select count(*) from market.orders where note = $q$C:\\temp\\new$q$",
        'select "full_name" as "delete from" from "market"."customers" order by 1',
        "select label from market.versions where not deleted order by 1",
        "select pg_rating, count(*) from market.films group by pg_rating order by 1",
        "select f.pg_rating, s.score from market.films f join market.pg_scores s using (film_id) order by 2",
        "select title from information.leaflets where title <> 'insert into t select 1' order by 1",
        "select count(*) from market.films where title = 'delete from pg_catalog.pg_class'",
        "select count(*) /* select version(); drop table x */ from market.orders where status <> 'into temp x from'",
        "select count(*) from market.orders where note is null or note = 'a; b'",
        "-- question: How many orders are open?\nselect count(*) from market.orders where status = 'open'",
        "select count(*) from market.customers where city = '東京'",
    )
)

# What people ask with parameters; every value is one that a log can get wrong.
BOUND_QUESTIONS = (
    Statement(
        "select order_id from market.orders where status = $1 and total > $2 order by 1", ("open", Decimal("20.5"))
    ),
    Statement("select order_id from market.orders where note is not distinct from $1::text order by 1", (None,)),
    Statement("select count(*) from market.orders where note = $1 or note is not distinct from $2::text", ("5", None)),
    Statement("select order_id from market.orders where order_id = any($1::int[]) order by 1", ([1, 2, 3],)),
    Statement(
        "select order_id from market.orders where status = any($1::text[]) order by 1",
        (["open", 'it\'s "odd", {really}', "a,b", "NULL", ""],),
    ),
    Statement("select city from market.customers where full_name = $1", ("Orla O'Quint",)),
    Statement("select count(*) from market.orders where note = $1", ("C:\\temp\\new",)),
    Statement("select city from market.customers where full_name = $1", ("Zoë Łukasiewicz",)),
    Statement("select full_name from market.customers where city = $1", ("東京",)),
    Statement("select count(*) from market.orders where note = $1", ("two\nlines\tand a tab",)),
    Statement("select count(*) from market.orders where note = $1", ("$1 = 'x', $2 = NULL",)),
    Statement("select count(*) from market.orders where note = $1", ("wait...",)),
    Statement("select count(*) from market.orders where note = $1", (LONG_NOTE,)),
    Statement("select count(*) from market.orders where note = $1", ("twenty bytes long...",)),
    Statement("select count(*) from market.orders where note = $1 and status = $2", (LONG_NOTE, "wait...")),
    Statement("select full_name from market.customers where zip = $1", ("10115",)),
    Statement("select full_name from market.customers where zip in ($1, $2) order by 1", ("10115", "500")),
    Statement("select full_name from market.customers where left(zip, 2) = $1 order by 1", ("10",)),
    Statement("select full_name from market.customers where zip like $1", ("500",)),
    Statement("select count(*) from market.orders where note = $1", ("",)),
    Statement("select full_name from market.customers where full_name like $1", ("O%",)),
    Statement("select order_id from market.orders order by order_id limit $1 offset $2", (3, 5)),
    Statement("select order_id from market.orders where order_id > 30 -$1 order by 1", (-5,)),
    Statement("select order_id from market.orders where order_id % $1 = $2 order by 1", (7, 0)),
    Statement("select order_id from market.orders where order_id between $1 and $2 order by 1", (5, 7)),
    Statement("select count(*) from market.orders where total * $1 > $2", (Decimal("-1.5"), Decimal("-100"))),
    Statement("select count(*) from market.orders where ordered_on = date '2024-01-01' + $1::int", (3,)),
    Statement("select count(*) from market.orders where ordered_on >= $1", (date(2024, 1, 20),)),
    Statement("select count(*) from market.orders where ordered_at >= $1", (datetime(2024, 1, 20, 12, tzinfo=UTC),)),
    Statement("select count(*) from market.orders where weight > $1", (0.1,)),
    Statement("select count(*) from market.orders where weight < $1", (1e100,)),
    Statement("select count(*) from market.orders where is_paid = $1", (True,)),
    Statement("select order_id from market.orders where details @> $1::text::jsonb order by 1", ('{"gift": true}',)),
    Statement("select count(*) from market.orders where note like '%' || $1 || '%'", ("note",)),
    Statement(
        "select order_id from market.orders where customer_id = $2 and status = $1\n  and '$1' <> \"note\" order by 1",
        ("open", 2),
    ),
    Statement(
        "select count(*) from market.orders where order_id in ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
    ),
    Statement("select market.total_of($1)", (1,)),
)

# What is no question, as any client may send it.
NOISE = (
    Statement("set statement_timeout = '60s'", statement_class="session"),
    Statement("show server_version", statement_class="session"),
    Statement("select 1", statement_class="ping"),
    Statement("select current_schema()", statement_class="catalog"),
    Statement("select version()", statement_class="catalog"),
    Statement("explain select count(*) from market.orders", statement_class="explain"),
    Statement("explain (analyze, costs off) select count(*) from market.orders", statement_class="explain"),
    Statement("create temporary table scratch (a integer, b text)", statement_class="ddl"),
    Statement("insert into scratch values (1, 'select 1 from market.orders')", statement_class="dml"),
    Statement("update scratch set b = 'x' where a = 1", statement_class="dml"),
    Statement("with gone as (delete from scratch returning a) select count(*) from gone", statement_class="dml"),
    Statement("with o as (select 1 as a) insert into scratch select a, 'y' from o", statement_class="dml"),
    Statement("select order_id, total into temporary scratch2 from market.orders", statement_class="ddl"),
    Statement("create temporary table scratch3 as select * from market.orders", statement_class="ddl"),
    Statement("merge into scratch using scratch3 on a = order_id when matched then delete", statement_class="dml"),
    Statement("do $$ begin perform count(*) from market.orders; end $$", statement_class="dml"),
    Statement("analyze scratch", statement_class="maintenance"),
    Statement("drop table scratch, scratch2, scratch3", statement_class="ddl"),
    Statement("select relname from pg_class where relname = 'orders'", statement_class="catalog"),
    Statement(
        'select "table_name" from "information_schema"."tables" where table_schema = \'market\'',
        statement_class="catalog",
    ),
    Statement("select pg_sleep(0)", statement_class="catalog"),
)

# What fails: while it is read, and while it runs.
FAILURES = (
    Statement("select nme from market.customers", statement_class="failed"),
    Statement("select order_id / (order_id - order_id) from market.orders", statement_class="failed"),
)

FULL = Workload(PLAIN_QUESTIONS, NOISE, BOUND_QUESTIONS, FAILURES, has_commands=True)
# For the recordings that differ in the server's settings alone.
BRIEF = Workload(PLAIN_QUESTIONS[:7], NOISE[:8], BOUND_QUESTIONS, FAILURES, has_commands=False)
