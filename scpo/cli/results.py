"""`python -m scpo results RUN`: what a finished run found, once more, under any ruler of distinct and consensus."""

from __future__ import annotations

import argparse
from pathlib import Path

from scpo import runs
from scpo.cli.options import add_run_folder, add_table_file
from scpo.cli.result_table import result_table, write_table
from scpo.metrics.rulers import GLOBAL
from scpo.rulers import under
from scpo.runs.judges import read_judges
from scpo.runs.outcomes import read_held_out, read_outcomes
from scpo.text.judges import with_judges
from scpo.text.rulers import ruled_by, with_ruler
from scpo.training.encoder_reading import unreadable


def add_results(commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "results",
        help="the table of a finished run, under any ruler of distinct and consensus",
        description="Print what `run` printed at its end. `--ruler` has another model than the global one say which "
        "pairs are distinct (it gets them wrong) and which of a consensus; nothing is trained or scored.",
    )
    add_run_folder(parser)
    parser.add_argument(
        "--ruler",
        default=GLOBAL,
        metavar="NAME",
        help="global (default), majority, pooled, people (surveys), second (of a run with --second-global), or the "
        "name of a judge beside the run, as in 'brought: LLM judge'",
    )
    add_table_file(parser)


def results_command(args: argparse.Namespace) -> None:
    """The command: the table on stdout; accuracies on all, distinct and consensus pairs in the csv of --out."""
    result, beside = runs.read(Path(args.run)), read_judges(Path(args.run))
    if args.ruler != GLOBAL:
        said, margins = read_outcomes(result.folder), read_held_out(result.folder)
        unread = unreadable(result.tables.get("reading"))
        result, beside = under(result, said, margins, args.ruler, beside, unread)
    with ruled_by(args.ruler):
        print(result_table(result, beside))
        write_table(args.out, with_ruler(with_judges(result, beside).tables["accuracy"]), result.card["simulated"])
