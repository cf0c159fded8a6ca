"""AdamW over float32 originals of the adapter's weights. Used by loop.py.

The adapter multiplies in bfloat16, whose steps of 1/256 would swallow most updates late in training. So the weights
that learn are float32 copies, written back to the model after each step.
"""

import math
from typing import Any

import torch

from training.config import TrainingConfig


class AdapterOptimizer:
    """Owns the adapter's float32 weights and their updates."""

    def __init__(self, model: torch.nn.Module, config: TrainingConfig, total_steps: int) -> None:
        self._named = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        self._originals = {name: weight.detach().float().clone() for name, weight in self._named.items()}
        self._config = config
        self._total_steps = total_steps
        self._adam = torch.optim.AdamW(
            list(self._originals.values()), lr=config.learning_rate, weight_decay=config.weight_decay, foreach=True
        )

    @property
    def trainable_parameters(self) -> int:
        """Number of weights that learn."""
        return sum(weight.numel() for weight in self._originals.values())

    @property
    def learning(self) -> list[torch.nn.Parameter]:
        """The model's weights that learn; each backward pass adds to their gradients."""
        return list(self._named.values())

    def step(self, number: int) -> float:
        """Applies the gradients that the model's weights hold, and clears them.

        Args:
            number: Steps done before this one; decides the rate.

        Returns:
            The gradient's norm before clipping.
        """
        for name, weight in self._named.items():
            self._originals[name].grad = weight.grad.float()
            weight.grad = None
        norm = torch.nn.utils.clip_grad_norm_(self._originals.values(), self._config.clip_norm)
        for group in self._adam.param_groups:
            group["lr"] = self._config.learning_rate * rate_factor(
                number, self._total_steps, self._config.warmup_fraction
            )
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)
        self._write_back()
        return float(norm)

    def weights(self) -> dict[str, torch.Tensor]:
        """Returns a copy of the float32 weights by name."""
        return {name: weight.detach().clone() for name, weight in self._originals.items()}

    def set_weights(self, weights: dict[str, torch.Tensor]) -> None:
        """Puts weights (as `weights` gave them) into the originals and the model."""
        with torch.no_grad():
            for name, weight in self._originals.items():
                weight.copy_(weights[name])
        self._write_back()

    def state(self) -> dict[str, Any]:
        """Returns all that is needed to go on later: weights and AdamW's moments."""
        return {"weights": self.weights(), "adam": self._adam.state_dict()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from a state that `state` gave."""
        self.set_weights(state["weights"])
        self._adam.load_state_dict(state["adam"])

    def _write_back(self) -> None:
        with torch.no_grad():
            for name, weight in self._named.items():
                weight.copy_(self._originals[name])


def rate_factor(step: int, total_steps: int, warmup_fraction: float) -> float:
    """Computes the part of the peak rate that a step uses: a linear rise, then half a cosine down to zero.

    Args:
        step: Steps done before this one.
        total_steps: Steps of the whole run.
        warmup_fraction: Part of them during which the rate rises.

    Returns:
        A factor in (0, 1].
    """
    warmup = max(1, round(total_steps * warmup_fraction))
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, total_steps - warmup)
    return 0.5 * (1 + math.cos(math.pi * progress))
