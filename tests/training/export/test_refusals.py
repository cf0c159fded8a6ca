"""What the export refuses: one sentence, nothing written."""

import resource
from pathlib import Path

import pytest

from tests.training.export.conftest import make_exportable
from training.cli import main


@pytest.fixture
def export(capsys, monkeypatch, tmp_path):
    """Runs an export that must fail; returns its exit code and its one sentence."""
    monkeypatch.setenv("AUDITUNE_HOME", str(tmp_path / "home"))

    def run(export_format: str, adapter: object, out: Path, *more: str) -> tuple[int, str]:
        code = main(["export", "--format", export_format, "--adapter", str(adapter), "--out", str(out), *more])
        told = capsys.readouterr().err
        assert told.count("\n") == 1
        return code, told

    return run


def test_a_folder_that_is_no_adapter(export, tmp_path):
    (tmp_path / "nothing").mkdir()
    code, told = export("peft", tmp_path / "nothing", tmp_path / "out")
    assert code == 2
    assert "it has no adapter_model.safetensors" in told


def test_a_name_without_a_registry(export, tmp_path):
    code, told = export("merged", "champion", tmp_path / "out")
    assert code == 2
    assert "no folder champion" in told
    assert "AUDITUNE_DSN is not set" in told


def test_a_broken_run(export, exportable, tmp_path):
    adapter = tmp_path / "run" / "adapter"
    adapter.mkdir(parents=True)
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    (tmp_path / "run" / "run.json").write_text("{")
    assert "run.json or adapter_config.json is broken" in export("merged", tmp_path / "run", tmp_path / "out")[1]


def test_something_in_the_way(export, exportable, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    code, told = export("merged", exportable.adapter, full)
    assert (code, "no empty folder" in told) == (2, True)
    assert [path.name for path in full.iterdir()] == ["mine.txt"]
    (tmp_path / "mine.gguf").write_text("mine")
    code, told = export("gguf", exportable.adapter, tmp_path / "mine.gguf")
    assert (code, "exists already" in told) == (2, True)
    assert (tmp_path / "mine.gguf").read_text() == "mine"


def test_a_gguf_file_has_its_own_ending(export, exportable, tmp_path):
    assert "ends in .gguf" in export("gguf", exportable.adapter, tmp_path / "adapter.bin")[1]


@pytest.mark.parametrize(("export_format", "weight_type"), [("merged", "q8_0"), ("peft", "f16")])
def test_a_type_that_the_format_has_not(export, exportable, tmp_path, export_format, weight_type):
    assert export(export_format, exportable.adapter, tmp_path / "out", "--type", weight_type)[0] == 2


@pytest.mark.parametrize("base_model", [None, "random:tiny", "some.gguf", "/srv/models/base"])
def test_a_base_model_that_nobody_else_can_load_is_not_named_in_a_peft_folder(export, exportable, tmp_path, base_model):
    more = [] if base_model is None else ["--base-model", base_model]
    code, told = export("peft", exportable.adapter, tmp_path / "out", *more)
    assert (code, "on this machine only" in told) == (2, True)
    assert not (tmp_path / "out").exists()


def test_a_base_model_that_the_adapter_does_not_fit(export, exportable, tmp_path):
    narrow = make_exportable(tmp_path / "narrow", hidden_size=32).base
    code, told = export("merged", exportable.adapter, tmp_path / "out", "--base-model", str(narrow))
    assert (code, "does not fit this base model" in told) == (2, True)


def test_a_base_model_that_is_not_here(export, exportable, tmp_path):
    assert export("merged", exportable.adapter, tmp_path / "out", "--base-model", str(tmp_path / "b.gguf"))[0] == 2


@pytest.mark.parametrize(("export_format", "out"), [("merged", "merged"), ("gguf", "adapter.gguf")])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(export, exportable, tmp_path, export_format, out):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))  # as if no more than this were free
    try:
        code, told = export(export_format, exportable.adapter, tmp_path / out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (code, "free some disk space" in told) == (1, True)
    assert list(tmp_path.iterdir()) == []
