"""The command line: the same functions as the app, nothing of its own.

`python -m scpo run | results | data check | plan | judge | falsify | jobs | worker | best-of-n | apart | export |
report | study | reproduce | bench`. Progress goes to stderr, results to stdout. Exit codes: 0 done,
1 failed, 2 unusable input, 130 interrupted.
Options are made from the configuration classes, so a default and its help text are written once.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from scpo.cli.apart import add_apart, apart
from scpo.cli.bench import add_bench, bench_command
from scpo.cli.best_of_n import add_best_of_n, best_of_n
from scpo.cli.data import add_data, data_check
from scpo.cli.export import add_export, add_report, export_command, report_command
from scpo.cli.falsify import add_falsify, falsify_command
from scpo.cli.jobs import add_job_commands, manage, work_on
from scpo.cli.judge import add_judge, judge_command
from scpo.cli.options import config_of
from scpo.cli.plan import add_plan, plan_command
from scpo.cli.reproduce import add_reproduce, reproduce
from scpo.cli.results import add_results, results_command
from scpo.cli.run import add_run, run_command
from scpo.cli.study import add_study, study
from scpo.errors import JobError, ScpoError
from scpo.grouping import speaking_of
from scpo.runs import is_done, read_config, workspace

# Commands that take a run by its folder or its id.
OF_A_RUN = ("apart", "best-of-n", "export", "falsify", "judge", "report", "results", "study")
EXAMPLES = """examples:
  python -m scpo run --dataset demo --out runs/demo
      the simulated world: seven invented countries, every method, about half a minute
  python -m scpo run --dataset survey --data-file answers.jsonl --countries Mexico,Japan --out runs/survey
      real survey answers; rows of question, country, options, distribution; --title and --licence name them
  python -m scpo data check --dataset file --data-file pairs.csv
      counts per country, or every fault of the file with its row number
  python -m scpo jobs list
      every run of the workspace with its state; show, follow, cancel, resume, delete one
  python -m scpo best-of-n runs/demo --country Galune --candidates answers.csv
      the answer to each prompt that Galune's model likes best
  python -m scpo bench --json bench.json
      speed on this machine, as ratios within one run
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scpo",
        description=__doc__.split("\n")[0],
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_run(commands, EXAMPLES)
    add_results(commands)
    add_data(commands)
    add_plan(commands)
    add_judge(commands)
    add_falsify(commands)
    add_job_commands(commands)
    add_best_of_n(commands)
    add_apart(commands)
    add_export(commands)
    add_reproduce(commands)
    add_report(commands)
    add_study(commands)
    add_bench(commands)
    return parser


def _folder_of(said: str) -> str:
    """The folder of a run, named by it, by its name among the workspace's runs, or by its id; others as they are."""
    if Path(said).is_dir() or not workspace().is_dir():
        return said
    in_workspace = workspace() / "runs" / Path(said).name
    if in_workspace.is_dir():
        return str(in_workspace)
    from scpo.jobs.store import open_store

    with contextlib.closing(open_store()) as store, contextlib.suppress(JobError):
        return str(store.get(said).folder)
    return said


def _group_of(args: argparse.Namespace) -> tuple[str, ...]:
    """What the command's data or run is steered to, of which its output is to speak."""
    if getattr(args, "group", None) or getattr(args, "config", None):
        return config_of(args).data.group
    if args.command in OF_A_RUN and getattr(args, "run", None) and is_done(Path(args.run)):
        return read_config(Path(args.run)).data.group
    return ()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Never shows a stack trace for a `ScpoError`."""
    args = _parser().parse_args(argv)
    commands = {
        "run": run_command,
        "results": results_command,
        "data": data_check,
        "plan": plan_command,
        "judge": judge_command,
        "falsify": falsify_command,
        "bench": bench_command,
        "jobs": manage,
        "worker": work_on,
        "best-of-n": best_of_n,
        "apart": apart,
        "export": export_command,
        "reproduce": reproduce,
        "report": report_command,
        "study": study,
    }
    try:
        if args.command in OF_A_RUN and getattr(args, "run", None):
            args.run = _folder_of(args.run)
        with speaking_of(_group_of(args)):
            return commands[args.command](args) or 0
    except ScpoError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except (OSError, MemoryError) as error:  # disk full, a folder that went away, too little memory
        print(f"error: {error or 'out of memory'}; fix that and run the same command again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the run folder is unfinished (it has no done.json).", file=sys.stderr)
        return 130
