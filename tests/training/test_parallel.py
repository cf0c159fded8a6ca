"""Two processes under torchrun (gloo): the gradients of one, one writer, and a signal to the launcher is heeded."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dagster_project.embedded.settings import REPOSITORY
from tests.training.gradients_of_a_step import gradients_of_steps
from tests.training.small_dataset import pair_rows, write_dataset
from tests.training.training_process import wait_for, write_config
from training.config import load_config
from training.data import load_dataset
from training.model import TINY, attach_lora, load_base
from training.parallel import World
from training.tiny_model import build_tiny_model

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive", "PYTHONPATH": str(REPOSITORY)}


@pytest.fixture
def data(tmp_path) -> Path:
    """27 pairs: the last step has fewer than the others, and its last batch one that cannot be divided."""
    return write_dataset(tmp_path / "data", pair_rows(training=27))


@pytest.fixture
def base(tmp_path) -> Path:
    """The tiny model as files."""
    model, tokenizer = build_tiny_model(torch.float32)
    model.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    return tmp_path / "base"


def _torchrun(*command: str) -> subprocess.Popen:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.Popen([*launcher, *command], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)


def _train(config: Path, data: Path, out: Path, *more: str) -> subprocess.Popen:
    arguments = ["train", "--config", str(config), "--data", str(data), "--out", str(out), *more]
    return _torchrun("-m", "training", *arguments)


@pytest.mark.slow
def test_loss_and_each_gradient_are_those_of_one_process_with_whole_and_with_divided_weights(data, base, tmp_path):
    config = write_config(tmp_path / "c.yaml", gradient_accumulation=2, batch_size=6, tokens_per_pass=300)
    launcher = _torchrun(
        str(Path(__file__).with_name("gradients_of_a_step.py")), *map(str, (config, data, base)), str(tmp_path)
    )
    settings = load_config(config)
    model, tokenizer = load_base(TINY, "float32")
    expected = gradients_of_steps(attach_lora(model, settings), tokenizer, load_dataset(data), settings, World(), 3)
    _, told = launcher.communicate(timeout=180)
    assert launcher.returncode == 0, told
    for kind in ("whole", "divided"):
        for step, expected_step in zip(torch.load(tmp_path / f"{kind}.pt"), expected, strict=True):
            for actual, wanted in zip(step, expected_step, strict=True):
                assert (actual - wanted).norm() / wanted.norm() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("shard_base", [False, True])
def test_two_processes_stop_at_a_signal_and_resume_to_what_one_learns(shard_base, data, base, tmp_path):
    """By way of the command; one process alone finishes a run of the same settings for comparison."""
    config = write_config(tmp_path / "c.yaml", base_model=str(base), epochs=8, shard_base=shard_base, patience=9)
    out = tmp_path / "two"
    launcher = _train(config, data, out)
    metrics = out / "metrics.jsonl"
    assert wait_for(lambda: metrics.exists() and metrics.read_bytes().count(b"\n") >= 3, launcher)
    launcher.terminate()
    _, told = launcher.communicate(timeout=40)
    assert "SIGTERM arrived: step" in told
    assert (out / "checkpoint.pt").exists()

    launcher = _train(config, data, out, "--resume")
    _, told = launcher.communicate(timeout=180)
    assert launcher.returncode == 0, told
    assert told.count("training: 216/216") <= 1  # one process shows the progress
    alone = write_config(tmp_path / "alone.yaml", base_model=str(base), epochs=8, patience=9)
    command = [sys.executable, "-m", "training", "train", "--config", alone, "--data", data, "--out", tmp_path / "one"]
    subprocess.run(command, env=ENVIRONMENT, check=True, capture_output=True)
    losses = [
        [json.loads(line)["loss"] for line in (tmp_path / each / "metrics.jsonl").read_text().splitlines()]
        for each in ("two", "one")
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    runs = [json.loads((tmp_path / each / "run.json").read_text()) for each in ("two", "one")]
    assert runs[0]["pairs"] == runs[1]["pairs"] == 27 * 8
    assert (out / "adapter" / "adapter_model.safetensors").is_file()


@pytest.mark.slow
def test_accelerate_launches_it_too(data, base, tmp_path):
    config, out = write_config(tmp_path / "c.yaml", base_model=str(base), epochs=1), tmp_path / "run"
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2"]
    launcher += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    command = ["-m", "training", "train", "--config", str(config), "--data", str(data), "--out", str(out)]
    done = subprocess.run([*launcher, *command], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    run = json.loads((out / "run.json").read_text())
    assert (run["status"], run["pairs"]) == ("succeeded", 27)
