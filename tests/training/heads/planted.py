"""Problems of heads with a planted truth: texts are vectors, a country's taste is the global one moved by a shift."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from scpo.config import ExperimentConfig
from scpo.errors import Stopped
from scpo.plan import Rows, plan_heads
from scpo.training.heads.problem import HeadProblem
from scpo.training.heads.stacked import HeadShape

D = 20


def planted(shifts, train=60, validation=150, test=1500, hidden=0, seed=0, **settings):
    """A country per shift (D,): its taste is the global one, moved by it. Texts are vectors, choices are noisy."""
    rng = np.random.default_rng(seed)
    shape = HeadShape(D, hidden)
    start = shape.fresh(1) if hidden else torch.from_numpy(rng.normal(size=D).astype(np.float32))
    n = train + validation + test
    phi = rng.normal(size=(len(shifts) * n, 2, D)).astype(np.float32)
    taste = np.zeros(D) if hidden else start.numpy()
    pull = np.concatenate([np.diff(phi[k * n : (k + 1) * n], axis=1)[:, 0] @ (taste + s) for k, s in enumerate(shifts)])
    second = rng.uniform(size=len(pull)) < 1 / (1 + np.exp(-pull))
    texts = np.arange(2 * len(pull)).reshape(-1, 2)
    texts[second] = texts[second, ::-1]
    pairs = pd.DataFrame({"chosen": texts[:, 0], "rejected": texts[:, 1], "unit": np.arange(len(pull))})
    rows = {
        f"country {k}": Rows(*np.split(np.arange(k * n, (k + 1) * n), [train, train + validation]))
        for k in range(len(shifts))
    }
    flat = phi.reshape(-1, D)
    features = SimpleNamespace(of=lambda of: flat[of], width=D)
    config = ExperimentConfig(**{"methods": ("ridge", "full"), "seeds": 1, "budgets": ()} | settings)
    return HeadProblem(config, SimpleNamespace(pairs=pairs), rows, features, shape, dict.fromkeys(rows, start))


def plan_of(problem, method, budgets=()):
    config = dataclasses.replace(problem.config, methods=(method,))
    margin = {country: np.zeros(len(problem.data.pairs)) for country in problem.rows}
    return plan_heads(config, problem.rows, margin, budgets)


def accuracy(problem, theta):
    tests = problem.held_out("test").values()
    return np.mean([(test.margins(head[None]) > 0).double().mean() for test, head in zip(tests, theta, strict=True)])


def small_shifts(size, countries=6):
    return size * np.random.default_rng(9).normal(size=(countries, D))


def flipped(problem, split):
    """The same with chosen and rejected exchanged in one split."""
    pairs = problem.data.pairs.copy()
    rows = np.concatenate([getattr(part, split) for part in problem.rows.values()])
    pairs.loc[rows, ["chosen", "rejected"]] = pairs.loc[rows, ["rejected", "chosen"]].to_numpy()
    return dataclasses.replace(problem, data=SimpleNamespace(pairs=pairs))


def assert_may_be_stopped(train, problem, plan):
    """What is told of progress may end the training, which raises what it was ended by."""

    def stop(done, total):
        raise Stopped("enough")

    with pytest.raises(Stopped):
        train(problem, plan, stop)
