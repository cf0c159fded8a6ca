"""A GGUF file, read back by transformers, computes what the adapter on its base does, to the rounding of its type."""

import gguf
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFReader
from peft import PeftModel
from tokenizers import Regex, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from tests.training.export.conftest import TEXT, VOCABULARY, Exportable, logits_of, make_exportable, tiny_tokenizer
from training.cli import main
from training.errors import BadInput
from training.export.gguf_tokenizer import _LLAMA3_CUTS, add_tokenizer


def _export(exportable: Exportable, out, weight_type: str = "f32") -> int:
    arguments = ["--adapter", str(exportable.adapter), "--out", str(out), "--type", weight_type]
    return main(["export", "--format", "gguf", *arguments])


def _read_back(path, dtype=torch.float32):
    where = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    model = AutoModelForCausalLM.from_pretrained(**where, quantization_config=GgufConfig(dequantize=True), dtype=dtype)
    return model, AutoTokenizer.from_pretrained(**where)


def _fields(path) -> dict:
    return {name: field.contents() for name, field in GGUFReader(path).fields.items()}


# Error of all logits relative to their size (2-norms): f32 is exact but for the order of sums.
@pytest.mark.parametrize(("weight_type", "error"), [("f32", 1e-5), ("f16", 2e-3), ("bf16", 2e-2), ("q8_0", 6e-2)])
def test_each_type_gives_the_logits_to_its_rounding(exportable, tmp_path, weight_type, error):
    path = tmp_path / "adapter.gguf"
    assert _export(exportable, path, weight_type) == 0
    model, tokenizer = _read_back(path)
    expected = exportable.logits()
    assert (logits_of(model) - expected).norm() < error * expected.norm()
    assert tokenizer(TEXT).input_ids == AutoTokenizer.from_pretrained(exportable.base)(TEXT).input_ids
    assert [path.name for path in tmp_path.iterdir()] == ["adapter.gguf"]


def test_q8_0_rounds_as_ggml_does_and_no_more(exportable, tmp_path):
    assert _export(exportable, tmp_path / "a.gguf", "q8_0") == 0
    model, _ = _read_back(tmp_path / "a.gguf")
    base = AutoModelForCausalLM.from_pretrained(exportable.base, dtype=torch.float32)
    merged = PeftModel.from_pretrained(base, str(exportable.adapter)).merge_and_unload()
    for weight in merged.parameters():
        if weight.dim() == 2:
            blocks = gguf.quantize(weight.detach().numpy(), GGMLQuantizationType.Q8_0)
            weight.data = torch.from_numpy(gguf.dequantize(blocks, GGMLQuantizationType.Q8_0))
    torch.testing.assert_close(logits_of(model), logits_of(merged), rtol=1e-5, atol=1e-4)


def test_heads_of_an_unusual_width_and_an_output_matrix_of_its_own(tmp_path):
    exportable = make_exportable(tmp_path, head_dim=32, tie_word_embeddings=False, rope_theta=5e4)
    assert _export(exportable, tmp_path / "a.gguf") == 0
    model, _ = _read_back(tmp_path / "a.gguf")
    assert not model.config.tie_word_embeddings
    torch.testing.assert_close(logits_of(model), exportable.logits(), rtol=1e-5, atol=1e-4)


def test_the_file_says_what_llama_cpp_asks_for(exportable, tmp_path):
    assert _export(exportable, tmp_path / "a.gguf", "q8_0") == 0
    fields = _fields(tmp_path / "a.gguf")
    assert fields["general.architecture"] == "llama"
    assert fields["general.file_type"] == gguf.LlamaFileType.MOSTLY_Q8_0
    figures = {name.removeprefix("llama."): value for name, value in fields.items() if name.startswith("llama.")}
    assert figures == {
        "vocab_size": VOCABULARY,
        "context_length": 512,
        "embedding_length": 64,
        "block_count": 2,
        "feed_forward_length": 96,
        "attention.head_count": 4,
        "attention.head_count_kv": 2,
        "attention.key_length": 16,
        "attention.value_length": 16,
        "attention.layer_norm_rms_epsilon": pytest.approx(1e-6),
        "rope.dimension_count": 16,
        "rope.freq_base": 10_000.0,
    }
    assert (fields["tokenizer.ggml.model"], fields["tokenizer.ggml.pre"]) == ("gpt2", "gpt-2")
    assert fields["tokenizer.ggml.tokens"][:2] == ["<s>", "</s>"]
    assert fields["tokenizer.ggml.tokens"][-1] == "[PAD319]"
    assert [fields["tokenizer.ggml.token_type"][row] for row in (0, 1, 2, 319)] == [3, 3, 1, 5]
    assert (fields["tokenizer.ggml.bos_token_id"], fields["tokenizer.ggml.eos_token_id"]) == (0, 1)
    assert fields["tokenizer.ggml.add_bos_token"] is True
    assert fields["tokenizer.chat_template"].startswith("{% for message in messages %}")


def test_types_of_the_tensors(exportable, tmp_path):
    assert _export(exportable, tmp_path / "a.gguf", "q8_0") == 0
    types = {tensor.name: tensor.tensor_type.name for tensor in GGUFReader(tmp_path / "a.gguf").tensors}
    assert "output.weight" not in types  # tied: llama.cpp takes the embedding's
    assert types["token_embd.weight"] == types["blk.1.ffn_down.weight"] == types["blk.0.attn_q.weight"] == "Q8_0"
    assert types["blk.0.attn_norm.weight"] == types["output_norm.weight"] == "F32"
    assert len(types) == 2 * 9 + 2


def test_a_row_that_is_no_multiple_of_the_block_is_f16(tmp_path):
    exportable = make_exportable(tmp_path, intermediate_size=72)
    assert _export(exportable, tmp_path / "a.gguf", "q8_0") == 0
    types = {tensor.name: tensor.tensor_type.name for tensor in GGUFReader(tmp_path / "a.gguf").tensors}
    assert types["blk.0.ffn_down.weight"] == "F16"
    assert types["blk.0.ffn_up.weight"] == "Q8_0"


def test_llama_3s_stretched_frequencies_have_a_tensor(tmp_path):
    scaling = {
        "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }  # fmt: skip
    exportable = make_exportable(tmp_path, rope_parameters=scaling)
    assert _export(exportable, tmp_path / "a.gguf") == 0
    tensors = {tensor.name: tensor for tensor in GGUFReader(tmp_path / "a.gguf").tensors}
    divisors = tensors["rope_freqs.weight"].data
    assert len(divisors) == 8
    assert divisors[0] == pytest.approx(1.0)  # the fastest rotation stays
    assert divisors[-1] == pytest.approx(8.0)  # the slowest is stretched by the whole factor
    assert ((divisors[1:] - divisors[:-1]) > -1e-5).all()


@pytest.mark.parametrize(
    ("cuts", "name"),
    [
        (pre_tokenizers.ByteLevel(add_prefix_space=False), "gpt-2"),
        (
            pre_tokenizers.Sequence(
                [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
            ),
            "smollm",
        ),
        (
            pre_tokenizers.Sequence(
                [
                    pre_tokenizers.Split(Regex(_LLAMA3_CUTS), behavior="isolated"),
                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
                ]
            ),
            "llama-bpe",
        ),
    ],
)
def test_the_way_a_text_is_cut_has_llama_cpps_name(tmp_path, cuts, name):
    tokenizer = tiny_tokenizer()
    tokenizer.backend_tokenizer.pre_tokenizer = cuts
    writer = gguf.GGUFWriter(tmp_path / "a.gguf", "llama")
    add_tokenizer(writer, tokenizer, VOCABULARY)
    assert writer.kv_data[0]["tokenizer.ggml.pre"].value == name


def test_a_way_of_cutting_without_a_name_is_refused(tmp_path):
    tokenizer = tiny_tokenizer()
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    with pytest.raises(BadInput, match=r"llama\.cpp's name .* is not known here"):
        add_tokenizer(gguf.GGUFWriter(tmp_path / "a.gguf", "llama"), tokenizer, VOCABULARY)


def test_a_rotary_embedding_of_another_kind_is_refused(tmp_path, capsys):
    scaling = {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}
    exportable = make_exportable(tmp_path, rope_parameters=scaling)
    assert _export(exportable, tmp_path / "a.gguf") == 2
    assert "rotary embedding of type dynamic" in capsys.readouterr().err
    assert not (tmp_path / "a.gguf").exists()
