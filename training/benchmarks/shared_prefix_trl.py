"""TRL's SFTTrainer on the task of the shared-prefix benchmark. Used by its worker; needs the `bench` packages.

TRL's loss is fused and computed for answer tokens alone, as ours is. Its padding-free batches and its packing are
left off: they lay pairs in one row as we do, but each with its own copy of the schema, and TRL supports them with
FlashAttention only.
"""

import logging
import tempfile
import time

import torch

from training.benchmarks.shared_prefix_task import Task, build_model, draw_batches, training_config, warm_up_prefix
from training.data import Example
from training.tiny_model import build_tiny_model

_IGNORED = -100  # transformers' label for tokens without loss


def train_with_trl(task: Task, *, recomputes: bool) -> tuple[list[float], list[float]]:
    """Trains on the task's batches, in their order.

    Args:
        task: The task; where a pass holds fewer pairs than the batch, gradients are accumulated over several.
        recomputes: Whether activations are computed again in the backward pass (TRL's default) instead of kept.

    Returns:
        Seconds of each timed step, and the loss per answer token of each step.
    """
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    logging.getLogger("trl").setLevel(logging.ERROR)
    prefix, batches = draw_batches(task)
    prefixes = [warm_up_prefix(prefix), *([prefix] * task.steps)]
    settings = training_config(task)
    with tempfile.TemporaryDirectory() as folder:
        arguments = SFTConfig(
            output_dir=folder,
            per_device_train_batch_size=task.pairs_per_pass,
            gradient_accumulation_steps=task.batch // task.pairs_per_pass,
            max_steps=len(batches),
            max_length=None,
            learning_rate=settings.learning_rate,
            gradient_checkpointing=recomputes,
            bf16=task.dtype == "bfloat16",
            use_cpu=task.device == "cpu",
            dataloader_pin_memory=task.device == "cuda",
            train_sampling_strategy="sequential",
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        )
        watch = _watch(task.device)
        trainer = SFTTrainer(
            model=build_model(task),
            args=arguments,
            train_dataset=Dataset.from_list(
                [_row(start, example) for start, batch in zip(prefixes, batches, strict=True) for example in batch]
            ),
            processing_class=build_tiny_model(torch.float32)[1],  # only its padding token is used
            peft_config=LoraConfig(
                r=settings.lora_rank,
                lora_alpha=settings.lora_alpha,
                target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
                task_type="CAUSAL_LM",
            ),
            callbacks=[watch],
        )
        trainer.train()
        losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    return [end - start for start, end in zip(watch.ends, watch.ends[1:], strict=False)], losses


def _row(prefix: list[int], example: Example) -> dict[str, list[int]]:
    prompt = [*prefix, *example.prompt]
    return {"input_ids": [*prompt, *example.answer], "labels": [_IGNORED] * len(prompt) + list(example.answer)}


def _watch(device: str):
    """Makes a callback that notes when each step has ended."""
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        def __init__(self) -> None:
            self.ends: list[float] = []

        def on_step_end(self, *_arguments, **_keywords) -> None:
            if device == "cuda":
                torch.cuda.synchronize()
            self.ends.append(time.perf_counter())

    return Watch()
