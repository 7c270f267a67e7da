"""The commands `jobs` and `worker` of the command line."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
import time

from scpo import runs
from scpo.errors import ConfigError
from scpo.format import counted, rounded_down
from scpo.jobs import launch
from scpo.jobs.job import Job
from scpo.jobs.leases import Leases
from scpo.jobs.store import Store, open_store
from scpo.jobs.table import open_table
from scpo.runs.progress_log import log_lines

JOB = "its id, or its run folder"
ENDED = {"done": 0, "failed": 1, "lost": 1, "cancelled": 130}  # exit codes of `jobs follow`


def add_job_commands(commands) -> None:
    """`jobs list | show | follow | cancel | resume | delete` and `worker`."""
    jobs = commands.add_parser("jobs", help="runs of the workspace: list, show, follow, cancel, resume, delete")
    actions = jobs.add_subparsers(dest="action", required=True, metavar="ACTION")
    all_ = actions.add_parser("list", help="every job, the newest first")
    all_.add_argument("--deleted", action="store_true", help="also those deleted in the last week")
    all_.add_argument("--json", action="store_true", help="as json")
    helps = {
        "show": "state, settings and last log lines of a job",
        "follow": "watch a job until it ends; exit code 0 done, 1 failed or lost, 130 cancelled",
        "cancel": "end a job at its next safe point; it can be resumed",
        "resume": "go on with a job that failed, was cancelled or lost, from its last checkpoint",
        "delete": "hide a job; its folder stays for a week, and `delete --undo` brings it back",
    }
    for name, text in helps.items():
        one = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        one.add_argument("job", metavar="JOB", help=JOB)
        if name == "show":
            one.add_argument("--json", action="store_true", help="as json")
        if name == "delete":
            one.add_argument("--undo", action="store_true", help="bring a deleted job back")
        if name == "resume":
            one.add_argument("--follow", action="store_true", help="and watch it until it ends")
    worker = commands.add_parser("worker", help="take queued jobs one after the other, until Ctrl-C")
    worker.add_argument("--idle", type=float, metavar="SECONDS", help="end after so long without a job")


def manage(args: argparse.Namespace) -> int:
    """One of the `jobs` commands; returns the exit code."""
    with contextlib.closing(open_store()) as store:
        return _manage(args, store)


def _manage(args: argparse.Namespace, store: Store) -> int:
    if args.action == "list":
        found = store.jobs(args.deleted)
        print(json.dumps([_record(job) for job in found], indent=1, ensure_ascii=False) if args.json else table(found))
        return 0
    job = store.get(args.job)
    if args.action == "show":
        print(json.dumps(_record(job), indent=1, ensure_ascii=False) if args.json else _described(job))
    elif args.action == "follow":
        return follow(store, job)
    elif args.action == "cancel":
        job = store.cancel(job.id)
        print(f"{job.id}: {'will end at its next safe point' if job.state == 'running' else job.state}")
    elif args.action == "delete":
        job = store.undelete(job.id) if args.undo else store.delete(job.id)
        undo = "" if args.undo else f"; bring it back with: jobs delete --undo {job.id}"
        print(f"{job.id}: {'is back' if args.undo else 'deleted'}{undo}")
    else:
        job = launch.resume(job.id, store)
        print(f"{job.id}: {job.state}; watch it with: jobs follow {job.id}", file=sys.stderr)
        return follow(store, job) if args.follow else 0
    return 0


def work_on(args: argparse.Namespace) -> int:
    """The command `worker`."""
    from scpo.jobs.worker import ends_on_signals, serve

    if args.idle is not None and args.idle < 0:
        raise ConfigError(f"--idle is {args.idle}; it takes a number of seconds of at least 0.")
    with contextlib.closing(open_table()) as table:
        worked = serve(Leases(table), args.idle, ends_on_signals())
    print(f"worked {counted(worked, 'job')}", file=sys.stderr)
    return 0


def follow(store: Store, job: Job) -> int:
    """Watch a job on a progress bar until it ends; returns the exit code."""
    bar, told = Bar(), set()
    try:
        while job.state in ("queued", "running"):
            for warning in runs.warnings(job.folder):
                if warning not in told:
                    bar.say(f"warning: {warning}")
                told.add(warning)
            if job.state == "queued":
                launch.ensure_workers(store)  # the one that was to take it may be gone
            bar({"stage": job.stage or job.state, "fraction": job.fraction, "seconds_left": job.seconds_left or 0})
            time.sleep(0.5)
            job = store.get(job.id)
    finally:
        bar.close()
    print(f"{job.id}: {job.state}. {job.message or job.folder}".strip())
    return ENDED[job.state]


def table(jobs: list[Job]) -> str:
    """Jobs as text."""
    if not jobs:
        return "no jobs yet; `python -m scpo run --out DIR` or the app makes one."
    lines = [f"{'id':<13}{'state':<11}{'done':>6}  {'created':<17}name"]
    for job in jobs:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(job.created))
        state = "deleted" if job.deleted else "cancelling" if job.cancelling else job.state
        lines.append(f"{job.id:<13}{state:<11}{rounded_down(job.fraction):>6}  {when:<17}{job.name}")
    return "\n".join(lines)


def _record(job: Job) -> dict:
    return {**vars(job), "config": job.config.as_dict(), "folder": str(job.folder)}


def _described(job: Job) -> str:
    lines = [table([job]), "", f"folder   {job.folder}", f"attempt  {job.attempt}"]
    lines += [f"{name:<9}{text}" for name, text in (("message", job.message), ("note", job.note)) if text]
    lines += ["", "settings", json.dumps(job.config.as_dict(), indent=1, ensure_ascii=False)]
    last = log_lines(job.folder, 20)
    return "\n".join([*lines, "", "last log lines", *last] if last else lines)


class Bar:
    """A progress bar on stderr, fed with the entries of progress.jsonl."""

    def __init__(self, hidden: bool = False):
        from tqdm import tqdm

        form = "{desc:<10}{percentage:3.0f}% |{bar:24}| {elapsed} {postfix}"
        self._bar = tqdm(total=100, file=sys.stderr, disable=hidden, bar_format=form)

    def __call__(self, entry) -> None:
        self._bar.set_description_str(entry["stage"], refresh=False)
        self._bar.set_postfix_str(f"about {math.ceil(entry['seconds_left'])} s left", refresh=False)
        self._bar.n = round(100 * entry["fraction"], 1)
        self._bar.refresh()

    def say(self, line: str) -> None:
        """A line above the bar."""
        self._bar.write(line, file=sys.stderr)

    def close(self) -> None:
        self._bar.close()
