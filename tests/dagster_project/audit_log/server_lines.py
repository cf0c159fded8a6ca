"""Records that a real PostgreSQL wrote, in both formats; for the tests of the ingest."""

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from dagster_project.audit_log.files import FileLog
from dagster_project.audit_log.records import read_records
from dagster_project.warehouse.settings import Warehouse
from tests.log_destination import log_destination
from tests.people import person_dsn

_LAST = "select 'the end of the recording'"
# what people write: several lines, quotes of every kind, parameters, and a piece of a log pasted into a comment
_STATEMENTS: tuple[tuple[str, list[str] | None], ...] = (
    ("select 1", None),
    ("select 'it''s', \"current_user\" from (select current_user) as t", None),
    ("select count(*)\nfrom pg_class\nwhere relname like '%\"x\"%'\n  and relkind in ('r', 'v')", None),
    ('select %s::text, %s::text -- question: Who lives at "Zur Post", Köln?', ['Zora "Zo" Quillfeather', "a,b\nc"]),
    ('/*\n2026-03-01 10:00:00.000 UTC,"ada","d",1,"[local]",69a4.1f,1,"SELECT"\n*/ select 2', None),
    ("/*\n2026-03-01 10:00:00.000 UTC,,,1,,69a4.1f,1,,2026-03-01 10:00:00 UTC,,0,LOG,00000,x\n*/ select 3", None),
    ("select * from no_such_table where note = 'quoted \"here\"'", None),
    ("select '" + "long " * 30_000 + "'", None),
    ("select E'back\\\\slash \\u00e9 \\t'", None),
)


@dataclass(frozen=True)
class ServerLines:
    """Complete records, line breaks included, by format."""

    jsonlog: list[bytes]
    csvlog: list[bytes]


def record_server_lines(warehouse: Warehouse) -> ServerLines:
    """Lets a person work on the test server, which logs in both formats meanwhile."""
    folder = Path(warehouse.audit_logs[0]).parent
    with (
        log_destination(warehouse.admin_dsn, "jsonlog,csvlog"),
        person_dsn(warehouse.admin_dsn) as dsn,
        psycopg.connect(dsn, autocommit=True) as person,
    ):
        for statement, parameters in _STATEMENTS:
            with suppress(psycopg.errors.UndefinedTable):
                person.execute(statement, parameters)
        person.execute(_LAST)
        user = person.info.user
        return ServerLines(_lines(folder, "json", user), _lines(folder, "csv", user))


def renumbered(record: bytes, session: str, number: int) -> bytes:
    """The same record as another line of another session."""
    if record.startswith(b"{"):
        record = re.sub(rb'"session_id":"[^"]*"', f'"session_id":"{session}"'.encode(), record, count=1)
        return re.sub(rb'"line_num":\d+', f'"line_num":{number}'.encode(), record, count=1)
    return re.sub(rb",[0-9a-f]+\.[0-9a-f]+,\d+,", f",{session},{number},".encode(), record, count=1)


def _lines(folder: Path, ending: str, user: str) -> list[bytes]:
    """The person's records in the newest file of a format, once the last one is there."""
    log_format = {"json": "jsonlog", "csv": "csvlog"}[ending]
    deadline = time.monotonic() + 10
    while True:
        for path in folder.glob(f"*.{ending}"):
            with FileLog(path).open() as file:
                text = file.read_from(0).read() if file else b""
            if _LAST.encode() in text and user.encode() in text:
                with path.open("rb") as file:
                    found = [text[r.offset : r.end] for r in read_records(file, 0, log_format)]
                return [record for record in found if user.encode() in record[:400]]
        assert time.monotonic() < deadline, f"the server has not written its {log_format}"
        time.sleep(0.05)
