"""`python -m scpo study NAME`: the project's own studies, each a table on stdout and, with --out, a csv."""

from __future__ import annotations

import argparse
from pathlib import Path

from scpo.runs import write_bytes

STUDIES = {"coverage": "how often 95 %% intervals hold the truth, on planted people (about 3 minutes)"}


def add_study(commands) -> None:
    """The command's options."""
    parser = commands.add_parser(
        "study", help="the project's own studies: coverage of intervals",
        description="Studies: " + "; ".join(f"{name}: {what}" for name, what in STUDIES.items()),
    )  # fmt: skip
    parser.add_argument("name", choices=STUDIES, metavar="NAME", help=", ".join(STUDIES))
    parser.add_argument("--worlds", type=int, default=1000, help="worlds to count over (default: 1000)")
    parser.add_argument("--out", metavar="FILE", help="also write the table to this csv file")


def study(args: argparse.Namespace) -> None:
    """Run one study and print its table."""
    from scpo.study.coverage import coverage_table

    table = coverage_table(args.worlds)
    wide = table.pivot(index=["people", "measure"], columns="interval", values="coverage")
    print((100 * wide).round(1).to_string(na_rep="-"))
    if args.out:
        write_bytes(Path(args.out).absolute(), table.to_csv(index=False).encode())
