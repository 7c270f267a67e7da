"""`python -m scpo plan`: what a data set can tell, before anything is trained."""

from __future__ import annotations

import argparse
import json

from scpo.cli.options import add_settings, config_of
from scpo.config import DataConfig
from scpo.errors import ConfigError
from scpo.grouping import worded
from scpo.runs.progress_log import plain


def add_plan(commands) -> None:
    """The command and its options: those of the data."""
    parser = commands.add_parser(
        "plan",
        help="per country the smallest difference that its test people would show",
        description="What a data set can tell before anything is trained: per country its people, prompts and pairs, "
        "the smallest difference between two methods that they would show, and how many people would show a given one.",
    )
    parser.add_argument("--points", type=float, default=5.0, help="the difference that is to be shown (default: 5)")
    parser.add_argument("--json", action="store_true", help="the table as json, differences as shares")
    add_settings(parser, DataConfig)


def plan_command(args: argparse.Namespace) -> None:
    """The command: the table and its sentences on stdout."""
    from scpo import data as sources
    from scpo.planner import plan_table
    from scpo.text.planner import ASSUMED, FOLDS, folds_offer, plan_lines, plan_shown

    if not 0 < args.points < 100:
        raise ConfigError(f"--points is {args.points:g}; it must lie between 0 and 100, such as 5.")
    data = sources.look(config_of(args).data)[0]
    wanted, unit = args.points / 100, data.card.unit
    table = plan_table(data, wanted)
    if args.json:
        print(json.dumps(plain(table), indent=1, ensure_ascii=False))
        return
    print(data.card.title + "\n")
    print(plan_shown(table, unit, wanted).to_string(index=False))
    offer = folds_offer(table, unit, f"`--folds {FOLDS}`")
    print("\n" + "\n".join([*plan_lines(table, unit, wanted), *([offer] if offer else []), "", worded(ASSUMED)]))
