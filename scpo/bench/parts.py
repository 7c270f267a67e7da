"""`python -m scpo bench`: speed on this machine, as ratios within one run where there is a peer.

Peers are the plain way to do the same work, written here from the method's description: heads
trained one at a time with autograd, texts encoded one interaction per batch in fp32. Each row has
a goal; a row that misses it is printed as missed, not left out. docs/bench.md explains each row.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from scpo.runs import write_json

Row = dict[str, object]


def bench(only: tuple[str, ...] = (), json_file: str | None = None) -> list[Row]:
    """Measure, print a line per row, and write json if asked. only: words that a row's name has."""
    rows = []
    print(f"{'what':<62}{'value':>10} {'unit':<10}{'goal':>12}")
    for name, measure in BENCHES.items():
        if only and not any(word in name for word in only):
            continue
        for row in measure():
            rows.append(row)
            mark = "" if row["reached"] else "  missed"
            value = f"{row['value']:.2f}" if not 0 < row["value"] < 0.01 else f"{row['value']:.0e}"
            print(f"{row['name']:<62}{value:>10} {row['unit']:<10}{row['goal']:>12}{mark}", flush=True)
    if json_file:
        write_json(Path(json_file).absolute(), {"machine": machine(), "rows": rows})
    return rows


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "python": platform.python_version(), "torch": torch.__version__, "cores": os.cpu_count(),
        "threads": torch.get_num_threads(), "processor": platform.processor() or platform.machine(),
        "gflops_fp32": round(matmul_rate(torch.float32) / 1e9), "gflops_bf16": round(matmul_rate(torch.bfloat16) / 1e9),
        "copy_gbytes_per_s": round(copy_rate() / 1e9, 1),
    }  # fmt: skip


def row(name: str, value: float, unit: str, goal: float, at_most: bool) -> Row:
    """One figure beside its goal."""
    reached = value <= goal if at_most else value >= goal
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "goal": f"{'<=' if at_most else '>='} {goal:g}",
        "reached": reached,
    }


def seconds(work: Callable[[], object], repeat: int = 1) -> float:
    """Best of some runs: the one least disturbed by other work on the machine."""
    best = float("inf")
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def matmul_rate(dtype: torch.dtype, size: int = 2048) -> float:
    """Floating-point operations per second of a square matrix product."""
    a, b = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
    a @ b
    return 2 * size**3 / seconds(lambda: a @ b, repeat=10)


def copy_rate(size: int = 1 << 28) -> float:
    """Bytes per second of a copy in memory, counting bytes read and written."""
    source = np.zeros(size, np.uint8)
    return 2 * size / seconds(source.copy, repeat=5)


def bench_demo() -> Iterator[Row]:
    """The demo experiment as a user runs it: a new process, first without and then with the cache."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "SCPO_WORKSPACE": folder}
        for name, goal in (("cold", 60), ("warm", 10)):
            command = [sys.executable, "-m", "scpo", "run", "--dataset", "demo", "--quiet", "--out", f"{folder}/{name}"]
            spent = seconds(lambda command=command: subprocess.run(
                command, env=environment, check=True, stdout=subprocess.DEVNULL))  # fmt: skip
            yield row(f"demo experiment, {name}", spent, "s", goal, at_most=True)


def bench_heads(count: int = 1050, steps: int = 300, width: int = 768, batch: int = 16) -> Iterator[Row]:
    """All heads stacked against one at a time with autograd and torch's Adam; a sample of the latter is scaled up."""
    from scpo.training.heads import Heads, HeadShape, Pool, batch_order

    rng = np.random.default_rng(0)
    phi = rng.normal(size=(3000, width)).astype(np.float32)
    chosen, rejected = rng.integers(0, 3000, 6000), rng.integers(0, 3000, 6000)
    pools = []
    for k in range(count):
        picked = rng.permutation(6000)[: rng.integers(50, 900)]
        pools.append(Pool(picked, np.ones(len(picked), np.float32), (k,)))

    def stacked():
        heads = Heads(HeadShape(width), torch.zeros(count, width), pools, lambda r: phi[r], chosen, rejected,
                      steps=steps, batch_size=batch, lr=0.001)  # fmt: skip
        heads.advance(steps)
        return heads

    difference = torch.from_numpy(phi[chosen] - phi[rejected])

    def single(pool):
        theta = torch.nn.Parameter(torch.zeros(width))
        adam = torch.optim.Adam([theta], lr=0.001)
        rows = torch.from_numpy(pool.rows[batch_order(pool, 0, steps * batch)]).view(steps, batch)
        for step in rows:
            adam.zero_grad()
            torch.nn.functional.softplus(-(difference[step] @ theta)).mean().backward()
            adam.step()
        return theta.detach()

    together, sample = seconds(stacked, repeat=2), 10
    apart = seconds(lambda: [single(pool) for pool in pools[:sample]]) / sample * count
    yield row(
        f"{count} heads x {steps} steps, stacked against one at a time", apart / together, "times", 20, at_most=False
    )


def bench_embedding(texts: int = 1200) -> Iterator[Row]:
    """Encoding rate as a share of a matrix product's, and against fp32 with one interaction per batch."""
    from transformers import AutoModel, AutoTokenizer

    from scpo import data as sources
    from scpo.config import DataConfig
    from scpo.training.encoders import fast_bf16, load_encoder

    strings = sources.load(DataConfig()).texts["response"].tolist()[:texts]
    encoder = load_encoder("minilm")
    encoder.encode(strings[:64])
    ours = seconds(lambda: encoder.encode(strings), repeat=2)
    peak = matmul_rate(torch.bfloat16 if fast_bf16() else torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(encoder.folder)
    model = AutoModel.from_pretrained(encoder.folder, dtype=torch.float32).eval()
    lengths = np.array([len(ids) for ids in tokenizer(strings)["input_ids"]])
    hidden, layers, inner = model.config.hidden_size, model.config.num_hidden_layers, model.config.intermediate_size
    per_token = layers * (8 * hidden**2 + 4 * hidden * inner)
    work = (lengths * per_token + layers * 4 * lengths**2 * hidden).sum()

    @torch.inference_mode()
    def plain_way(some):
        for start in range(0, len(some), 4):
            batch = tokenizer(some[start : start + 4], padding=True, truncation=True, return_tensors="pt")
            model(**batch)

    sample = strings[: max(texts // 4, 4)]
    plain = seconds(lambda: plain_way(sample)) / len(sample) * len(strings)
    yield row("embedding rate over a 2048-cubed matrix product's", work / ours / peak * 100, "%", 60, at_most=False)
    yield row("embedding, against fp32 and one interaction per batch", plain / ours, "times", 4, at_most=False)


def bench_pairs() -> Iterator[Row]:
    """100,000 pairs from a table of PRISM's shape: first turns of 4 responses, later ones of 2."""
    from scpo.data.build import scored_pairs

    rng = np.random.default_rng(0)
    size = np.concatenate([np.full(8000, 4), np.full(26000, 2)])
    group = np.repeat(np.arange(len(size)), size)
    table = pd.DataFrame({
        "prompt": [f"prompt number {g}" for g in group], "response": [f"response {i}" for i in range(len(group))],
        "score": rng.integers(1, 101, len(group)), "country": rng.choice(["A", "B", "C"], len(group)),
        "unit": group % 1396, "group": group,
    })  # fmt: skip
    spent = seconds(lambda: scored_pairs(table))
    made = len(scored_pairs(table)[1])
    yield row("100,000 pairs of PRISM's size, built", spent * 100_000 / made, "s", 2, at_most=True)


def bench_million() -> Iterator[Row]:
    """Filter, weight and accuracy with intervals for 1,000,000 pairs of 5,000 people."""
    from scpo.metrics.bootstrap import accuracy_draws, interval, resample_units
    from scpo.metrics.outcomes import tally
    from scpo.selection import keep_mask, pair_weights

    rng = np.random.default_rng(0)
    margin = rng.normal(0.4, 1.5, 1_000_000).astype(np.float32)
    unit = rng.integers(0, 5000, len(margin))
    heads = pd.DataFrame([{"method": "scpo", "seed": 0, "level": 0, "pairs": len(margin), "trained": 0, "step": 0}])

    def work():
        keep_mask(margin, 0.7), pair_weights(margin, 1.1)
        outcomes = [tally(str(c), heads, margin[None, c::10] + 0.1, margin[c::10], unit[c::10]) for c in range(10)]
        drawn = resample_units(outcomes, shared=False)
        [interval(accuracy_draws(o, d)) for o, d in zip(outcomes, drawn, strict=True)]

    yield row("1,000,000 pairs: filter, weight and metrics", seconds(work), "s", 2, at_most=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    yield row("peak memory of this process so far", peak, "GiB", 4, at_most=True)


def bench_finetuning() -> Iterator[Row]:
    """Rows of fine-tuning."""
    from scpo.training.finetune.bench import bench_steps

    yield from bench_steps()


def bench_app() -> Iterator[Row]:
    """Rows of the app."""
    from scpo.ui.bench import bench_pages
    from scpo.ui.bench_sessions import bench_sessions

    yield from bench_pages()
    yield from bench_sessions()


BENCHES: dict[str, Callable[[], Iterator[Row]]] = {
    "pairs": bench_pairs,
    "million": bench_million,
    "heads": bench_heads,
    "embedding": bench_embedding,
    "fine-tuning": bench_finetuning,
    "demo": bench_demo,
    "app": bench_app,
}
