"""Writes a byte-level BPE tokenizer into a GGUF file; used by `gguf_file`.

llama.cpp knows how a text is cut before the merges (the pre-tokenizer) by a name only. The name written here is that of
the cuts which the model was trained with, which need not be those of the file that the base model came from:
transformers reads SmolLM2's GGUF (`smollm`) with GPT-2's cuts, so `gpt-2` is what serves the adapter alike.
"""

import json
from typing import Any

from gguf import GGUFWriter, TokenType
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from training.errors import BadInput

# The regular expression of Llama 3's tokenizer.json (llama.cpp: LLAMA_VOCAB_PRE_TYPE_LLAMA3).
_LLAMA3_CUTS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def add_tokenizer(writer: GGUFWriter, tokenizer: PreTrainedTokenizerBase, vocabulary_size: int) -> None:
    """Adds tokens, their types, merges, special ids, the pre-tokenizer's name and the chat template.

    Args:
        writer: File that is being written.
        tokenizer: A byte-level BPE tokenizer.
        vocabulary_size: Rows of the embedding; rows that no token has are named `[PADn]`.

    Raises:
        BadInput: It is a tokenizer of another kind.
    """
    described = _description(tokenizer)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_pre_tokenizer_name(described))
    tokens, types = _tokens(tokenizer, described, vocabulary_size)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) for pair in described["model"]["merges"]])
    for add, token_id in (
        (writer.add_bos_token_id, tokenizer.bos_token_id),
        (writer.add_eos_token_id, tokenizer.eos_token_id),
        (writer.add_unk_token_id, tokenizer.unk_token_id),
        (writer.add_pad_token_id, tokenizer.pad_token_id),
    ):
        if token_id is not None:
            add(token_id)
    writer.add_add_bos_token(_starts_with_bos(tokenizer))
    writer.add_add_space_prefix(False)
    template = tokenizer.chat_template
    if isinstance(template, dict):  # several, by name
        template = [{"name": name, "template": text} for name, text in template.items()]
    if template:
        writer.add_chat_template(template)


def _description(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    """Reads what tokenizer.json holds, and refuses what llama.cpp's BPE does not do."""
    described = json.loads(tokenizer.backend_tokenizer.to_str()) if tokenizer.is_fast else {"model": {}}
    if described["model"].get("type") != "BPE" or described["model"].get("byte_fallback") or described["normalizer"]:
        raise BadInput("This tokenizer is no byte-level BPE and is not written to GGUF here: export a merged model.")
    if not described["model"]["merges"]:
        raise BadInput("This tokenizer has no merges, and llama.cpp needs some: export a merged model.")
    return described


def _pre_tokenizer_name(described: dict[str, Any]) -> str:
    """Finds llama.cpp's name for how a text is cut (llama-vocab.cpp lists the expressions of each)."""
    cuts = described["pre_tokenizer"] or {}
    steps = [_step(step) for step in cuts.get("pretokenizers", [cuts])]
    names = {
        ("ByteLevel+regex",): "gpt-2",
        ("Digits", "ByteLevel+regex"): "smollm",
        (_LLAMA3_CUTS, "ByteLevel"): "llama-bpe",
    }
    try:
        return names[tuple(steps)]
    except KeyError:
        raise BadInput(
            "llama.cpp's name for the way this tokenizer cuts a text is not known here: export a merged model."
        ) from None


def _step(step: dict[str, Any]) -> str:
    match step:
        case {"type": "ByteLevel", "add_prefix_space": False, "use_regex": use_regex}:
            return "ByteLevel+regex" if use_regex else "ByteLevel"
        case {"type": "Digits", "individual_digits": True}:
            return "Digits"
        case {"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": False}:
            return expression
    return json.dumps(step)


def _tokens(
    tokenizer: PreTrainedTokenizerBase, described: dict[str, Any], vocabulary_size: int
) -> tuple[list[str], list[TokenType]]:
    """Lists each row's token and type."""
    tokens = [f"[PAD{row}]" for row in range(vocabulary_size)]
    types = [TokenType.UNUSED] * vocabulary_size
    for token, row in tokenizer.get_vocab().items():
        tokens[row], types[row] = token, TokenType.NORMAL
    for added in described["added_tokens"]:
        types[added["id"]] = TokenType.CONTROL if added["special"] else TokenType.USER_DEFINED
    return tokens, types


def _starts_with_bos(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tells whether the tokenizer itself puts the token of the beginning before a text, as it did in training."""
    encoded = tokenizer.encode("a")
    return tokenizer.bos_token_id is not None and encoded[0] == tokenizer.bos_token_id
