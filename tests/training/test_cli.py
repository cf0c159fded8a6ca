"""The command: what it writes, and how it refuses wrong input."""

import json
import os
from pathlib import Path

import pytest
from safetensors.torch import load_file

import training
from tests.training.small_dataset import write_dataset
from training import commands
from training.cli import main
from training.commands import base_model_name, resolve_base_model
from training.config import load_config

CONFIGS = Path(training.__file__).parent / "configs"
TINY = str(CONFIGS / "tiny-random.yaml")


def _train(data: Path, out: Path, config: str = TINY, *more: str) -> int:
    return main(["train", "--config", config, "--data", str(data), "--out", str(out), *more])


def test_train_writes_all_that_the_contract_names(tmp_path, capsys):
    out = tmp_path / "run-7"
    assert _train(write_dataset(tmp_path / "data"), out) == 0
    run = json.loads((out / "run.json").read_text())
    assert run["run_id"] == "run-7"
    assert (run["status"], run["base_model"], run["dataset_hash"], run["examples"]) == (
        "succeeded", "random:tiny", "feed", 24,
    )  # fmt: skip
    assert run["pairs_per_second"] > 0
    assert run["cpu_seconds"] > 0
    assert 50 < run["peak_memory_mib"] < 4096  # torch alone needs the first, the default preset promises the second
    assert run["config"] == load_config(Path(TINY)).to_dict()
    weights = load_file(out / "adapter" / "adapter_model.safetensors")
    assert sum(weight.numel() for weight in weights.values()) == run["trainable_parameters"]
    assert run["trainable_fraction"] == pytest.approx(run["trainable_parameters"] / (90_000 + 3584), rel=0.05)
    assert (out / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in out.iterdir()) == [
        "adapter", "learnt_sql.json", "loss.png", "metrics.jsonl", "run.json",
    ]  # fmt: skip
    shown = capsys.readouterr()
    assert "24 pairs" in shown.out
    assert "s left" in shown.err


def _sentence(capsys) -> str:
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "Traceback" not in error
    return error


def test_missing_dataset(tmp_path, capsys):
    assert _train(tmp_path / "none", tmp_path / "run") == 2
    assert "pairs.jsonl" in _sentence(capsys)


def test_unknown_setting(tmp_path, capsys):
    config = tmp_path / "c.yaml"
    config.write_text(Path(TINY).read_text() + "learning_rats: 1\n")
    assert _train(write_dataset(tmp_path / "data"), tmp_path / "run", str(config)) == 2
    assert "learning_rats" in _sentence(capsys)


def test_missing_base_model(tmp_path, capsys):
    data = write_dataset(tmp_path / "data")
    assert _train(data, tmp_path / "run", TINY, "--base-model", str(tmp_path / "none.gguf")) == 2
    assert "none.gguf" in _sentence(capsys)


def test_full_disk(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(commands, "_MINIMUM_FREE_MIB", 2**40)
    assert _train(write_dataset(tmp_path / "data"), tmp_path / "run") == 2
    assert "free" in _sentence(capsys)


def test_qlora_without_gpu(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(commands.torch.cuda, "is_available", lambda: False)
    data = write_dataset(tmp_path / "data")
    assert _train(data, tmp_path / "run", str(CONFIGS / "llama3.1-8b-qlora.yaml")) == 2
    assert "GPU" in _sentence(capsys)


def test_signal_gives_its_own_exit_status(tmp_path, capsys, monkeypatch):
    def stop(*_arguments, **_options):
        from training.loop import Interrupted

        raise Interrupted("SIGTERM arrived: step 3 of 9 is saved; go on with --resume.")

    monkeypatch.setattr(commands, "train", stop)
    assert _train(write_dataset(tmp_path / "data"), tmp_path / "run") == 143
    assert "--resume" in _sentence(capsys)


def test_base_model_is_chosen_in_the_documented_order(monkeypatch):
    open_preset, fixed_preset = load_config(CONFIGS / "smollm2-135m-cpu.yaml"), load_config(Path(TINY))
    monkeypatch.setitem(os.environ, "AUDITUNE_BASE_MODEL", "from-environment")
    assert resolve_base_model(open_preset, None) == "from-environment"
    assert resolve_base_model(fixed_preset, None) == "random:tiny"
    assert resolve_base_model(fixed_preset, "given") == "given"
    monkeypatch.delitem(os.environ, "AUDITUNE_BASE_MODEL")
    assert resolve_base_model(open_preset, None).endswith("SmolLM2-135M-Instruct.Q4_1.gguf")


def test_run_does_not_name_folders_of_the_machine(tmp_path):
    file = tmp_path / "m.gguf"
    file.touch()
    assert base_model_name(str(file)) == "m.gguf"
    assert base_model_name("meta-llama/Llama-3.1-8B-Instruct") == "meta-llama/Llama-3.1-8B-Instruct"


def test_drafting_needs_its_file_and_a_model_that_chats(tmp_path, capsys):
    chats, out = tmp_path / "chats.jsonl", tmp_path / "answers.jsonl"
    arguments = ["draft", "--questions", str(chats), "--out", str(out), "--base-model", "random:tiny"]
    assert main(arguments) == 2
    assert "There is no file" in capsys.readouterr().err
    chats.write_text('{"id": 0, "messages": [{"role": "user", "content": "How many orders?"}]}\n')
    assert main(arguments) == 2
    assert "was made for no chat" in capsys.readouterr().err
    assert not out.exists()
