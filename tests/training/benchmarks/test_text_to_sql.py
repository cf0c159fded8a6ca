"""The text-to-SQL benchmark from its folder to its last line, with a tiny random model and a server of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from tests.processes import is_alive
from tests.training.benchmarks.toy_benchmark import pair_rows, write_benchmark
from training.benchmarks.__main__ import main
from training.benchmarks.text_to_sql.database import load
from training.benchmarks.text_to_sql.dataset import write_split
from training.benchmarks.text_to_sql.golds import audit_before_training, usable_pairs
from training.benchmarks.text_to_sql.server import temporary_server
from training.benchmarks.text_to_sql.source import read_source
from training.data import load_dataset
from training.errors import BadInput, TrainingFailed

ROOT = Path(__file__).parents[3]
TINY = ROOT / "training" / "configs" / "tiny-random.yaml"


def _start(data: Path, out: Path, temporary: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "training.benchmarks", "text_to_sql", "--data", data, "--out", out]
    temporary.mkdir()
    temporary.chmod(0o711)
    return subprocess.Popen(
        [str(part) for part in (*command, "--config", TINY)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_last_line_is_the_result_and_nothing_is_left_running(tmp_path, monkeypatch, capsys):
    data, out, temporary = write_benchmark(tmp_path / "zoo"), tmp_path / "out", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    assert main(["text_to_sql", "--data", str(data), "--out", str(out), "--config", str(TINY)]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    for model in ("base", "adapter"):
        for split in ("question_split", "query_split"):
            found = result[model][split]
            assert set(found) == {"execution_accuracy", "n", "ci95", "exact_match", "ran", "suite_accuracy"}
            low, high = found["ci95"]
            assert low <= found["execution_accuracy"] <= high
            assert found["n"] == 4
    assert result["pairs"]["query_split"] == {"trained": 28, "judged": 4, "left_out": 0}
    assert {"question_split", "query_split", "load", "suite", "total"} <= set(result["seconds"])
    assert result["suite"]["variants"] >= 5
    assert result["suite"]["mutants"] == 9
    assert result["suite"]["kill_rate_alone"] == 0.6667  # what the four animals tell apart
    assert result["suite"]["kill_rate"] > 0.6667
    assert result["unusable"] == {}
    assert (result["benchmark"], result["base_model"]) == ("zoo", "random:tiny")
    assert json.loads((out / "result.json").read_text()) == result
    assert "| question_split | adapter | 4 |" in (out / "result.md").read_text()
    assert (out / "query_split" / "run" / "adapter" / "adapter_model.safetensors").exists()
    assert not list(temporary.glob("auditune-benchmark-*"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_server_too(number, tmp_path):
    temporary = tmp_path / "temporary"
    process = _start(write_benchmark(tmp_path / "zoo"), tmp_path / "out", temporary)
    deadline = time.monotonic() + 120
    while not (lines := _lines_of_the_first(temporary, "auditune-benchmark-*/pgdata/postmaster.pid")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    postmaster = int(lines[0])
    process.send_signal(number)
    process.communicate(timeout=120)
    assert process.returncode == 128 + number
    while is_alive(postmaster):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not list(temporary.glob("auditune-benchmark-*"))


def _lines_of_the_first(folder: Path, pattern: str) -> list[str]:
    """The lines of a file that another process writes: none before it is there and while it is empty."""
    return [line for path in folder.glob(pattern) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """The toy benchmark in a server: its folder, source, reader's DSN and catalog."""
    folder = write_benchmark(tmp_path_factory.mktemp("zoo"))
    with temporary_server() as dsn:
        source = read_source(folder)
        yield source, *load(dsn, source), dsn, folder


def test_the_catalog_knows_keys_types_and_the_values_of_text_columns(loaded):
    catalog = loaded[2]
    animal, keeper = catalog.tables
    assert (animal.schema, animal.name) == ("zoo", "animal")
    assert animal.by_name["animal_name"].sample_values == ("ant", "cat", "eel", "hen")
    assert animal.by_name["keeper_id"].references == "keeper.keeper_id"
    assert keeper.by_name["keeper_id"].is_primary_key
    assert not keeper.by_name["keeper_id"].is_nullable
    assert (animal.by_name["legs"].type, animal.by_name["legs"].sample_values) == ("integer", ())


def test_answers_run_as_a_role_that_may_only_read(loaded):
    with psycopg.connect(loaded[1], autocommit=True) as reader:
        assert reader.execute("select count(*) from sandbox_zoo.animal").fetchone() == (4,)
        assert reader.execute("select count(*) from sandbox_zoo.keeper where name is null").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("delete from sandbox_zoo.animal")


def test_a_value_that_the_column_cannot_hold(loaded, tmp_path):
    folder = write_benchmark(tmp_path / "zoo2")
    (folder / "schema.sql").write_text((folder / "schema.sql").read_text().replace("zoo", "other"))
    (folder / "animal.csv").write_text("animal_name,legs,keeper_id\nhen,two,1\n")
    with pytest.raises(BadInput, match="animal.csv.*line 2") as refusal:
        load(loaded[3], read_source(folder))
    assert "two" not in str(refusal.value)


def test_what_is_judged_is_new(loaded, tmp_path):
    """A training pair with a judged question leaves training, and in the query split one with a judged template."""
    _, reader, catalog, _, _ = loaded
    rows = pair_rows()
    rows[4] |= {"question": "How many animals have more than 2 legs?"}  # z2 is judged in the question split
    rows[5] |= {"sql": "SELECT a.animal_name FROM animal a WHERE a.legs = 9"}  # the template of the query split
    pairs, _ = usable_pairs(read_source(write_benchmark(tmp_path / "zoo", rows)), catalog, reader, print)
    for split, gone in (("question_split", "z4"), ("query_split", "z5")):
        written = write_split(tmp_path / split, pairs, catalog, split, "dev")
        dataset = load_dataset(tmp_path / split)
        assert written.left_out == 1
        assert gone not in {pair.id for pair in dataset.training}
        assert (len(dataset.training), len(dataset.validation)) == (written.trained, 0)
    assert len(dataset.held_out("template_split")) == 4
    assert not dataset.held_out("question_split")


def test_what_cannot_be_used_is_named_with_its_reason_and_left_out(loaded, tmp_path):
    _, reader, catalog, _, _ = loaded
    rows = pair_rows()
    flawed = {
        3: "SELECT wings FROM animal",
        4: "SELECT animal_name FROM animal WHERE",
        5: "SELECT 1 / (legs - legs) FROM animal",
        6: "SELECT animal_name FROM animal ORDER BY random()",
    }
    for place, sql in flawed.items():
        rows[place] |= {"sql": sql}
    told = []
    pairs, unusable = usable_pairs(read_source(write_benchmark(tmp_path / "zoo", rows)), catalog, reader, told.append)
    assert set(unusable) == {"z3", "z4", "z5", "z6"}
    assert unusable["z3"] == "unknown_column"
    assert [pair.source.id for pair in pairs] == [row["id"] for row in rows if row["id"] not in unusable]
    assert told[0].startswith("4 of 32 pairs cannot be used and are left out: z3 (unknown_column), z4 (")


def test_a_benchmark_of_other_tables(loaded, tmp_path):
    _, reader, catalog, _, _ = loaded
    rows = [row | {"sql": "SELECT wings FROM bird"} for row in pair_rows()]
    with pytest.raises(BadInput, match="no pair"):
        usable_pairs(read_source(write_benchmark(tmp_path / "zoo", rows)), catalog, reader, print)


def test_a_part_that_cannot_be_judged_is_refused_before_training(loaded, tmp_path):
    """All answers are the same: a wrong one could not be told from a right one."""
    _, reader, catalog, _, _ = loaded
    rows = pair_rows()
    for number in range(4):
        rows[number] |= {"sql": f"SELECT COUNT(*) FROM animal WHERE legs > {100 + number}"}
    pairs, _ = usable_pairs(read_source(write_benchmark(tmp_path / "zoo", rows)), catalog, reader, print)
    write_split(tmp_path / "split", pairs, catalog, "question_split", "dev")
    with pytest.raises(TrainingFailed, match="any other question"):
        audit_before_training(tmp_path / "split", reader)


def test_a_part_without_pairs(loaded, tmp_path):
    source, reader, catalog, _, _ = loaded
    pairs, _ = usable_pairs(source, catalog, reader, print)
    with pytest.raises(BadInput, match="'test' of its query_split"):
        write_split(tmp_path / "none", pairs, catalog, "query_split", "test")
