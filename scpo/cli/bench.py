"""`python -m scpo bench`: every row is measured, printed beside its goal, and written if asked.

A row that misses its goal is printed as missed, not left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scpo.runs.files import write_json

if TYPE_CHECKING:
    from scpo.bench import Row


def add_bench(commands) -> None:
    """The command and its options."""
    parser = commands.add_parser("bench", help="measure speed on this machine, as ratios within one run")
    parser.add_argument("--json", metavar="FILE", help="also write the rows to this file")
    parser.add_argument("--only", metavar="A,B,...", help="only groups of rows whose name contains one of these words")
    parser.add_argument(
        "--against", metavar="FOLDER", help="group busy: another build to compare with, a folder with its own .venv"
    )
    parser.add_argument(
        "--data-file", action="append", default=[], metavar="FILE", help="group busy: also a run on this survey"
    )


def bench_command(args: argparse.Namespace) -> None:
    """The command: measured rows on stdout."""
    only = tuple((args.only or "").split(",")) if args.only else ()
    bench(only, args.json, args.against, tuple(args.data_file))


def bench(
    only: tuple[str, ...] = (),
    json_file: str | None = None,
    against: str | None = None,
    data_files: tuple[str, ...] = (),
) -> list[Row]:
    """Measure, print a line per row, and write json if asked.

    only                 words, one of which a row's group has
    against, data_files  what the group busy compares with, and the survey that it runs on too
    Raises `ConfigError` if `against` is no build.
    """
    from scpo.bench import machine

    here, rows = machine(), []
    print("  ".join(f"{name} {value}" for name, value in here.items()))
    print(f"{'what':<72}{'value':>10} {'unit':<9}{'goal':>10}")
    for name, measure in benches(against, data_files).items():
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


def benches(against: str | None, data_files: tuple[str, ...]) -> dict[str, Callable[[], Iterator[Row]]]:
    """What measures the rows of each group, by the group's name. Loads what is measured, and with it torch."""
    from scpo.bench import busy, library, scaling, whole_runs

    return {
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
        **{f"busy-{work.group}": partial(busy.bench_busy, work, against) for work in busy.works(data_files)},
    }
