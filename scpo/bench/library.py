"""Rows of the library's parts, each against its slow twin (`scpo.bench.reference`) where it has one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from scpo.bench import GIB, Row, matmul_rate, memory, row, seconds
from scpo.bench.inputs import scored_table
from scpo.bench.reference import head_alone, pairs_by_loop, vectors_by_interaction
from scpo.config import PRISM_SIZED, DataConfig
from scpo.data.pairing import scored_pairs
from scpo.plan import Pool
from scpo.training.heads.stacked import Heads, HeadShape, batch_order

LR, BATCH = 0.001, 16


def bench_pairs(interactions: int = 400) -> Iterator[Row]:
    """100,000 pairs from a table of PRISM's shape, and some of it against a loop over its interactions."""
    table = scored_table(8_000, 26_000)
    spent = seconds(lambda: scored_pairs(table))
    made = len(scored_pairs(table)[1])
    yield row("100,000 pairs of PRISM's size, built", spent * 100_000 / made, "s", 2, at_most=True)
    few = table[table["group"] < interactions]
    loop = seconds(lambda: pairs_by_loop(few)) / len(pairs_by_loop(few)) * made
    yield row("pairs, built in whole arrays against a loop in pandas", loop / spent, "times", 20, at_most=False)


def bench_metrics(pairs: int = 1_000_000) -> Iterator[Row]:
    """Filter, weight and accuracy with intervals for 1,000,000 pairs of 5,000 people."""
    work = metrics_of(pairs)
    yield row("1,000,000 pairs: filter, weight and metrics", seconds(work), "s", 2, at_most=True)
    yield row("1,000,000 pairs: memory of that at its height", memory(work) / GIB, "GiB", 4, at_most=True)


def metrics_of(pairs: int, people: int = 5_000, countries: int = 10):
    """The work of filter, weight, counting per person and 1,000 resamples, on margins drawn at random."""
    from scpo.metrics.intervals import accuracy_draws, interval, resample_units
    from scpo.metrics.outcomes import count_outcomes
    from scpo.selection import keep_mask, pair_weights

    rng = np.random.default_rng(0)
    margin = rng.normal(0.4, 1.5, pairs).astype(np.float32)
    unit = rng.integers(0, people, pairs)
    heads = pd.DataFrame([{"method": "scpo", "seed": 0, "level": 0, "pairs": pairs, "trained": 0, "step": 0}])

    def work() -> None:
        keep_mask(margin, 0.7), pair_weights(margin, 1.1)
        parts = [slice(first, None, countries) for first in range(countries)]
        outcomes = [
            count_outcomes(str(at), heads, margin[None, of] + 0.1, margin[of], unit[of]) for at, of in enumerate(parts)
        ]
        drawn = resample_units(outcomes, shared=False)
        [interval(accuracy_draws(o, d)) for o, d in zip(outcomes, drawn, strict=True)]

    return work


class RandomPairs:
    """Features and pools drawn at random, to train heads on: 3,000 texts, 6,000 pairs, 50 to 900 of them per head."""

    def __init__(self, heads: int, width: int = 768):
        rng = np.random.default_rng(0)
        self.phi = rng.normal(size=(3_000, width)).astype(np.float32)
        self.chosen, self.rejected = rng.integers(0, 3_000, (2, 6_000))
        self.pools = []
        for k in range(heads):
            rows = rng.permutation(6_000)[: rng.integers(50, 900)]
            self.pools.append(Pool(rows, rng.uniform(0.2, 1, len(rows)).astype(np.float32), (k,)))

    def together(self, steps: int) -> torch.Tensor:
        """All heads as one stacked tensor, (K, d)."""
        width = self.phi.shape[1]
        heads = Heads(
            HeadShape(width),
            torch.zeros(len(self.pools), width),
            self.pools,
            lambda rows: self.phi[rows],
            self.chosen,
            self.rejected,
            steps=steps,
            batch_size=BATCH,
            lr=LR,
        )
        heads.advance(steps)
        return heads.theta

    def one_at_a_time(self, steps: int, count: int) -> torch.Tensor:
        """The first heads by their slow twin, (count, d)."""
        difference, found = torch.from_numpy(self.phi[self.chosen] - self.phi[self.rejected]), []
        for pool in self.pools[:count]:
            order = torch.from_numpy(batch_order(pool, 0, steps * BATCH).astype(np.int64)).view(steps, BATCH)
            own = difference[torch.from_numpy(pool.rows)]
            start = torch.zeros(own.shape[1])
            found.append(head_alone(own, torch.from_numpy(pool.weight), order, start, LR))
        return torch.stack(found)


def bench_heads(count: int = 1050, steps: int = 300, sample: int = 10) -> Iterator[Row]:
    """All heads stacked, against one at a time; a sample of the latter is scaled up."""
    work = RandomPairs(count)
    together = seconds(lambda: work.together(steps), repeat=2)
    apart = seconds(lambda: work.one_at_a_time(steps, sample)) / sample * count
    name = f"{count} heads x {steps} steps, stacked against one at a time"
    yield row(name, apart / together, "times", 20, at_most=False)


def bench_embedding(texts: int = 1200) -> Iterator[Row]:
    """Encoding rate as a share of a matrix product's, and against fp32 with one interaction per batch."""
    from transformers import AutoModel, AutoTokenizer

    from scpo import data as sources
    from scpo.training.device import device, fast_bf16
    from scpo.training.encoders import load_encoder

    strings = sources.load(DataConfig(demo_world=PRISM_SIZED)).texts["response"].tolist()[:texts]
    encoder = load_encoder("minilm")
    encoder.encode(strings[:64])
    ours = seconds(lambda: encoder.encode(strings), repeat=3)
    peak = matmul_rate(torch.bfloat16 if fast_bf16() else torch.float32, on=device())
    tokenizer = AutoTokenizer.from_pretrained(encoder.folder)
    model = AutoModel.from_pretrained(encoder.folder, dtype=torch.float32).eval().to(device())
    lengths = np.array([len(ids) for ids in tokenizer(strings)["input_ids"]])
    hidden, layers, inner = model.config.hidden_size, model.config.num_hidden_layers, model.config.intermediate_size
    per_token = layers * (8 * hidden**2 + 4 * hidden * inner)
    work = (lengths * per_token + layers * 4 * lengths**2 * hidden).sum()
    sample = strings[: max(texts // 4, 4)]
    plain = seconds(lambda: vectors_by_interaction(model, tokenizer, sample)) / len(sample) * len(strings)
    yield row("embedding rate over a 2048-cubed matrix product's", work / ours / peak * 100, "%", 60, at_most=False)
    yield row("embedding, against fp32 and one interaction per batch", plain / ours, "times", 4, at_most=False)
