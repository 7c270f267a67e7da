"""`python -m scpo run`: one experiment, and its results as a table."""

from __future__ import annotations

import argparse
from pathlib import Path

from scpo.cli.jobs import Bar
from scpo.cli.options import add_settings, config_of
from scpo.config import DataConfig, ExperimentConfig, FinetuneConfig


def add_run(commands, examples: str) -> None:
    """The command and its options: every setting there is. examples: the end of its help."""
    parser = commands.add_parser(
        "run",
        help="one experiment: train and measure",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Train a reward head per country, method, seed and budget; measure; write a run folder.",
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="the run folder; a finished run is never overwritten"
    )
    parser.add_argument(
        "--config", metavar="FILE", help="settings as json, such as the config.json of a run; options override"
    )
    parser.add_argument("--json", action="store_true", help="print metrics.json's records instead of the table")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    add_settings(parser.add_argument_group("data"), DataConfig)
    add_settings(parser.add_argument_group("experiment"), ExperimentConfig)
    add_settings(parser.add_argument_group("fine-tuning whole models"), FinetuneConfig)


def run_command(args: argparse.Namespace) -> None:
    """The command: the run's table on stdout, or its records as json."""
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
