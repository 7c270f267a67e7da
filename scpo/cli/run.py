"""`python -m scpo run`: one experiment, and its results as a table."""

from __future__ import annotations

import argparse
from pathlib import Path

from scpo.cli.jobs import Bar
from scpo.cli.options import config_of


def run_command(args: argparse.Namespace) -> None:
    from scpo.jobs.worker import run_here

    bar = Bar(hidden=args.quiet)
    try:
        result = run_here(config_of(args), Path(args.out), bar)
    finally:
        bar.close()
    if args.json:
        print((result.folder / "metrics.json").read_text())
    else:
        from scpo.cli.result_table import result_table

        print(result_table(result))
