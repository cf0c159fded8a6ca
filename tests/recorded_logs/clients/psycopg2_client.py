"""psycopg2: writes the parameters into the statement; cursors on the server where a name is given."""

import re
from contextlib import suppress

import psycopg2
import psycopg2.extras

from tests.recorded_logs.scratch_server import ScratchServer
from tests.recorded_logs.statements import Statement, Workload
from tests.recorded_logs.truth import Action, Script


def run(server: ScratchServer, workload: Workload) -> list[Action]:
    """Executes everything, and returns it."""
    script = Script("psycopg2")
    connection = psycopg2.connect(server.dsn("ada"), application_name="psycopg2")
    connection.autocommit = True
    cursor = connection.cursor()
    for statement in (*workload.questions, *workload.bound, *workload.noise, *workload.failures):
        cursor.execute(script.statement(statement).mark)
        with suppress(psycopg2.Error):
            cursor.execute(*pyformat(statement))
    cursor.execute(script.add("begin", "transaction").mark)
    connection.autocommit = False
    streamed = Statement("select order_id from market.orders where status = $1 order by 1", ("open",))
    cursor.execute(script.statement(streamed, noise=("transaction", "cursor")).mark)
    with connection.cursor("stream") as named:
        named.itersize = 4
        named.execute(*pyformat(streamed))
        assert len(list(named)) > 4
    cursor.execute(script.add("commit and begin again", "transaction", executions=2).mark)
    connection.commit()
    cursor.execute(script.add("execute_values", "dml", executions=None, noise=("ddl", "transaction")).mark)
    cursor.execute("create temporary table many (a int, b text)")
    psycopg2.extras.execute_values(cursor, "insert into many values %s", [(n, "x") for n in range(5)])
    cursor.execute(script.add("select * from market.total_of($1)", parameters=["1"]).mark)
    cursor.callproc("market.total_of", [1])
    cursor.execute(script.add("copy_expert", "copy").mark)
    with open("/dev/null", "w") as nowhere:
        cursor.copy_expert("copy (select * from market.films) to stdout", nowhere)
    cursor.execute("select 'mark end' from market.marks")
    connection.close()
    return script.actions


def pyformat(statement: Statement) -> tuple[str, dict | None]:
    """The statement in Python's form of placeholders."""
    if not statement.parameters:
        return statement.sql, None
    parts = re.split(r"('\$1'|\$\d+)", statement.sql.replace("%", "%%"))
    text = "".join(f"%(p{part[1:]})s" if re.fullmatch(r"\$\d+", part) else part for part in parts)
    return text, {f"p{number}": value for number, value in enumerate(statement.parameters, 1)}
