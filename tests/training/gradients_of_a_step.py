"""Run by torchrun in test_parallel.py: writes the gradients of each step that several processes compute together."""

import sys
from pathlib import Path

import torch

from training.batches import Batches
from training.config import load_config
from training.data import load_dataset
from training.model import attach_lora, batch_loss
from training.parallel import World, open_world
from training.sharding import load_sharded


def gradients_of_steps(model, tokenizer, dataset, config, world: World, steps: int) -> list[list[torch.Tensor]]:
    """Returns for each step its loss and each gradient; the adapter is moved off its start, where half are 0."""
    generator = torch.Generator().manual_seed(5)
    learning = [weight for weight in model.parameters() if weight.requires_grad]
    for weight in learning:
        weight.data = torch.randn(weight.shape, generator=generator) * 0.1
    batches, found = Batches(model.get_base_model(), tokenizer, dataset, config, world), []
    for place in range(steps):
        step = batches.of_step(0, place)
        total = 0.0
        for each in step.passes:
            loss = batch_loss(model.get_base_model(), each.batch) * each.weight / step.answer_tokens
            loss.backward()
            total += loss.item()
        (total,) = world.sum(total)
        world.sum_gradients(learning)
        found.append([torch.tensor(total), *(weight.grad.clone() for weight in learning)])
        model.zero_grad()
    return found


def main(config_path: str, data: str, base: str, out: str) -> None:
    from training.model import load_base

    torch.set_num_threads(1)
    config, dataset = load_config(Path(config_path)), load_dataset(Path(data))
    with open_world("cpu") as world:
        for kind in ("whole", "divided"):
            if kind == "whole":
                model, tokenizer = load_base(base, config.dtype)
            else:
                model, tokenizer = load_sharded(base, config.dtype, "cpu", world)
            adapted = attach_lora(model, config)
            found = gradients_of_steps(adapted, tokenizer, dataset, config, world, steps=3)
            if world.is_first:
                torch.save(found, Path(out) / f"{kind}.pt")


if __name__ == "__main__":
    main(*sys.argv[1:])
