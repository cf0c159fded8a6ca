"""The logs of RDS and Aurora come through AWS's API, each line once, and what AWS refuses is a sentence."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from botocore.stub import Stubber

from dagster_project.audit_log import rds_api
from dagster_project.audit_log.errors import AuditLogError
from dagster_project.audit_log.ingest import IngestResult, ingest
from dagster_project.audit_log.purge import purge
from tests.dagster_project.audit_log.lines import csv_line, json_line
from tests.dagster_project.audit_log.rds_stand_in import REGION, StandIn, rds_stand_in

DAY = date(2026, 3, 1)
INSTANCE, ENTRY = "shop-db", f"rds://shop-db?region={REGION}"
LOG = "error/postgresql.log.2026-03-01-10.csv"


def lines(first: int, last: int, session: str = "69a4.1f", text: str = "x") -> bytes:
    """Records of one session, two lines each, as csvlog."""
    numbers = range(first, last + 1)
    return b"".join(csv_line(f"statement: select\n{n} -- {text}", session_id=session, line_num=n) for n in numbers)


@pytest.fixture(scope="module")
def aws() -> Iterator[StandIn]:
    """AWS with one instance."""
    rds_api._client.cache_clear()
    with rds_stand_in() as stand_in:
        stand_in.add_instance(INSTANCE)
        yield stand_in
    rds_api._client.cache_clear()


@pytest.fixture
def rds(owner, aws: StandIn) -> StandIn:
    """The same, without a csvlog, and nothing known of any."""
    owner.execute("truncate raw_audit.remote_logs")
    aws.reset()
    return aws


def load(owner, *entries: str) -> IngestResult:
    return ingest(owner, entries or (ENTRY,), DAY)


def numbers(owner) -> list[int]:
    rows = owner.execute("select (line ->> 'line_num')::integer from raw_audit.log_lines order by 1")
    return [number for (number,) in rows]


def test_the_csvlog_of_an_instance_is_read_and_its_plain_text_left_out(owner, rds) -> None:
    rds.write(INSTANCE, LOG, lines(1, 3))
    rds.write(INSTANCE, "error/postgresql.log.2026-03-01-11.csv", lines(4, 5))

    result = load(owner)

    assert (result.files, result.loaded, result.quarantined) == (2, 5, 0)
    assert result.notes == ("1 file of shop-db's log is plain text: left out.",)
    assert numbers(owner) == [1, 2, 3, 4, 5]
    names = owner.execute("select log_file from raw_audit.log_files order by 1").fetchall()
    assert names[0] == ("shop-db/postgresql.log.2026-03-01-10.csv",)


def test_what_has_not_changed_is_not_downloaded_again(owner, rds) -> None:
    rds.write(INSTANCE, LOG, lines(1, 3))
    load(owner)
    rds.downloads.clear()

    assert load(owner).loaded == 0
    assert rds.downloads == []


def test_a_file_whose_note_has_been_purged_is_read_again_and_no_line_of_it_comes_twice(owner, rds) -> None:
    rds.write(INSTANCE, LOG, lines(1, 3))
    load(owner)
    owner.execute("create table if not exists intermediate.int_statement_executions (ingested_at timestamptz)")
    owner.execute("update raw_audit.remote_logs set read_at = now() - interval '40 days'")
    assert purge(owner, date.today(), days=30).remote_logs == 1

    rds.write(INSTANCE, LOG, lines(4, 4))

    assert load(owner).loaded == 1
    assert numbers(owner) == [1, 2, 3, 4]
    assert owner.execute("select read_at > now() - interval '1 hour' from raw_audit.remote_logs").fetchone() == (True,)


def test_a_file_that_has_grown_is_read_on_from_the_last_full_portion(owner, rds) -> None:
    rds.portion_bytes = 4_000
    rds.write(INSTANCE, LOG, lines(1, 100))
    assert load(owner).loaded == 100
    rds.downloads.clear()
    rds.write(INSTANCE, LOG, lines(101, 102))

    assert load(owner).loaded == 2
    assert numbers(owner) == list(range(1, 103))
    first, *others = rds.downloads
    assert first == "0"  # its first line: it is still the same file
    assert min(int(marker.rpartition(":")[2]) for marker in others) > 4_000


def test_a_line_that_is_being_written_waits(owner, rds) -> None:
    line = lines(3, 3)
    rds.write(INSTANCE, LOG, lines(1, 2) + line[:30])
    assert load(owner).loaded == 2
    rds.write(INSTANCE, LOG, line[30:])

    assert load(owner).loaded == 1
    assert numbers(owner) == [1, 2, 3]


def test_a_line_that_a_portion_cuts_is_asked_for_again(owner, rds) -> None:
    rds.portion_bytes = 1_000
    rds.write(INSTANCE, LOG, b"".join(lines(n, n, text="y" * (n * 37 % 300)) for n in range(1, 41)))

    assert load(owner) == IngestResult(1, 40, 0, notes=("1 file of shop-db's log is plain text: left out.",))
    assert not owner.execute("select 1 from raw_audit.log_lines where line::text like '%truncated%'").fetchall()


def test_a_line_longer_than_any_portion_goes_to_quarantine_and_its_neighbours_are_loaded(owner, rds) -> None:
    rds.portion_bytes = 1_000
    rds.write(INSTANCE, LOG, lines(1, 2) + lines(3, 3, text="z" * 3_000) + lines(4, 5))

    result = load(owner)

    assert numbers(owner) == [1, 2, 4, 5]
    assert result.quarantined >= 1
    reasons = owner.execute("select distinct reason from raw_audit.quarantined_lines").fetchall()
    assert ("truncated_by_rds",) in reasons


def test_a_marker_that_stands_a_little_before_its_place_repeats_no_line(owner, rds, monkeypatch) -> None:
    """AWS has been seen to do so where a file was just being written."""
    rds.portion_bytes = 4_000
    rds.write(INSTANCE, LOG, lines(1, 100))
    load(owner)
    owner.execute("update raw_audit.remote_logs set marker = '18:' || (split_part(marker, ':', 2)::int - 7)")
    rds.write(INSTANCE, LOG, lines(101, 105))
    load(owner)

    assert numbers(owner) == list(range(1, 106))


def test_files_and_instances_may_be_mixed(owner, rds, log: Path) -> None:
    log.write_bytes(json_line("from a file", session_id="69a4.2f", line_num=1))
    rds.add_instance("other-db")
    rds.write(INSTANCE, LOG, lines(1, 2, session="69a4.30"))
    rds.write("other-db", LOG, lines(1, 2, session="69a4.31"))

    assert load(owner, str(log), ENTRY, f"rds://other-db?region={REGION}").loaded == 5
    assert load(owner, str(log), ENTRY, f"rds://other-db?region={REGION}").loaded == 0


def test_a_cluster_stands_for_each_of_its_instances(owner, rds) -> None:
    for name, session in (("reader-1", "69a4.32"), ("writer-1", "69a4.33")):
        rds.add_instance(name, cluster="shop-cluster")
        rds.write(name, LOG, lines(1, 3, session=session))

    assert load(owner, f"rds-cluster://shop-cluster?region={REGION}").loaded == 6
    with pytest.raises(AuditLogError, match="The Aurora cluster nothing has no instance in eu-west-1"):
        load(owner, f"rds-cluster://nothing?region={REGION}")


def test_the_day_ends_a_remote_log_too(owner, rds) -> None:
    rds.write(
        INSTANCE, LOG, lines(1, 2) + csv_line("late", at="2026-03-02 00:00:01.000 UTC", session_id="1.1", line_num=3)
    )

    assert load(owner).loaded == 2
    assert ingest(owner, (ENTRY,), date(2026, 3, 2)).loaded == 1


def test_a_file_that_rds_deletes_meanwhile_is_left(owner, rds, monkeypatch) -> None:
    rds.write(INSTANCE, LOG, lines(1, 2))
    rds.write(INSTANCE, "error/postgresql.log.2026-03-01-11.csv", lines(3, 4))
    real_list = rds_api.list_files

    def list_and_delete(address):
        found = real_list(address)
        rds.delete(INSTANCE, LOG)
        return found

    monkeypatch.setattr("dagster_project.audit_log.rds.list_files", list_and_delete)
    assert load(owner).loaded == 2


def test_an_instance_without_csvlog_is_a_sentence_and_the_files_are_read_all_the_same(owner, rds, log: Path) -> None:
    log.write_bytes(json_line("from a file"))

    with pytest.raises(AuditLogError, match="set log_destination = 'csvlog' in its parameter group"):
        load(owner, str(log), ENTRY)
    assert owner.execute("select count(*) from raw_audit.log_lines").fetchone() == (1,)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (
            f"rds://no-such-db?region={REGION}",
            "RDS has no instance no-such-db in eu-west-1: correct AUDITUNE_AUDIT_LOGS",
        ),
        ("rds://", "which is no address in RDS: write rds://INSTANCE"),
        ("rds://shop-db?regoin=eu-west-1", "which is no address in RDS"),
        ("rds://shop-db/error/postgresql.log", "which is no address in RDS"),
    ],
)
def test_a_wrong_address_is_a_sentence(owner, rds, entry: str, sentence: str) -> None:
    with pytest.raises(AuditLogError, match=sentence):
        load(owner, entry)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("AccessDenied", "allow them rds:DescribeDBLogFiles and rds:DownloadDBLogFilePortion"),
        ("ExpiredToken", r"AWS refuses the credentials \(ExpiredToken\): renew them"),
        ("Throttling", "run again later; what was read is kept"),
        ("InternalFailure", r"does not hand out the log of shop-db in eu-west-1 \(InternalFailure\)"),
    ],
)
def test_what_aws_refuses_is_a_sentence(owner, rds, code: str, sentence: str) -> None:
    with Stubber(rds_api._client(REGION)) as refusing:
        refusing.add_client_error("describe_db_log_files", code)
        with pytest.raises(AuditLogError, match=sentence):
            load(owner)


def test_without_credentials_or_region_it_says_what_to_set(owner, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rds_api, "_client", rds_api._client.__wrapped__)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    with pytest.raises(AuditLogError, match="No AWS credentials are found .*: set AWS_PROFILE, or AWS_ACCESS_KEY_ID"):
        load(owner)
    with pytest.raises(AuditLogError, match="No AWS region is known for shop-db"):
        load(owner, "rds://shop-db")
