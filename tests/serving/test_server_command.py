"""`python -m serving engine`: the line that starts vLLM, and what it finds in memory."""

import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from serving.engines.adapter_folder import AdapterFolder, open_folder, remove_folder
from serving.engines.server_command import build_line, serve_engine
from serving.startup import StartupError
from tests.serving.engine_processes import REPOSITORY
from tests.serving.stand_in_adapter import promote, release_stand_in
from training.registry import CHALLENGER, AdapterRecord
from training.sql.catalog import Catalog


def opened(adapter_id: str, rank: int) -> AdapterFolder:
    record = AdapterRecord(adapter_id, datetime.now(UTC), "run", "base", "d", "c", "h", "p", True, "k", {})
    folder = Path("/dev/shm/auditune-adapters") / adapter_id
    return AdapterFolder(record, folder, Catalog(()), Catalog(()), None, 256, rank)


@pytest.mark.parametrize(("ranks", "taken"), [((16, 4), "16"), ((2, 8), "8"), ((24, 8), "32"), ((512, 1), "512")])
def test_each_adapter_is_a_module_and_the_highest_rank_is_rounded_up(ranks, taken):
    adapters = [opened("aaaabbbbcccc", ranks[0]), opened("bbbbccccdddd", ranks[1])]
    line = build_line(adapters, "meta-llama/Llama-3.1-8B", host="127.0.0.1", port=8001, more=["--dtype", "bfloat16"])
    assert line[:3] == ["vllm", "serve", "meta-llama/Llama-3.1-8B"]
    assert line[line.index("--max-lora-rank") + 1] == taken
    assert line[line.index("--structured-outputs-config.backend") + 1] == "guidance"
    assert line[line.index("--logprobs-mode") + 1] == "processed_logprobs"
    assert line[line.index("--lora-modules") + 1 :] == [
        "aaaabbbbcccc=/dev/shm/auditune-adapters/aaaabbbbcccc",
        "bbbbccccdddd=/dev/shm/auditune-adapters/bbbbccccdddd",
        "--dtype",
        "bfloat16",
    ]


@pytest.mark.parametrize(
    ("rank", "base_model", "sentence"),
    [
        (1024, "meta-llama/Llama-3.1-8B", "up to 512, not 1024"),
        (16, "/models/small.gguf", "vLLM takes no /models/small.gguf: give with --base-model"),
        (16, "random:tiny", "vLLM takes no random:tiny"),
    ],
)
def test_what_vllm_does_not_take_is_said_before_it_starts(rank, base_model, sentence):
    with pytest.raises(StartupError, match=sentence):
        build_line([opened("aaaabbbbcccc", rank)], base_model, host="127.0.0.1", port=8001)


@pytest.fixture
def in_memory(owner, settings, shop, tmp_path, catalog):
    """Settings whose champion and challenger are released, and their ids."""
    owner.execute("truncate raw_training.adapters, raw_training.adapter_aliases")
    ids = [release_stand_in(owner, shop.home, tmp_path / name, catalog, run_id=name) for name in ("old", "new")]
    promote(owner, ids[0])
    promote(owner, ids[1], CHALLENGER)
    return settings.model_copy(update={"engine_adapter_dir": tmp_path / "in-memory", "canary": 0.1}), *ids


def test_the_line_can_be_printed(in_memory, capsys):
    settings, old, new = in_memory
    assert serve_engine(settings, ["--print", "--port", "8002", "--", "--dtype", "half"]) == 0
    words = shlex.split(capsys.readouterr().out)
    assert "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True" in words
    assert words[-4:] == [f"{name}={settings.engine_adapter_dir / name}" for name in (old, new)] + ["--dtype", "half"]
    assert words[words.index("--port") + 1] == "8002"
    assert (settings.engine_adapter_dir / new / "adapter_model.safetensors").read_bytes() == b"weights"
    assert {path.stat().st_mode & 0o777 for path in settings.engine_adapter_dir.glob("**/")} == {0o700}
    assert serve_engine(settings.model_copy(update={"canary": 0.0}), ["--print"]) == 0
    assert new not in capsys.readouterr().out


def test_the_command_as_the_readme_has_it(in_memory, fresh_environment):
    settings, old, _ = in_memory
    environment = {
        **fresh_environment,
        "AUDITUNE_HOME": str(settings.home),
        "AUDITUNE_ENGINE_ADAPTER_DIR": str(settings.engine_adapter_dir),
    }
    command = [sys.executable, "-m", "serving", "engine", "--base-model", "meta-llama/Llama-3.1-8B-Instruct", "--print"]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert " vllm serve meta-llama/Llama-3.1-8B-Instruct --host 127.0.0.1 --port 8001 " in done.stdout
    assert done.stdout.endswith(f" --enable-lora --lora-modules {old}={settings.engine_adapter_dir / old}\n")


def test_without_vllm_the_command_says_so(in_memory, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StartupError, match="vLLM is not installed"):
        serve_engine(in_memory[0], ["--base-model", "meta-llama/Llama-3.1-8B"])


def test_a_folder_that_others_may_read_is_refused(in_memory):
    settings, old, _ = in_memory
    settings.engine_adapter_dir.mkdir(mode=0o755)
    with pytest.raises(StartupError, match="open to other accounts"):
        open_folder(settings, old, used_by="test")


def test_each_decryption_has_its_row_and_a_folder_can_go(in_memory, owner):
    settings, old, _ = in_memory
    owner.execute("truncate raw_training.key_uses")
    first, again = open_folder(settings, "champion", used_by="test"), open_folder(settings, old, used_by="test")
    assert first.folder == again.folder == settings.engine_adapter_dir / old
    assert (first.rank, first.max_new_tokens) == (8, 64)
    assert owner.execute("select used_by, count(*) from raw_training.key_uses group by 1").fetchall() == [("test", 2)]
    remove_folder(settings, old)
    assert list(settings.engine_adapter_dir.iterdir()) == []
