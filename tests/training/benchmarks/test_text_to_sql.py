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
from training.benchmarks.text_to_sql.dataset import canonical_pairs, write_split
from training.benchmarks.text_to_sql.server import temporary_server
from training.benchmarks.text_to_sql.source import read_source
from training.data import load_dataset
from training.errors import BadInput

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
            assert set(found) == {"execution_accuracy", "n", "ci95", "exact_match", "ran"}
            low, high = found["ci95"]
            assert low <= found["execution_accuracy"] <= high
            assert found["n"] == 4
    assert result["pairs"]["query_split"] == {"trained": 28, "judged": 4, "left_out": 0}
    assert {"question_split", "query_split", "load", "total"} <= set(result["seconds"])
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
    source, _, catalog, _, _ = loaded
    rows = pair_rows()
    rows[4] |= {"question": "How many animals have more than 2 legs?"}  # z2 is judged in the question split
    rows[5] |= {"sql": "SELECT a.animal_name FROM animal a WHERE a.legs = 9"}  # the template of the query split
    pairs = canonical_pairs(read_source(write_benchmark(tmp_path / "zoo", rows)), catalog)
    for split, gone in (("question_split", "z4"), ("query_split", "z5")):
        written = write_split(tmp_path / split, pairs, catalog, split, "dev")
        dataset = load_dataset(tmp_path / split)
        assert written.left_out == 1
        assert gone not in {pair.id for pair in dataset.training}
        assert (len(dataset.training), len(dataset.validation)) == (written.trained, 0)
    assert len(dataset.held_out("template_split")) == 4
    assert not dataset.held_out("question_split")


def test_sql_that_is_not_over_the_tables_names_its_pair(loaded, tmp_path):
    rows = pair_rows()
    rows[3] |= {"sql": "SELECT wings FROM animal"}
    source = read_source(write_benchmark(tmp_path / "zoo", rows))
    with pytest.raises(BadInput, match="z3"):
        canonical_pairs(source, loaded[2])


def test_a_part_without_pairs(loaded, tmp_path):
    source, _, catalog, _, _ = loaded
    with pytest.raises(BadInput, match="'test' of its query_split"):
        write_split(tmp_path / "none", canonical_pairs(source, catalog), catalog, "query_split", "test")
