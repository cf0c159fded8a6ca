"""Cross-entropy over a large vocabulary without holding its logits. Used by loop.py."""

import torch

# 49 152 logits a row: 128 rows are 25 MiB in float32, small enough to stay near the cache and large enough for fast
# products.
_ROWS_PER_CHUNK = 128


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Computes the gradient together with the loss, chunk by chunk, so that no logits wait for the backward pass."""

    @staticmethod
    def forward(ctx, hidden, weight, targets):
        # hidden [N, H], weight [V, H] (frozen), targets [N]
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        grad_hidden = torch.empty_like(hidden)
        for start in range(0, hidden.shape[0], _ROWS_PER_CHUNK):
            rows = slice(start, start + _ROWS_PER_CHUNK)
            logits = (hidden[rows] @ weight.T).float()  # [n, V]
            lse = logits.logsumexp(dim=-1, keepdim=True)
            target = targets[rows, None]
            total += (lse - logits.gather(1, target)).sum()
            probabilities = logits.sub_(lse).exp_()
            probabilities.scatter_add_(1, target, torch.full_like(lse, -1.0))
            grad_hidden[rows] = probabilities.to(hidden.dtype) @ weight
        ctx.save_for_backward(grad_hidden)
        return total

    @staticmethod
    def backward(ctx, grad_total):
        (grad_hidden,) = ctx.saved_tensors
        return grad_hidden * grad_total.to(grad_hidden.dtype), None, None


def summed_cross_entropy(hidden: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Computes the negative log-likelihood, summed over tokens.

    Args:
        hidden: Last hidden states at the positions that predict an answer token, `[N, hidden]`.
        weight: The output layer's weight, `[vocabulary, hidden]`; it gets no gradient.
        targets: The answer tokens, `[N]`.

    Returns:
        The sum in nats, a float32 scalar that carries a gradient to `hidden`.
    """
    return _ChunkedCrossEntropy.apply(hidden, weight, targets)
