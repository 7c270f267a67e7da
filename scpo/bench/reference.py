"""Slow twins: the plain way to do what the library does fast, written from the method's description.

Each does the same work to the same result; tests hold that, and the bench measures how much slower they are.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import logsigmoid, normalize, sigmoid


def pairs_by_loop(rows: pd.DataFrame) -> list[tuple[int, int]]:
    """(chosen, rejected) row numbers: a loop over the groups of a table, and over the pairs of each.

    rows    `group`, `score`
    """
    found = []
    for _, answers in rows.reset_index(drop=True).groupby("group"):
        for (i, a), (j, b) in combinations(zip(answers.index.tolist(), answers["score"], strict=True), 2):
            if a != b:
                found.append((i, j) if a > b else (j, i))
    return found


def head_alone(
    difference: torch.Tensor, weight: torch.Tensor, order: torch.Tensor, start: torch.Tensor, lr: float
) -> torch.Tensor:
    """One linear head (d,) trained by autograd and torch's Adam.

    difference (n, d) of phi of each pair, weight (n,), order (steps, b) int: the pairs of each step
    """
    theta = torch.nn.Parameter(start.clone())
    adam = torch.optim.Adam([theta], lr=lr)
    for step in order:
        adam.zero_grad()
        (-weight[step] * logsigmoid(difference[step] @ theta)).mean().backward()
        adam.step()
    return theta.detach()


@torch.inference_mode()
def vectors_by_interaction(model, tokenizer, texts: list[str], answers: int = 4) -> np.ndarray:
    """(n, d) mean-pooled vectors of length 1: one interaction's answers per batch, padded to the longest."""
    found = []
    for start in range(0, len(texts), answers):
        batch = tokenizer(texts[start : start + answers], padding=True, truncation=True, return_tensors="pt")
        batch = batch.to(model.device)
        hidden = model(**batch).last_hidden_state.float()
        mask = batch["attention_mask"][..., None]
        found.append(normalize((hidden * mask).sum(1) / mask.sum(1)))
    return torch.cat(found).cpu().numpy()


@torch.inference_mode()
def select_by_pair(model, tokenizer, pairs: pd.DataFrame, tau: float, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """The authors' scoring step, one pair per batch: p_global < tau keeps it, exp(m / beta), at most 1, weighs it.

    pairs   `prompt`, `chosen`, `rejected`; returns keep (n,) bool and weight (n,)
    """
    keep, weight = [], []
    for pair in pairs.itertuples():
        inputs = tokenizer(
            [pair.prompt] * 2,
            [pair.chosen, pair.rejected],
            padding=True,
            truncation=True,
            max_length=512,
            return_tensors="pt",
        ).to(model.device)
        chosen, rejected = model(**inputs).logits[:, 0].double()
        margin = chosen - rejected
        keep.append(bool(sigmoid(margin) < tau))
        weight.append(min(float(torch.exp(margin / beta)), 1.0))
    return np.array(keep), np.array(weight)


def step_padded(model, tokenizer, pairs: pd.DataFrame, weight: torch.Tensor) -> torch.Tensor:
    """The authors' training step: the loss of a batch, all padded to 512, chosen and rejected in two passes.

    pairs   `prompt`, `chosen`, `rejected`; weight (b,)
    """
    rewards = []
    for side in ("chosen", "rejected"):
        inputs = tokenizer(
            pairs["prompt"].tolist(),
            pairs[side].tolist(),
            padding="max_length",
            truncation=True,
            max_length=512,
            return_tensors="pt",
        ).to(model.device)
        rewards.append(model(**inputs).logits[:, 0])
    return -(weight * logsigmoid(rewards[0] - rewards[1])).mean()
