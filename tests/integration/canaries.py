"""Unique secrets: planted in tables, statements and questions, and searched for everywhere but where they may be."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

NAME, EMAIL, PHONE = "Quorvexa Brindlemoth", "quorvexa@brindlemoth.test", "+47 5550 190 8372"
ADDRESS, BIRTH_DATE, QUOTED_NAME = "4471 Zyxwell Crescent", "1931-02-23", "Ulfrid O'Brindlemoth"
EMPLOYEE, EMPLOYEES_EMAIL = "Wimborne Fizzlequart", "wimborne@fizzlequart.test"
MESSAGE = f"Nothing has come to {ADDRESS}, says {NAME}, born {BIRTH_DATE}."
NOBODYS_EMAIL, NOBODYS_CARD = "someone@canarymail.test", "4929 4212 3460 0821"

# No word but theirs holds any of these, so one of them anywhere is a leak. Upper case counts too.
SECRETS = (
    "quorvexa", "brindlemoth", "190 8372", "1908372", "zyxwell", "1931-02-23", "fizzlequart", "canarymail", "4212 3460",
)  # fmt: skip

_ROWS = (
    (
        "insert into customers values (900001, %s, %s, %s, %s, %s, 'Oslo', 'Norway', 'gold', 'search', '2023-05-05')",
        [NAME, EMAIL, PHONE, ADDRESS, BIRTH_DATE],
    ),
    (
        "insert into customers values (900002, %s, 'ulfrid@brindlemoth.test', '+47 5550 190 8373',"
        " '4472 Zyxwell Crescent', '1932-02-23', 'Oslo', 'Norway', 'gold', 'search', '2023-05-05')",
        [QUOTED_NAME],
    ),
    (
        "insert into employees values (900001, %s, %s, 'Support', null, '2023-05-05', 1000)",
        [EMPLOYEE, EMPLOYEES_EMAIL],
    ),
    (
        "insert into support_tickets values (900001, 900001, null, '2024-01-05', null, 'delivery', 'low', null, %s)",
        [MESSAGE],
    ),
)
# What people ran, with what they bound. All of it comes into the log; what its question says, into the corpus.
_STATEMENTS: tuple[tuple[str, list[str]], ...] = (
    ("select city from customers where full_name = %s -- question: Canary one: where does {name} live?", [NAME]),
    ("select city from customers where full_name = %s -- question: Canary two: where is {quoted_name}?", [QUOTED_NAME]),
    ("/*question='Canary%20three%3A%20{email}'*/ select city from customers where email = '{email}'", []),
    ("/* dashboard: Calls; title: Canary four {phone} */ select city from customers where phone = '{phone}'", []),
    ("select city from customers where street_address ilike '{address}' -- question: Canary five: {address}", []),
    ("select team from employees where upper(full_name) = upper('{employee}') -- question: Canary six {employee}", []),
    ("select city from customers where birth_date = '{birth_date}' -- question: Canary seven of {birth_date}", []),
    ("select count(*) from customers where email <> '{nobodys_email}' -- question: Canary eight {nobodys_email}", []),
    ("select count(*) from orders where status <> '{nobodys_card}' -- question: Canary nine {nobodys_card}", []),
    ("select city from customers where full_name like 'Quorvexa%' -- question: Canary rejected", []),
    ("select nme from customers where full_name = '{name}' -- question: Canary failed: {name}", []),
    ("select 1 from support_tickets where message = '{message}'", []),
    ("set application_name = '{name}'", []),
)


def plant_in_tables(admin: psycopg.Connection) -> None:
    """Adds the persons to the business."""
    for statement, values in _ROWS:
        admin.execute(statement, values)


def ask_about_them(person: psycopg.Connection) -> None:
    """Runs statements that name the persons in literals, parameters, comments and errors."""
    names = {
        "name": NAME, "email": EMAIL, "phone": PHONE, "address": ADDRESS, "birth_date": BIRTH_DATE,
        "employee": EMPLOYEE, "quoted_name": QUOTED_NAME, "message": MESSAGE, "nobodys_email": NOBODYS_EMAIL,
        "nobodys_card": NOBODYS_CARD,
    }  # fmt: skip
    for statement, values in _STATEMENTS:
        with suppress(psycopg.errors.UndefinedColumn):
            person.execute(statement.format(**names), values or None)


def secrets_in(text: str) -> list[str]:
    """The secrets that stand in a text, in clear or as hexadecimal digits."""
    lower = text.lower()
    return [secret for secret in SECRETS if secret in lower or secret.encode().hex() in lower]


def tables_with_secrets(admin: psycopg.Connection, allowed: Iterable[str]) -> tuple[int, dict[str, list[str]]]:
    """Searches every table of the database, whoever's it is, but those of the allowed schemas.

    Returns:
        How many tables were searched, and what was found where.
    """
    tables = admin.execute(
        "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'm') and n.nspname <> all(%s) and n.nspname not like 'pg\\_%%'"
        " and n.nspname <> 'information_schema'",
        [list(allowed)],
    ).fetchall()
    found = {}
    for table in tables:
        text = sql.SQL("select coalesce(string_agg(t::text, ' '), '') from {} as t").format(sql.Identifier(*table))
        if secrets := secrets_in(admin.execute(text).fetchone()[0]):
            found[".".join(table)] = secrets
    return len(tables), found


def files_with_secrets(folder: Path, allowed: Iterable[Path]) -> tuple[int, dict[str, list[str]]]:
    """Searches every file under a folder but the allowed ones; returns how many were searched, and what was found."""
    files = [path for path in folder.rglob("*") if path.is_file() and path not in set(allowed)]
    texts = ((path, path.read_bytes().decode("utf-8", errors="ignore")) for path in files)
    return len(files), {str(path): found for path, text in texts if (found := secrets_in(text))}


def lines_of_ours(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a server's jsonlog that a role of auditune caused."""
    return (line for line in lines if str(json.loads(line).get("user", "")).startswith("auditune_"))
