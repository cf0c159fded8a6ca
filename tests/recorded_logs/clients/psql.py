"""psql: plain statements, its backslash commands, cursors, and bound parameters where it can (PostgreSQL 16 on)."""

import subprocess

from tests.recorded_logs.scratch_server import ScratchServer
from tests.recorded_logs.statements import Statement, Workload
from tests.recorded_logs.truth import Action, Script, as_text

_COMMANDS = (
    "\\d", "\\d market.orders", "\\d+ market.orders", "\\dt *.*", "\\dv", "\\di market.*", "\\ds", "\\df market.*",
    "\\dn", "\\du", "\\l", "\\dx", "\\dp market.*", "\\dT", "\\dD", "\\ddp", "\\dO pg_*", "\\da", "\\db",
    "\\sf market.total_of", "\\dC int4",
)  # fmt: skip


def run(server: ScratchServer, workload: Workload) -> list[Action]:
    """Executes everything.

    Args:
        server: Where.
        workload: What.

    Returns:
        What was executed.
    """
    script = Script("psql")
    lines: list[str] = []

    def perform(action: Action, text: str) -> None:
        lines.append(f"{action.mark};\n{text}\n")

    for statement in (*workload.questions, *workload.noise, *workload.failures):
        perform(script.statement(statement), f"{statement.sql};")
    if server.binaries.major >= 16:
        for statement in workload.bound:
            if None not in statement.parameters:
                bound = " ".join(_argument(as_text(value)) for value in statement.parameters)
                perform(script.statement(statement), f"{statement.sql} \\bind {bound} \\g")
    _transactions(script, perform)
    _several(script, perform)
    if workload.has_commands:
        for command in _COMMANDS:
            perform(script.add(command, "catalog", executions=None), command)
    text = "".join(lines) + "select 'mark end' from market.marks;\n"
    subprocess.run(
        [server.binaries.folder / "psql", "-X", "-q", "-A", "-t", "-f", "-", server.dsn("ada")],
        input=text,
        text=True,
        capture_output=True,
        check=True,
        env={"PGAPPNAME": "psql"},
    )
    return script.actions


def _transactions(script: Script, perform) -> None:
    for sql, statement_class in (
        ("begin", "transaction"),
        (
            "declare c no scroll cursor for select order_id from market.orders where status = 'open' order by 1",
            "question",
        ),
        ("fetch 2 from c", "cursor"),
        ("move 1 in c", "cursor"),
        ("fetch all from c", "cursor"),
        ("close c", "cursor"),
        ("savepoint a", "transaction"),
        ("rollback to a", "transaction"),
        ("commit", "transaction"),
        ("start transaction read only", "transaction"),
        ("rollback", "transaction"),
        ("prepare q as select count(*) from market.orders where customer_id = $1", "prepared"),
        ("execute q(1)", "prepared"),
        ("deallocate q", "prepared"),
        ("listen news", "session"),
        ("lock table market.films in access share mode", "maintenance"),
        ("copy market.films to stdout", "copy"),
        ("copy (select title from market.films) to stdout", "copy"),
        ("comment on table market.films is 'x'", "ddl"),
        ("table market.films", "other"),
    ):
        cursor_query = sql.partition(" cursor for ")[2]
        is_refused = sql.startswith(("lock", "comment"))
        # (pgaudit writes what the prepared statement was prepared as)
        audited = 2 if sql.startswith("execute") else None
        action = script.add(cursor_query or sql, statement_class, has_error=is_refused, audited=audited)
        perform(action, f"{sql};")
    perform(script.add("\\copy", "copy"), "\\copy (select order_id from market.orders) to /dev/null")
    counted = Statement("select order_id from market.orders order by order_id")
    perform(
        script.statement(counted, noise=("transaction", "cursor")),
        f"\\set FETCH_COUNT 15\n{counted.sql};\n\\set FETCH_COUNT 0",
    )


def _several(script: Script, perform) -> None:
    """Several statements in one message: pgaudit writes a line for each of them."""
    question = "select count(*) from market.orders where status = 'a;b' or total > 7"
    perform(script.add(question, noise=("transaction",)), f"begin\\; {question}\\; commit;")
    perform(
        script.add("two questions", "several", audited=2),
        "select count(*) from market.orders\\; select count(*) from market.films;",
    )
    perform(script.add("a setting and a question", "session", audited=2), f"set search_path = market\\; {question};")


def _argument(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n").replace("\t", "\\t")
    return f"'{escaped}'"
