"""psycopg 3: binds on the server; prepared statements, binary parameters, cursors on the server, pipelines."""

from contextlib import suppress

import psycopg

from tests.recorded_logs.clients.psycopg2_client import pyformat
from tests.recorded_logs.scratch_server import ScratchServer
from tests.recorded_logs.statements import Statement, Workload
from tests.recorded_logs.truth import Action, Script


def run(server: ScratchServer, workload: Workload) -> list[Action]:
    """Executes everything, and returns it."""
    script = Script("psycopg")
    with psycopg.connect(server.dsn("ada"), application_name="psycopg", autocommit=True) as connection:
        for statement in (*workload.questions, *workload.bound, *workload.noise, *workload.failures):
            # (it forgets its prepared statements when a table is dropped)
            connection.execute(script.statement(statement, noise=("prepared",)).mark)
            with suppress(psycopg.Error):
                connection.execute(*pyformat(statement))
        for statement in workload.bound[:8]:
            connection.execute(script.statement(statement, executions=2).mark)
            for _ in range(2):
                connection.execute(*pyformat(statement), prepare=True, binary=True)
        connection.execute(script.add("begin", "transaction").mark)
        with connection.transaction(), psycopg.ServerCursor(connection, "stream") as cursor:
            connection.execute(script.statement(workload.bound[0], noise=("transaction", "cursor")).mark)
            cursor.itersize = 5
            cursor.execute(*pyformat(workload.bound[0]))
            assert list(cursor)
        status = Statement("select status from market.orders where order_id = $1", (3,))
        connection.execute(script.statement(status, executions=3, noise=("transaction",)).mark)
        with connection.pipeline():
            for _ in range(3):
                connection.execute(*pyformat(status))
        connection.execute(script.add("executemany", "dml", executions=None, noise=("ddl", "transaction")).mark)
        connection.execute("create temporary table many (a int, b text)")
        connection.cursor().executemany("insert into many values (%s, %s)", [(n, "it's") for n in range(3)])
        connection.execute(script.add("copy", "copy").mark)
        with connection.cursor().copy("copy (select * from market.films where film_id < 9) to stdout") as copy:
            list(copy)
        connection.execute("select 'mark end' from market.marks")
    return script.actions
