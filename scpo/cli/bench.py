"""`python -m scpo bench`: every row is measured, printed beside its goal, and written if asked.

A row that misses its goal is printed as missed, not left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from scpo.bench import Row, library, machine, scaling, whole_runs
from scpo.runs.files import write_json


def bench(only: tuple[str, ...] = (), json_file: str | None = None) -> list[Row]:
    """Measure, print a line per row, and write json if asked. only: words, one of which a row's group has."""
    here, rows = machine(), []
    print("  ".join(f"{name} {value}" for name, value in here.items()))
    print(f"{'what':<72}{'value':>10} {'unit':<9}{'goal':>10}")
    for name, measure in BENCHES.items():
        if only and not any(word in name for word in only):
            continue
        for row in measure():
            rows.append(row)
            mark = "" if row["reached"] else "  missed"
            value = f"{row['value']:.2f}" if not 0 < row["value"] < 0.01 else f"{row['value']:.0e}"
            print(f"{row['name']:<72}{value:>10} {row['unit']:<9}{row['goal']:>10}{mark}", flush=True)
    if json_file:
        write_json(Path(json_file).absolute(), {"machine": here, "rows": rows})
    return rows


def bench_finetuning() -> Iterator[Row]:
    """Rows of fine-tuning."""
    from scpo.bench.finetune import bench_scoring, bench_steps

    yield from bench_steps()
    yield from bench_scoring()


def bench_app() -> Iterator[Row]:
    """Rows of the app."""
    from scpo.bench.app import bench_pages
    from scpo.bench.sessions import bench_sessions

    yield from bench_pages()
    yield from bench_sessions()


BENCHES: dict[str, Callable[[], Iterator[Row]]] = {
    "pairs": library.bench_pairs,
    "metrics": library.bench_metrics,
    "heads": library.bench_heads,
    "embedding": library.bench_embedding,
    "fine-tuning": bench_finetuning,
    "scaling": scaling.bench_scaling,
    "demo": whole_runs.bench_demo,
    "million": whole_runs.bench_million,
    "prism": whole_runs.bench_prism,
    "app": bench_app,
}
