"""The benchmark of serving runs as a whole on the tiny model, and counts what it says it counts."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from serving.benchmarks.__main__ import main
from serving.benchmarks.correctness import Correctness
from serving.benchmarks.grammar_size import compile_seconds
from serving.benchmarks.timing import Answered, percentile, summarize
from tests.training.small_dataset import CATALOG, write_dataset
from training.config import load_config
from training.generation import Generation
from training.model import TINY, attach_lora, load_base

PRESET = Path(__file__).parents[3] / "training" / "configs" / "tiny-random.yaml"


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    """An untrained adapter of the tiny model, as a run leaves it."""
    folder = tmp_path_factory.mktemp("run")
    config = load_config(PRESET)
    model, _ = load_base(TINY, config.dtype)
    attach_lora(model, config).save_pretrained(folder / "adapter")
    recorded = {"run_id": "run-tiny", "base_model": TINY, "config": asdict(config)}
    (folder / "run.json").write_text(json.dumps(recorded))
    return folder


@pytest.mark.slow
def test_all_contenders_answer_and_the_last_line_is_their_figures(adapter, tmp_path):
    data, out = write_dataset(tmp_path / "data"), tmp_path / "figures.json"
    few = "--clients 1,2 --questions 3 --plain-questions 2 --requests 20 --drawn 4".split()
    command = [sys.executable, "-m", "serving.benchmarks", *few, "--adapter", adapter, "--data", data, "--out", out]
    *told, last = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    figures = json.loads(last)
    assert json.loads(out.read_text()) == figures
    for contender in ("engine", "plain_generate"):
        assert figures[contender]["1"]["answers_per_second"] > 0
        assert figures[contender]["2"]["tokens_per_second"] > 0
        assert figures[contender]["peak_memory_mib"] > 100  # torch alone takes that
    assert 0 < figures["engine"]["1"]["forced_share"] < 1
    assert figures["api"]["requests_per_second"] > 0
    assert figures["drawn"]["1.5"]["drawn"] >= 4
    assert set(figures) >= {"llama_server", "grammar", "hardware", "base_model"}
    assert any(line.startswith("engine, 2 clients") for line in told)


def test_an_adapter_that_is_not_there_is_one_sentence(tmp_path, capsys):
    data = write_dataset(tmp_path / "data")
    assert main(["--adapter", str(tmp_path), "--data", str(data)]) == 1
    assert "is no adapter" in capsys.readouterr().err


def test_figures_are_percentiles_of_what_clients_saw():
    answers = [Answered(first_token_seconds=0.1, seconds=number / 10, tokens=5) for number in range(1, 11)]
    figures = summarize(answers, wall_seconds=5.0)
    assert (figures["p50_ms"], figures["p95_ms"]) == (500, 1000)
    assert (figures["answers_per_second"], figures["tokens_per_second"]) == (2, 10)
    assert percentile([3.0], 95) == 3.0


def test_drawn_answers_are_counted_by_how_far_they_come():
    found = Correctness()
    for sql in ("", "select from from", "select price from orders", "select pg_sleep(1)", "select total from orders"):
        found.add(Generation(sql, 1, 1), CATALOG)
    assert found.as_dict() == {
        "drawn": 5, "cut_off": 1, "parsed": 3, "named": 2, "allowed": 1, "refused": 0, "answered": 1,
    }  # fmt: skip


def test_the_grammar_of_500_tables_compiles():
    model, tokenizer = load_base(TINY, "float32")
    assert compile_seconds(tokenizer, model.config.vocab_size) > 0
