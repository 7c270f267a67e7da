"""The loss of SCPO: weighted Bradley-Terry. Knows nothing of where rewards or weights come from."""

from __future__ import annotations

import torch
from torch.nn.functional import logsigmoid

from scpo.errors import ConfigError


def weighted_bradley_terry(chosen: torch.Tensor, rejected: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mean over the batch of -w log sigmoid(r(chosen) - r(rejected)), a scalar.

    chosen, rejected, weight   (b,) each. The mean divides by b, the number of pairs, and not
    by the sum of weights (arXiv 2606.18606).
    Raises `ConfigError` unless all three are (b,) with b >= 1: a (b, 1) beside a (b,) would
    broadcast to (b, b), whose mean is mean(weight) * mean(loss), and the weighting is gone.
    """
    if not (chosen.ndim == 1 and chosen.shape == rejected.shape == weight.shape and len(chosen)):
        raise ConfigError(
            f"chosen, rejected and weight have shapes {tuple(chosen.shape)}, {tuple(rejected.shape)} and "
            f"{tuple(weight.shape)}; each must be (b,) with b >= 1."
        )
    return pair_losses(chosen - rejected, weight).mean()


def pair_losses(margin: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """-w log sigmoid(margin) of every pair, margin and weight of one shape; for many models' batches at once."""
    return -(weight * logsigmoid(margin))
