"""The encrypted queue on disk: order, bound, kills, damage, a lost key, a full disk."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from serving import spool_segment
from serving.spool import SET_ASIDE, Spool, SpoolFull, read_spool_key
from serving.spool_segment import SpoolKey, record_bytes

REPOSITORY = Path(__file__).parents[2]
KEY = SpoolKey("0123456789abcdef", bytes(range(32)))
TEXT = b"what did Ada Lovelace order?"


@pytest.fixture
def open_spool(tmp_path):
    """Opens the spool of this test's folder, as the next process would."""
    opened = []

    def do(key: SpoolKey = KEY, **options) -> Spool:
        opened.append(Spool(tmp_path / "spool", key, **{"limit_bytes": 1_000_000, **options}))
        return opened[-1]

    yield do
    for spool in opened:
        spool.close()


def drain(spool: Spool, limit: int = 100) -> list[bytes]:
    """Read and confirm everything that waits."""
    payloads = []
    while (part := spool.read(limit)).taken:
        payloads += [record.payload for record in part.records]
        spool.confirm()
    return payloads


def abandon(spool: Spool) -> None:
    """Let go of a spool as a kill does: nothing is removed, the locks end."""
    for segment in spool._segments():
        segment.release()
    spool._adopted.clear()
    spool._own.clear()


def segments(folder: Path) -> list[Path]:
    return sorted((folder / "spool").glob("*.spool"))


def test_first_in_first_out_over_many_segments(open_spool, tmp_path):
    spool = open_spool(segment_bytes=500)
    payloads = [f"row {number}".encode() for number in range(100)]
    for start in range(0, 100, 7):
        spool.append(payloads[start : start + 7])
    assert len(segments(tmp_path)) > 5
    assert (spool.depth(), spool.appended) == (100, 100)
    assert drain(spool, limit=9) == payloads
    assert (spool.depth(), spool.waiting_bytes(), spool.confirmed) == (0, 0, 100)
    assert len(segments(tmp_path)) <= 1


def test_what_is_read_and_not_confirmed_is_read_again(open_spool):
    spool = open_spool()
    spool.append([b"a", b"b"])
    assert [record.payload for record in spool.read(1).records] == [b"a"]
    assert drain(spool) == [b"a", b"b"]


def test_nothing_of_a_row_is_on_the_disk_in_clear_and_only_its_owner_reads_it(open_spool, tmp_path):
    spool = open_spool()
    spool.append([TEXT] * 3)
    files = [path for path in (tmp_path / "spool").rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert not any(word in path.read_bytes() for word in TEXT.split())
        assert path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "spool").stat().st_mode & 0o077 == 0


def test_the_same_row_is_encrypted_otherwise_each_time(open_spool, tmp_path):
    spool = open_spool()
    spool.append([TEXT])
    spool.append([TEXT])
    data = segments(tmp_path)[0].read_bytes()[spool_segment.HEADER_BYTES :]
    first, second = data[: record_bytes(TEXT)], data[record_bytes(TEXT) :]
    assert first[12:] != second[12:]


def test_idle_spool_keeps_no_old_row(open_spool, tmp_path):
    spool = open_spool()
    spool.append([TEXT])
    drain(spool)
    spool.tidy()
    (segment,) = segments(tmp_path)
    assert segment.stat().st_size == spool_segment.HEADER_BYTES
    spool.append([b"next"])
    assert drain(spool) == [b"next"]


def test_past_the_bound_nothing_is_taken_until_there_is_room(open_spool):
    spool = open_spool(limit_bytes=5 * record_bytes(b"row"), segment_bytes=150)
    for _ in range(5):
        spool.append([b"row"])
    with pytest.raises(SpoolFull):
        spool.append([b"row"])
    assert spool.is_full()
    assert drain(spool) == [b"row"] * 5
    spool.append([b"row"] * 5)
    assert drain(spool) == [b"row"] * 5


def test_the_next_process_reads_what_a_killed_one_left_and_before_its_own(open_spool, tmp_path):
    killed = open_spool(segment_bytes=100)
    killed.append([b"a", b"b"])
    killed.append([b"c"])
    killed.read(1)
    killed.confirm()  # the file is there still, so the row is read again: it may be, and counts once
    abandon(killed)
    spool = open_spool()
    spool.append([b"d"])
    assert drain(spool) == [b"a", b"b", b"c", b"d"]
    assert spool.confirmed == 1  # of its own


def test_a_living_process_keeps_its_segments(open_spool):
    first = open_spool()
    first.append([b"mine"])
    second = open_spool()
    assert second.depth() == 0
    abandon(first)
    second.tidy()
    assert drain(second) == [b"mine"]


@pytest.mark.parametrize("cut", [1, 5, 20, 40])
def test_a_torn_record_is_left_out_and_the_rest_kept(open_spool, tmp_path, cut):
    killed = open_spool()
    killed.append([b"whole", b"torn, since the process was killed in the middle of it"])
    (path,) = segments(tmp_path)
    abandon(killed)
    os.truncate(path, path.stat().st_size - cut)
    spool = open_spool()
    assert drain(spool) == [b"whole"]
    spool.append([b"more"])
    assert drain(spool) == [b"more"]
    assert not (tmp_path / "spool" / SET_ASIDE).exists()


def test_zeros_behind_the_last_record_are_no_record(open_spool, tmp_path):
    killed = open_spool()
    killed.append([b"whole"])
    (path,) = segments(tmp_path)
    abandon(killed)
    os.truncate(path, path.stat().st_size + 4096)  # as some file systems leave them after a power cut
    assert drain(open_spool()) == [b"whole"]


def test_a_damaged_record_takes_no_other_with_it_and_its_segment_is_kept(open_spool, tmp_path):
    killed = open_spool()
    killed.append([b"first", b"second", b"third"])
    (path,) = segments(tmp_path)
    abandon(killed)
    data = bytearray(path.read_bytes())
    data[spool_segment.HEADER_BYTES + record_bytes(b"first") + 15] ^= 1
    path.write_bytes(data)
    spool = open_spool()
    part = spool.read(100)
    assert [record.payload for record in part.records] == [b"first", b"third"]
    assert part.damaged == 1
    spool.confirm()
    assert [kept.name for kept in (tmp_path / "spool" / SET_ASIDE).iterdir()] == [path.name]


def test_records_cannot_change_places(open_spool, tmp_path):
    killed = open_spool()
    killed.append([b"one", b"two", b"end"])
    (path,) = segments(tmp_path)
    abandon(killed)
    data, size = path.read_bytes(), record_bytes(b"one")
    head, rest = data[: spool_segment.HEADER_BYTES], data[spool_segment.HEADER_BYTES :]
    path.write_bytes(head + rest[size : 2 * size] + rest[:size] + rest[2 * size :])
    part = open_spool().read(100)
    assert ([record.payload for record in part.records], part.damaged) == ([b"end"], 2)


def test_without_the_old_key_old_rows_are_set_aside_and_new_ones_taken(open_spool, tmp_path, api_log):
    killed = open_spool()
    killed.append([TEXT])
    abandon(killed)
    spool = open_spool(SpoolKey("f" * 16, bytes(32)))
    spool.append([b"new"])
    assert drain(spool) == [b"new"]
    (kept,) = (tmp_path / "spool" / SET_ASIDE).iterdir()
    (line,) = api_log().splitlines()
    assert "its key is gone" in line
    spool.close()
    kept.rename(tmp_path / "spool" / kept.name)  # the key was found again
    assert drain(open_spool()) == [TEXT]


def test_what_cannot_be_opened_is_said_once_and_left_alone(open_spool, tmp_path, api_log):
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "0-link.spool").symlink_to(tmp_path / "elsewhere")
    spool = open_spool()
    spool.tidy()
    spool.append([b"row"])
    assert drain(spool) == [b"row"]
    (line,) = api_log().splitlines()
    assert "cannot be opened" in line


def test_a_full_disk_takes_nothing_and_loses_nothing(open_spool, tmp_path, monkeypatch):
    spool = open_spool()
    spool.append([b"before"])
    real = os.pwrite
    room = [30]  # bytes

    def small_disk(descriptor: int, data: bytes, offset: int) -> int:
        if room[0] == 0:
            raise OSError(28, "No space left on device")
        taken = min(room[0], len(data))
        room[0] -= taken
        return real(descriptor, bytes(data[:taken]), offset)

    monkeypatch.setattr(spool_segment.os, "pwrite", small_disk)
    for _ in range(3):
        with pytest.raises(OSError, match="No space"):
            spool.append([b"not taken, the disk is full"])
    assert spool.depth() == 1
    assert len(segments(tmp_path)) == 1
    monkeypatch.undo()
    spool.append([b"after"])
    assert drain(spool) == [b"before", b"after"]


def test_the_key_file_is_private_and_stays(tmp_path):
    first = read_spool_key(tmp_path)
    path = tmp_path / "keys" / "spool.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(path.read_bytes()) == 32
    assert read_spool_key(tmp_path) == first
    assert first.secret.hex() not in repr(first)


def test_kill_9_loses_no_row_that_was_told_to_be_kept(open_spool, tmp_path):
    """The child prints a number once `append` has returned; it is killed in the middle of its work."""
    code = f"""
import sys
from pathlib import Path
from serving.spool import Spool
from serving.spool_segment import SpoolKey
spool = Spool(Path({str(tmp_path / "spool")!r}), SpoolKey({KEY.key_id!r}, {KEY.secret!r}), limit_bytes=10**7)
for number in range(10**6):
    spool.append([b"%d" % number])
    sys.stdout.write(f"{{number}}\\n")
    sys.stdout.flush()
"""
    child = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE)
    told = [int(child.stdout.readline()) for _ in range(50)]
    child.send_signal(signal.SIGKILL)
    told += [int(number) for number in re.findall(rb"(\d+)\n", child.stdout.read())]
    child.wait()
    child.stdout.close()
    kept = [int(payload) for payload in drain(open_spool())]
    assert kept[: len(told)] == told
    assert len(kept) <= len(told) + 1
