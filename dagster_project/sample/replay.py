"""Replay the workload: send the questions' SQL to the warehouse as the business's people and tools would.

Called by the Dagster asset of the sample. Run as: `python -m dagster_project.sample.replay --dsn ADMIN_DSN`.
The server's own log of these sessions is the pipeline's only input.
"""

import argparse
import contextlib
import hashlib
import logging
import os
from collections import Counter
from collections.abc import Callable

import psycopg
import psycopg2

from dagster_project.sample import accounts
from dagster_project.sample.people import AskedQuestion, fill, read_people
from dagster_project.sample.questions import load_questions, recurring_questions
from dagster_project.sample.workload import Script, Tool, build_workload

logger = logging.getLogger(__name__)

# tool -> (login role, application_name). psycopg2, of the reporting service, writes parameters into the statement.
SESSIONS: dict[Tool, tuple[str, str]] = {
    "psql": ("shop_analyst", "psql"),
    "dbeaver": ("shop_analyst", "DBeaver 24.2.5 - SQLEditor"),
    "dbeaver_metadata": ("shop_analyst", "DBeaver 24.2.5 - Metadata"),
    "jdbc": ("shop_bi", "PostgreSQL JDBC Driver"),
    "bi": ("shop_bi", "Metabase"),
    "app": ("shop_app", "shop-backoffice"),
    "backoffice": ("shop_app", "shop-backoffice"),
    "commenter": ("shop_app", "reporting-service"),
}
MARKED_ROLE = "shop_app"

Connection = psycopg.Connection | psycopg2.extensions.connection


class ReplayError(RuntimeError):
    """The workload cannot be sent, or a statement of it did not end as it should."""


def ask_questions(conn: psycopg.Connection, seed: int) -> list[AskedQuestion]:
    """Return all questions, with the people of the business filled in.

    Args:
        conn: Connection whose search path is the business schema.
        seed: Seed of the draw of people.
    """
    people = read_people(conn)
    filled = (fill(question, people, seed) for question in recurring_questions(load_questions()))
    return [asked for asked in filled if asked is not None]


def is_replayed(admin_dsn: str, seed: int = 7) -> bool:
    """Tell whether the last complete replay on this server was of this business, workload and seed.

    Args:
        admin_dsn: As for `replay_workload`.
        seed: The seed that a replay would take.

    Returns:
        False too where nothing was ever replayed, or the questions have changed since.
    """
    with psycopg.connect(admin_dsn, options=f"-c search_path={accounts.SCHEMA}") as admin:
        found = accounts.read_marker(admin, MARKED_ROLE)
        # Roles are the server's: another database's marker says nothing about this one, which may have no business yet.
        if found is None or not found.endswith(f"database {admin.info.dbname}"):
            return False
        return found == _marker(admin, seed)


def replay_workload(
    admin_dsn: str, seed: int = 7, progress: Callable[[int, int], None] | None = None
) -> dict[str, int]:
    """Send the whole workload to the server, always from its start.

    Args:
        admin_dsn: Connection string of a role that may create roles and grant on the schema `shop`.
        seed: Seed of people, repetitions and order.
        progress: Called with (scripts sent, scripts in all) about every hundred scripts.

    Returns:
        Statements sent, by kind: question, failing, catalog, session, ddl, dml, maintenance, ad_hoc.

    Raises:
        ReplayError: If there is no business yet, a statement fails that should not, or one runs that should fail.
    """
    with psycopg.connect(admin_dsn, autocommit=True, options=f"-c search_path={accounts.SCHEMA}") as admin:
        if admin.execute("select to_regclass(%s)", [f"{accounts.SCHEMA}.customers"]).fetchone() == (None,):
            raise ReplayError(
                f"There is no business in schema {accounts.SCHEMA} to replay on: create the sample first."
            )
        scripts = build_workload(ask_questions(admin, seed), seed)
        logins = accounts.prepare_logins(admin)
        sent: Counter[str] = Counter()
        with contextlib.ExitStack() as stack:
            connections = {tool: _connect(stack, logins[role], name) for tool, (role, name) in SESSIONS.items()}
            for number, script in enumerate(scripts, start=1):
                sent[script.kind] += _send(connections[script.tool], script)
                if progress and (number % 100 == 0 or number == len(scripts)):
                    progress(number, len(scripts))
        accounts.write_marker(admin, MARKED_ROLE, _marker(admin, seed))
    return dict(sorted(sent.items()))


def _connect(stack: contextlib.ExitStack, login: accounts.Login, application_name: str) -> Connection:
    """Open the session of one tool; the stack closes it."""
    if application_name == "reporting-service":
        legacy = psycopg2.connect(login.dsn, application_name=application_name)
        legacy.autocommit = True
        return stack.enter_context(contextlib.closing(legacy))
    # Interactive tools prepare nothing; psycopg 3 does so for what an application repeats.
    threshold = 5 if login.role == "shop_app" else None
    conn = psycopg.connect(login.dsn, application_name=application_name, autocommit=True, prepare_threshold=threshold)
    return stack.enter_context(contextlib.closing(conn))


def _send(conn: Connection, script: Script) -> int:
    """Run a script; return how many statements it sent."""
    for statement in script.statements:
        try:
            with conn.cursor() as cursor:
                cursor.execute(statement.sql, statement.parameters)
        except (psycopg.Error, psycopg2.Error) as error:
            if not script.may_fail:
                # The statement and the server's message may name a person: neither goes into the error.
                code = getattr(error, "sqlstate", None) or error.pgcode
                raise ReplayError(f"A {script.kind} statement of {script.tool} failed with SQLSTATE {code}.") from None
        else:
            if script.may_fail:
                raise ReplayError(f"A {script.kind} statement of {script.tool} ran, though it should fail.")
    return len(script.statements)


def _marker(admin: psycopg.Connection, seed: int) -> str:
    """Describe a replay: the business, the workload's text, and the seed."""
    business = admin.execute("select obj_description(%s::regnamespace, 'pg_namespace')", [accounts.SCHEMA]).fetchone()[
        0
    ]
    scripts = build_workload(ask_questions(admin, seed), seed)
    digest = hashlib.sha256(repr((business, scripts)).encode()).hexdigest()[:16]
    return f"replayed workload {digest}, seed {seed}, database {admin.info.dbname}"


def main() -> None:
    """Replay from the command line and log the counts."""
    parser = argparse.ArgumentParser(description="Replay the sample workload.")
    parser.add_argument("--dsn", default=os.environ.get("AUDITUNE_DSN"), help="default: $AUDITUNE_DSN")
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    if not arguments.dsn:
        parser.error("give --dsn or set AUDITUNE_DSN")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    counts = replay_workload(arguments.dsn, arguments.seed, lambda done, all_: logger.info("%d of %d", done, all_))
    logger.info("sent %d statements: %s", sum(counts.values()), counts)


if __name__ == "__main__":
    main()
