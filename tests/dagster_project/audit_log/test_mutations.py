"""Ten thousand damaged lines: the ingest never fails, and loses no good line between them."""

import random
from datetime import date
from pathlib import Path

import psycopg
import pytest

from dagster_project.audit_log.formats import parse_record
from dagster_project.audit_log.ingest import ingest
from dagster_project.warehouse.settings import Warehouse
from tests.dagster_project.audit_log.mutations import mutate
from tests.dagster_project.audit_log.server_lines import ServerLines, record_server_lines, renumbered

MUTATIONS = 5_000  # of each format
GOOD, DAMAGED = "900d.1", "bad.1"


@pytest.fixture(scope="module")
def server_lines(warehouse: Warehouse) -> ServerLines:
    """What a real server wrote."""
    return record_server_lines(warehouse)


@pytest.mark.parametrize("log_format", ["jsonlog", "csvlog"])
def test_damaged_lines_never_stop_the_ingest_nor_take_a_good_line_with_them(
    owner: psycopg.Connection, tmp_path: Path, server_lines: ServerLines, log_format: str
) -> None:
    chance = random.Random(20260301)
    lines = getattr(server_lines, log_format)
    assert len(lines) > 8
    weights = [1 if len(line) < 10_000 else 0.02 for line in lines]
    log = tmp_path / "postgresql.log"
    good: dict[int, bytes] = {}
    with log.open("wb") as file:
        for number in range(MUTATIONS):
            file.write(mutate(renumbered(chance.choices(lines, weights)[0], DAMAGED, number), chance))
            if chance.random() < 0.7:
                good[number] = renumbered(chance.choices(lines, weights)[0], GOOD, number)
                file.write(good[number])
        for number, line in enumerate(lines, start=MUTATIONS):  # the last record is whole, or it would wait
            good[number] = renumbered(line, GOOD, number)
            file.write(good[number])

    result = ingest(owner, (str(log),), date(2100, 1, 1))

    loaded = dict(
        owner.execute(
            "select (line ->> 'line_num')::bigint, line from raw_audit.log_lines where line ->> 'session_id' = %s",
            [GOOD],
        )
    )
    lost = {number: good[number][:200] for number in good.keys() - loaded.keys()}
    assert not lost
    changed = [number for number in good if loaded[number] != parse_record(good[number].rstrip(b"\n"), log_format)]
    assert not changed
    assert result.quarantined > MUTATIONS / 2
    read, duplicates, bytes_read = owner.execute(
        "select lines_read, duplicate_lines, bytes_read from raw_audit.log_files"
    ).fetchone()
    assert read == result.loaded + result.quarantined + duplicates
    assert bytes_read == log.stat().st_size
