"""The same on a real base model: the GGUF that `make setup` unpacks, with its 49 152 tokens."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from gguf import GGUFReader
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

import training
from dagster_project.embedded.settings import REPOSITORY
from training.cli import main
from training.config import load_config
from training.model import _dequantized, attach_lora, load_base

BASE = REPOSITORY / ".auditune" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
PROMPT = "orders(order_id, total)\nQuestion: how many orders above 20.50 in 2025?\nSQL:"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BASE.is_file(), reason="the base model is not unpacked: run `make setup`"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run folder whose base model is a link to the unpacked file."""
    folder = tmp_path_factory.mktemp("smollm2")
    (folder / "home" / "models").mkdir(parents=True)
    (folder / "home" / "models" / BASE.name).symlink_to(BASE)
    base, _ = load_base(str(folder / "home" / "models" / BASE.name), "float32")
    model = attach_lora(base, load_config(Path(training.__file__).parent / "configs" / "smollm2-135m-cpu.yaml"))
    torch.manual_seed(0)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.02)
    model.save_pretrained(folder / "run" / "adapter")
    (folder / "run" / "run.json").write_text(json.dumps({"run_id": "run", "base_model": BASE.name}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUDITUNE_HOME", str(folder / "home"))
        yield folder / "run"


@pytest.fixture(scope="module")
def expected(run: Path) -> torch.Tensor:
    """Logits of adapter on base, by plain transformers and peft: `[1, tokens, 49152]`."""
    folder = _dequantized(run.parent / "home" / "models" / BASE.name)
    base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return _logits(PeftModel.from_pretrained(base, str(run / "adapter")), AutoTokenizer.from_pretrained(folder))


def _logits(model, tokenizer) -> torch.Tensor:
    with torch.no_grad():
        return model(**tokenizer(PROMPT, return_tensors="pt", return_token_type_ids=False)).logits.float()


def _error(found: torch.Tensor, expected: torch.Tensor) -> float:
    return ((found - expected).norm() / expected.norm()).item()


def _export(run: Path, out: Path, *more: str) -> None:
    assert main(["export", "--adapter", str(run), "--out", str(out), *more]) == 0


@pytest.mark.parametrize(("weight_type", "limit"), [("f32", 1e-4), ("f16", 1e-3), ("bf16", 2e-2), ("q8_0", 2e-2)])
def test_gguf_read_by_transformers(run, expected, tmp_path, weight_type, limit):
    path = tmp_path / "adapter.gguf"
    _export(run, path, "--format", "gguf", "--type", weight_type)
    where = {"pretrained_model_name_or_path": str(tmp_path), "gguf_file": path.name}
    model = AutoModelForCausalLM.from_pretrained(
        **where, quantization_config=GgufConfig(dequantize=True), dtype=torch.float32
    )
    tokenizer = AutoTokenizer.from_pretrained(**where)
    assert _error(_logits(model, tokenizer), expected) < limit
    assert tokenizer.chat_template


def test_the_file_has_what_llama_cpps_own_converter_wrote(run, tmp_path):
    """The base model's file came from it: the same tensors in the same shapes, and no key of the model is missing."""
    _export(run, tmp_path / "adapter.gguf", "--format", "gguf")
    written, original = GGUFReader(tmp_path / "adapter.gguf"), GGUFReader(BASE)
    shapes = [{tensor.name: tuple(tensor.shape) for tensor in file.tensors} for file in (written, original)]
    assert shapes[0] == shapes[1]
    about = {"organization", "finetune", "basename", "size_label", "license", "languages"}
    assert set(original.fields) - set(written.fields) == {f"general.{name}" for name in about}
    for name, field in original.fields.items():
        if name.startswith(("llama.", "tokenizer.")) and name != "tokenizer.ggml.pre":
            assert written.fields[name].contents() == field.contents(), name


@pytest.mark.parametrize(("weight_type", "limit"), [("f32", 1e-4), ("bf16", 2e-2)])
def test_merged_read_by_transformers(run, expected, tmp_path, weight_type, limit):
    _export(run, tmp_path / "merged", "--format", "merged", "--type", weight_type)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "merged", dtype=torch.float32)
    assert _error(_logits(model, AutoTokenizer.from_pretrained(tmp_path / "merged")), expected) < limit
