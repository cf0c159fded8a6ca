"""Other words for drafted questions by the base model in this process: `python -m training draft`.

Off unless asked for: a base model of 135 million parameters paraphrases badly, and `paraphrase.judge_paraphrase`
refuses most of what it writes. The files hold pseudonymized SQL and sentences, one JSON object a line.
"""

import json
from pathlib import Path

import torch

from training.errors import BadInput
from training.model import load_base

_MAX_NEW_TOKENS = 80


def run_drafting(questions: Path, out: Path, base_model: str) -> int:
    """Answers every chat of a file.

    Args:
        questions: a line a chat: `{"id", "messages"}`.
        out: written: a line an answer, `{"id", "text"}`, in the same order.
        base_model: GGUF file, folder or Hugging Face id.

    Returns:
        The number of answers.

    Raises:
        BadInput: the file is missing, or there is no such model, or it was made for no chat.
    """
    if not questions.is_file():
        raise BadInput(f"There is no file {questions}; give one with a chat a line.")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, tokenizer = load_base(base_model, "bfloat16", device=device)
    if tokenizer.chat_template is None:
        raise BadInput(f"{base_model} was made for no chat; unset AUDITUNE_DRAFT_BASE_MODEL.")
    model.set_attn_implementation("sdpa")  # the shared-prefix attention of training knows no plain `generate`
    chats = [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]
    with out.open("w", encoding="utf-8") as file:
        for chat in chats:
            inputs = tokenizer.apply_chat_template(
                chat["messages"], add_generation_prompt=True, return_tensors="pt", return_dict=True
            ).to(device)
            with torch.inference_mode():
                written = model.generate(
                    **inputs, max_new_tokens=_MAX_NEW_TOKENS, do_sample=False, pad_token_id=tokenizer.eos_token_id
                )
            text = tokenizer.decode(written[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
            file.write(json.dumps({"id": chat["id"], "text": text}, ensure_ascii=False) + "\n")
    return len(chats)
