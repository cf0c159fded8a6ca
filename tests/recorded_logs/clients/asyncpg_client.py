"""asyncpg: named prepared statements, portals that are fetched in steps, its own catalog queries."""

import asyncio
from contextlib import suppress

import asyncpg

from tests.recorded_logs.scratch_server import ScratchServer
from tests.recorded_logs.statements import Statement, Workload
from tests.recorded_logs.truth import Action, Script


def run(server: ScratchServer, workload: Workload) -> list[Action]:
    """Executes everything, and returns it."""
    return asyncio.run(_run(server, workload))


async def _run(server: ScratchServer, workload: Workload) -> list[Action]:
    script = Script("asyncpg")
    connection = await asyncpg.connect(
        host="127.0.0.1", port=server.port, user="ada", database="market",
        server_settings={"application_name": "asyncpg"},
    )  # fmt: skip
    for statement in (*workload.questions, *workload.bound):
        await connection.execute(script.statement(statement, noise=("catalog",)).mark)
        await connection.fetch(statement.sql, *statement.parameters)
    for statement in (*workload.noise, *workload.failures):
        await connection.execute(script.statement(statement).mark)
        with suppress(asyncpg.PostgresError):
            await connection.execute(statement.sql)
    again = await connection.prepare("select status from market.orders where order_id = $1")
    twice = Statement("select status from market.orders where order_id = $1", (7,))
    await connection.execute(script.statement(twice, executions=2).mark)
    await again.fetch(7)
    await again.fetchval(7)
    stepwise = Statement("select order_id from market.orders where total > $1 order by 1", (100,))
    await connection.execute(script.add("begin", "transaction").mark)
    async with connection.transaction():
        await connection.execute(script.statement(stepwise, noise=("cursor",)).mark)
        async for _ in connection.cursor(stepwise.sql, *stepwise.parameters, prefetch=10):
            pass
        await connection.execute(script.add("commit", "transaction").mark)
    await connection.execute(script.add("executemany", "dml", executions=None, noise=("ddl",)).mark)
    await connection.execute("create temporary table many (a int, b text)")
    await connection.executemany("insert into many values ($1, $2)", [(1, "x"), (2, None)])
    await connection.execute(script.add("reset", "catalog", executions=None, noise=("several", "session")).mark)
    await connection.reset()
    await connection.execute("select 'mark end' from market.marks")
    await connection.close()
    return script.actions
