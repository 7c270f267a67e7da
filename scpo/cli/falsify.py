"""`python -m scpo falsify RUN`: would the run find a gain where there can be none?"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scpo import runs
from scpo.cli.options import add_run_folder, add_table_file, listed
from scpo.cli.result_table import SIMULATED, write_table
from scpo.errors import ConfigError
from scpo.runs.falsifiers import DRAWS
from scpo.text.falsifiers import falsifier_lines, falsifier_table, usual_methods
from scpo.text.judges import unmarked


def add_falsify(commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "falsify",
        help="train a run again on groups that mean nothing: shuffled, equal, flipped",
        description="Alter the groups of a finished run and train its methods again: what a group's own model has "
        "before the others' must vanish, and fall where labels are flipped. Kept in the run's folder, for its report.",
    )
    add_run_folder(parser)
    parser.add_argument("--draws", type=int, default=DRAWS, help=f"of each alteration (default: {DRAWS})")
    parser.add_argument("--methods", metavar="A,B,...", help="of the run (default: those that its pages show first)")
    add_table_file(parser)


def falsify_command(args: argparse.Namespace) -> None:
    """The command: the table and what it says on stdout, progress on stderr."""
    if args.draws < 1:
        raise ConfigError(f"--draws is {args.draws}; it takes a whole number of at least 1.")
    result = runs.read(Path(args.run))
    methods = listed(args.methods or "", "--methods") or usual_methods(result)
    from scpo.study.falsifiers import falsify

    def tell(done: int, total: int) -> None:
        print(f"{done} of {total} trainings", file=sys.stderr)

    table = falsify(result.folder, methods, args.draws, tell)
    if result.card["simulated"]:
        print(SIMULATED)
    print("Accuracy of a group's own model minus that of what it is compared with, points, 95 % interval")
    print(falsifier_table(table).to_string(index=False))
    print("\n" + "\n".join(map(unmarked, falsifier_lines(table))))
    write_table(args.out, table, result.card["simulated"])
