"""A tiny Llama with a real byte-level BPE tokenizer, saved as people save models, and an adapter on it."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import training
from training.config import load_config
from training.model import attach_lora

TEXT = "Question: how many orders above 10?\nSQL: SELECT COUNT(*) FROM orders WHERE orders.total > 10"
VOCABULARY = 320


@dataclass(frozen=True)
class Exportable:
    """A base model's folder, an adapter's folder, and what the two compute together."""

    base: Path
    adapter: Path

    def logits(self) -> torch.Tensor:
        """Logits of adapter on base, by plain peft in float32: `[1, tokens, vocabulary]`."""
        base = AutoModelForCausalLM.from_pretrained(self.base, dtype=torch.float32)
        return logits_of(PeftModel.from_pretrained(base, str(self.adapter)))


def input_ids() -> torch.Tensor:
    """Some tokens to compute logits of: `[1, tokens]`."""
    return torch.arange(0, VOCABULARY, 5)[None]


def logits_of(model: torch.nn.Module) -> torch.Tensor:
    """Logits of a loaded model: `[1, tokens, vocabulary]`."""
    with torch.no_grad():
        return model(input_ids=input_ids()).logits.float()


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with merges, special tokens and a chat template, that starts each text with <s>."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.train_from_iterator(
        [TEXT],
        trainers.BpeTrainer(
            vocab_size=300,
            special_tokens=["<s>", "</s>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    backend.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="</s>",
        chat_template="{% for message in messages %}{{ message['content'] }}{% endfor %}",
    )


def make_exportable(folder: Path, **changes: object) -> Exportable:
    """Saves a random base model and an adapter that changes what it computes."""
    config = LlamaConfig(
        **{
            "vocab_size": VOCABULARY,
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "tie_word_embeddings": True,
            "bos_token_id": 0,
            "eos_token_id": 1,
            "pad_token_id": 1,
            "initializer_range": 0.2,
        }
        | changes
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        base = LlamaForCausalLM(config)
        base.save_pretrained(folder / "base")
        tiny_tokenizer().save_pretrained(folder / "base")
        preset = load_config(Path(training.__file__).parent / "configs" / "tiny-random.yaml")
        adapted = attach_lora(base, preset)
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.3)
    adapted.save_pretrained(folder / "run-9" / "adapter")
    run = {"run_id": "run-9", "base_model": str(folder / "base")}
    (folder / "run-9" / "run.json").write_text(json.dumps(run))
    return Exportable(folder / "base", folder / "run-9" / "adapter")


@pytest.fixture(scope="session")
def exportable(tmp_path_factory: pytest.TempPathFactory) -> Exportable:
    """A tiny base model with tied embeddings, and an adapter on it."""
    return make_exportable(tmp_path_factory.mktemp("export"))
