"""A merged model and a peft folder compute, in plain transformers and peft, what the adapter on its base does."""

import json

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.training.export.conftest import TEXT, logits_of, make_exportable
from training.cli import main


def _export(adapter, out, *more: str) -> int:
    return main(["export", "--adapter", str(adapter), "--out", str(out), *more])


@pytest.mark.parametrize("is_tied", [True, False])
def test_a_merged_model_is_a_plain_transformers_folder(tmp_path, is_tied):
    exportable = make_exportable(tmp_path, tie_word_embeddings=is_tied)
    assert _export(exportable.adapter, tmp_path / "merged", "--format", "merged", "--type", "f32") == 0
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    assert type(merged).__name__ == "LlamaForCausalLM"
    assert merged.config.tie_word_embeddings is is_tied
    torch.testing.assert_close(logits_of(merged), exportable.logits(), rtol=1e-5, atol=1e-4)
    base = AutoModelForCausalLM.from_pretrained(exportable.base)
    assert not torch.allclose(logits_of(base), exportable.logits(), atol=0.1)  # the adapter does change something
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "merged")
    assert tokenizer(TEXT).input_ids == AutoTokenizer.from_pretrained(exportable.base)(TEXT).input_ids


def test_a_merged_model_is_bf16_unless_told_otherwise(exportable, tmp_path):
    assert _export(exportable.adapter, tmp_path / "merged", "--format", "merged") == 0
    weights = load_file(tmp_path / "merged" / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.bfloat16}
    assert json.loads((tmp_path / "merged" / "config.json").read_text())["dtype"] == "bfloat16"


def test_a_run_folder_is_its_adapter(exportable, tmp_path, capsys):
    assert _export(exportable.adapter.parent, tmp_path / "peft", "--format", "peft", "--base-model", "some/base") == 0
    assert "The adapter run-9 is in" in capsys.readouterr().out


def test_a_peft_folder_loads_with_plain_peft_and_names_no_path_of_this_machine(exportable, tmp_path):
    out = tmp_path / "peft"
    assert _export(exportable.adapter, out, "--format", "peft", "--base-model", "meta-llama/Llama-3.1-8B") == 0
    assert sorted(path.name for path in out.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    written = (out / "adapter_config.json").read_text()
    assert json.loads(written)["base_model_name_or_path"] == "meta-llama/Llama-3.1-8B"
    assert str(tmp_path.parent) not in written
    base = AutoModelForCausalLM.from_pretrained(exportable.base)
    torch.testing.assert_close(logits_of(PeftModel.from_pretrained(base, str(out))), exportable.logits())


def test_the_base_model_of_set_up_has_a_name_that_others_can_load(exportable, tmp_path):
    run = tmp_path / "run"
    (run / "adapter").mkdir(parents=True)
    for file in exportable.adapter.iterdir():
        (run / "adapter" / file.name).write_bytes(file.read_bytes())
    (run / "run.json").write_text('{"run_id": "run", "base_model": "SmolLM2-135M-Instruct.Q4_1.gguf"}')
    assert _export(run, tmp_path / "peft", "--format", "peft") == 0
    config = json.loads((tmp_path / "peft" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
