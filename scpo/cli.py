"""The command line: the same functions as the app, nothing of its own.

`python -m scpo run | data check | jobs | worker | best-of-n | export | report | study | reproduce | bench`.
Progress goes to stderr, results to stdout. Exit codes: 0 done, 1 failed, 2 unusable input, 130 interrupted.
Options are made from the configuration classes, so a default and its help text are written once.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from scpo.config import PARTS, REPEATED, DataConfig, ExperimentConfig, FinetuneConfig, flag
from scpo.data.countries import split_names
from scpo.data.leaks import sentences
from scpo.errors import ConfigError, DataFaults, JobError, ScpoError
from scpo.jobs.commands import Bar, add_job_commands, manage, work_on
from scpo.reproduce import add_reproduce, reproduce
from scpo.runs import workspace
from scpo.study.command import add_study, study
from scpo.training.best_of_n import add_best_of_n, best_of_n
from scpo.training.export import add_export, export_command

OF_A_RUN = ("best-of-n", "export", "report")  # commands that take a run by its folder or its id
NAMES = ("countries", "reference")  # settings of countries, whose names may hold a comma
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


def _add_settings(parser, config_class: type, only: Collection[str] = ()) -> None:
    """One option per setting, or for these only; None means 'not given', so that --config keeps its values."""
    for field in dataclasses.fields(config_class):
        if field.name in PARTS or (only and field.name not in only):
            continue
        default = field.default
        unit = f" [{field.metadata['unit']}]" if field.metadata.get("unit") else ""
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        help_ = f"{field.metadata['help']}{unit}" + (f" (default: {shown})" if shown != "" else "")
        options = {"dest": field.name, "default": None, "help": help_.replace("%", "%%")}
        if isinstance(default, bool):
            options["action"] = "store_true"
        elif field.name in REPEATED:
            options |= {"action": "append", "help": help_ + "; may be given again"}
            options["metavar"] = "FILE" if field.name == "data_files" else "NAME"
        elif field.name in NAMES:
            options |= {"action": "append", "metavar": "A,B,...", "help": f"{help_}; may be given again, once for each"}
        elif isinstance(default, tuple):
            options |= {"metavar": "A,B,..."}
        else:
            options |= {"type": type(default), "metavar": type(default).__name__.upper()}
        parser.add_argument(flag(field), **options)


def _given(args: argparse.Namespace, config_class: type) -> dict:
    """The settings of a class that were given on the command line, in their own types."""
    found = {}
    for field in dataclasses.fields(config_class):
        value = getattr(args, field.name, None)
        if field.name in PARTS or value is None:
            continue
        if field.name in NAMES:
            value = [name for said in value for name in split_names(said)]
        elif isinstance(field.default, tuple) and field.name not in REPEATED:
            value = [part.strip() for part in value.split(",") if part.strip()]
            if field.name == "budgets":
                value = [_whole(part, field.name) for part in value]
        found[field.name] = tuple(value) if isinstance(value, list) else value
    return found


def _whole(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigError(f"{name} has {text!r}; it takes whole numbers of pairs, such as 50,100,200.") from None


def _config(args: argparse.Namespace) -> ExperimentConfig:
    base = ExperimentConfig()
    if getattr(args, "config", None):
        try:
            base = ExperimentConfig.from_dict(json.loads(Path(args.config).read_bytes()))
        except (OSError, ValueError, AttributeError) as error:
            raise ConfigError(f"--config {args.config} cannot be read as json settings: {error}.") from error
    data = dataclasses.replace(base.data, **_given(args, DataConfig))
    finetune = dataclasses.replace(base.finetune, **_given(args, FinetuneConfig))
    return dataclasses.replace(base, data=data, finetune=finetune, **_given(args, ExperimentConfig))


def _parser() -> argparse.ArgumentParser:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m scpo", description=__doc__.split("\n")[0], epilog=EXAMPLES, formatter_class=formatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run", help="one experiment: train and measure", epilog=EXAMPLES, formatter_class=formatter,
        description="Train a reward head per country, method, seed and budget; measure; write a run folder.",
    )  # fmt: skip
    run.add_argument("--out", required=True, metavar="DIR", help="the run folder; a finished run is never overwritten")
    run.add_argument(
        "--config", metavar="FILE", help="settings as json, such as the config.json of a run; options override"
    )
    run.add_argument("--json", action="store_true", help="print metrics.json's records instead of the table")
    run.add_argument("--quiet", action="store_true", help="no progress bar")
    _add_settings(run.add_argument_group("data"), DataConfig)
    _add_settings(run.add_argument_group("experiment"), ExperimentConfig)
    _add_settings(run.add_argument_group("fine-tuning whole models"), FinetuneConfig)

    data = commands.add_parser("data", help="look at data before training")
    check = data.add_subparsers(dest="action", required=True, metavar="ACTION").add_parser(
        "check", help="counts per country, or every fault with its row number; exit 2 if unusable",
    )  # fmt: skip
    check.add_argument("--json", action="store_true", help="counts or faults as json")
    _add_settings(check, DataConfig)
    model = check.add_argument_group("a global model of one's own, so that no reference country is needed")
    _add_settings(model, ExperimentConfig, {"global_model"})
    _add_settings(model, FinetuneConfig, {"model", "max_length"})
    check.add_argument("--encoder", metavar="NAME", help="whose tokenizer looks at the texts; none = skip that "
                       f"(default: {ExperimentConfig.encoder})")  # fmt: skip

    add_job_commands(commands)
    add_best_of_n(commands)
    add_export(commands)
    add_reproduce(commands)
    report = commands.add_parser(
        "report", help="one HTML file that needs no network, and a csv per figure",
        description="A finished run as a report: question, data, method, results with intervals, limits.",
    )  # fmt: skip
    report.add_argument("run", metavar="RUN", help="the folder of a finished run, or its id in the workspace")
    report.add_argument("--out", required=True, metavar="DIR", help="a folder that does not exist yet, or is empty")
    add_study(commands)
    bench = commands.add_parser("bench", help="measure speed on this machine, as ratios within one run")
    bench.add_argument("--json", metavar="FILE", help="also write the rows to this file")
    bench.add_argument("--only", metavar="A,B,...", help="only rows whose name contains one of these words")
    return parser


def _run(args: argparse.Namespace) -> None:
    from scpo.jobs.worker import run_here

    bar = Bar(hidden=args.quiet)
    try:
        result = run_here(_config(args), Path(args.out), bar)
    finally:
        bar.close()
    if args.json:
        print((result.folder / "metrics.json").read_text())
    else:
        from scpo.ui.text_table import result_table

        print(result_table(result))


def _data_check(args: argparse.Namespace) -> None:
    from scpo import data as sources
    from scpo.data.naming import provenance

    try:
        config = _config(args)
        data = sources.load(config.data)
        sources.check_global(config, data)
    except DataFaults as error:
        if not args.json:
            raise
        print(
            json.dumps(
                {"path": error.path, "why": error.why, "faults": [dataclasses.asdict(f) for f in error.faults]},
                indent=1,
            )
        )
        raise
    counts, reading = sources.counts(data), _reading(data, config)
    if args.json:
        card = dataclasses.asdict(data.card)
        read = [] if reading is None else reading.to_dict("records")
        print(json.dumps({**card, "counts": counts.to_dict("records"), "reading": read}, indent=1, ensure_ascii=False))
        return
    print(data.card.title)
    for label, text in provenance(dataclasses.asdict(data.card)).items():
        print(f"{label.lower()}: {text}")
    print()
    print(counts.to_string(index=False))
    print("\n" + "\n".join(sentences(dataclasses.asdict(data.card))))
    for reason, rows in data.card.dropped.items():
        if rows:
            print(f"left out: {rows:,} ({reason})")
    for note in data.card.notes:
        print(f"note: {note}")
    if reading is not None:
        from scpo.training.reading import lines_of

        whole = config.finetune.model
        reader = f"model {Path(whole).name}" if whole else f"encoder {Path(config.encoder).name}"
        print("\n".join(["", f"what the {reader} reads:", *lines_of(reading)]))


def _reading(data, config: ExperimentConfig):
    """What the encoder, or the model to fine-tune, reads of the texts, per country; None where it is not asked for, or
    is not here."""
    from scpo.training.reading import reading_by

    if config.encoder == "none":
        return None
    try:
        if config.finetune.model:
            from scpo.training.finetune.reading import reading_by_model

            return reading_by_model(data, config.finetune)
        return reading_by(data, config.encoder)
    except ScpoError as error:
        print(f"what is read of the texts is not checked: {error}", file=sys.stderr)
        return None


def _report(args: argparse.Namespace) -> None:
    from scpo.ui.report import write_report

    print(write_report(Path(args.run), Path(args.out)))


def _folder_of(said: str) -> str:
    """The folder of a run that is named by its folder or by its id in the workspace; unknown names stay as they are."""
    if Path(said).is_dir() or not workspace().is_dir():
        return said
    from scpo.jobs.store import open_store

    with contextlib.closing(open_store()) as store, contextlib.suppress(JobError):
        return str(store.get(said).folder)
    return said


def _bench(args: argparse.Namespace) -> None:
    from scpo.bench.command import bench

    bench(only=tuple((args.only or "").split(",")) if args.only else (), json_file=args.json)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Never shows a stack trace for a `ScpoError`."""
    args = _parser().parse_args(argv)
    commands = {"run": _run, "data": _data_check, "bench": _bench, "jobs": manage, "worker": work_on,
                "best-of-n": best_of_n, "export": export_command, "reproduce": reproduce,
                "report": _report, "study": study}  # fmt: skip
    try:
        if args.command in OF_A_RUN:
            args.run = _folder_of(args.run)
        return commands[args.command](args) or 0
    except ScpoError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except (OSError, MemoryError) as error:  # disk full, a folder that went away, too little memory
        print(f"error: {error or 'out of memory'}; mend that and run the same command again.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the run folder is unfinished (it has no done.json).", file=sys.stderr)
        return 130
