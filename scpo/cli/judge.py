"""`python -m scpo judge`: scores from outside, or any reward model, beside a run or alone on a data set."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from scpo import runs
from scpo.cli.jobs import Bar
from scpo.cli.options import add_settings, config_of
from scpo.config import DataConfig
from scpo.data.preferences import Preferences
from scpo.data.scores import rewardbench_rows, texts_to_score
from scpo.errors import ConfigError
from scpo.export.safe_csv import safe_csv
from scpo.grouping import worded
from scpo.judging import Brought
from scpo.plan import reference_rows, tested_rows
from scpo.runs.files import check_free, new_folder, write_bytes, write_json

EXAMPLES = """examples:
  python -m scpo judge runs/demo --write-texts texts.jsonl
      every text of the run's test pairs (prompt, response), for a judge to score
  python -m scpo judge runs/demo --scores scored.jsonl --name "LLM judge"
      scores of a file (prompt, response, reward) beside the run's methods, on the same test pairs
  python -m scpo judge runs/demo --model owner/reward-model
      any one-label reward model beside them
  python -m scpo judge --dataset file --data-file pairs.csv --model A --model B --out served
      no training at all: whom does each reward model serve, and which of two serves whom better?
"""


def add_judge(commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "judge",
        help="scores of any judge or reward model beside a run, or alone on a data set",
        description="Put scores from outside beside a finished run, on the same test pairs; or score a whole data set "
        "with reward models, without any training.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "run", nargs="?", metavar="RUN", help="the folder of a finished run, or its id; none = --dataset"
    )
    parser.add_argument(
        "--scores",
        metavar="FILE",
        action="append",
        default=[],
        help="csv, jsonl or parquet of prompt, response, reward; or prompt, chosen, rejected, scores_chosen, "
        "scores_rejected, as RewardBench has them",
    )
    parser.add_argument(
        "--model", dest="models", metavar="NAME", action="append", default=[], help="a reward model: folder or hub name"
    )
    parser.add_argument("--name", action="append", default=[], help="what it is called; once for each file, then model")
    parser.add_argument(
        "--max-length", dest="longest", type=int, default=512, help="of a model's input [tokens] (default: 512)"
    )
    parser.add_argument("--replace", action="store_true", help="in place of the run's judge of the same name")
    parser.add_argument("--write-texts", metavar="FILE", help="write the texts to score as jsonl: prompt, response")
    parser.add_argument(
        "--to-rewardbench",
        metavar="FILE",
        help="write the pairs as jsonl in RewardBench's form, with scores where a file or model gives them",
    )
    parser.add_argument("--out", metavar="DIR", help="without a run: a folder that does not exist yet, or is empty")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument("--json", action="store_true", help="the tables as json")
    add_settings(parser.add_argument_group("data, without a run"), DataConfig)


def judge_command(args: argparse.Namespace) -> None:
    """The command: a table and sentences on stdout; what is kept lies in the run's folder or in --out."""
    names = _names(args)
    if args.run is None:
        _alone(args, names)
    else:
        _beside(args, names)


def _names(args: argparse.Namespace) -> list[str]:
    """A name for each file and each model. Raises `ConfigError` for two alike, or too many."""
    from scpo.runs.judges import check_name

    sources = [*args.scores, *args.models]
    if len(args.name) > len(sources):
        raise ConfigError(f"--name is given {len(args.name)} times for {len(sources)} files and models.")
    names = [*args.name, *(Path(source).name for source in sources[len(args.name) :])]
    for name in names:
        check_name(name)
    if len(set(names)) < len(names):
        raise ConfigError(f"two judges would be called alike ({', '.join(names)}); give each a --name.")
    return names


def _beside(args: argparse.Namespace, names: list[str]) -> None:
    """Judges beside a run, or what is to be judged."""
    from scpo import data as sources
    from scpo.cli.result_table import SIMULATED
    from scpo.judging import judge_beside
    from scpo.runs.judges import judge_file, write_judge
    from scpo.runs.outcomes import read_outcomes
    from scpo.text.judges import difference_table, judge_sentences, judge_table, scores_told, unmarked
    from scpo.training.encoder_reading import unreadable

    if args.out:
        raise ConfigError("--out is for a data set without a run; beside a run, judges lie in its own folder.")
    result = runs.read(Path(args.run))
    data = sources.load_unchanged(result.config.data, result.card["content_hash"])
    rows = tested_rows(data)
    taken = [name for name in names if not args.replace and judge_file(result.folder, name).exists()]
    if taken:  # before any model is put to work
        raise ConfigError(f"the run has a judge {taken[0]!r} already; give another --name, or --replace.")
    outcomes, unread = read_outcomes(result.folder), unreadable(result.tables.get("reading"))
    with_reference = np.concatenate([rows, reference_rows(data)])
    every, unit = list(_rewards(args, names, data, with_reference)), data.card.unit
    _write_asked(args, data, rows, every)
    judges = [judge_beside(result.card, outcomes, data, name, rewards, about, unread) for name, rewards, about in every]
    if judges and data.card.simulated and not args.json:
        print(f"{SIMULATED}\n")
    for judge in judges:
        path = write_judge(result.folder, judge, args.replace)
        if args.json:
            print(path.read_text())
            continue
        print(judge_table(judge, unit).rename(columns=worded).to_string(index=False), end="\n\n")
        print(difference_table(judge, unit).to_string(index=False), end="\n\n")
        told = [*judge_sentences(judge, unit, result.tables["paired"]), *scores_told(judge.about)]
        print("\n".join([*map(unmarked, told), f"kept in {path}"]))


def _alone(args: argparse.Namespace, names: list[str]) -> None:
    """Judges on every pair of a data set, without any training."""
    from scpo import data as sources
    from scpo.judging import judge_alone
    from scpo.text.judges import served_notes, served_sentences, served_table

    out = Path(args.out) if args.out else None
    if out:
        check_free(out)  # before the models are asked
    if names and not out:
        raise ConfigError("--out is missing: a folder for the tables. Or name a finished run to put the judges beside.")
    data = sources.look(config_of(args).data)[0]
    rows = np.arange(len(data.pairs))
    every = list(_rewards(args, names, data, rows))
    _write_asked(args, data, rows, every)
    if not every or out is None:
        return
    tables, counted = judge_alone(data, {name: rewards for name, rewards, _ in every})
    about = {"data": dataclasses.asdict(data.card), "judges": {name: about for name, _, about in every}}
    out.parent.mkdir(parents=True, exist_ok=True)
    with new_folder(out) as made:
        write_json(made / "judges.json", {**about, "countries": counted, "tables": tables})
        for name, table in tables.items():
            write_bytes(made / f"{name}.csv", safe_csv(table).encode())
    if args.json:
        print((out / "judges.json").read_text())
        return
    unit = data.card.unit
    print(f"{data.card.title}: every pair is test, nothing is trained\n")
    print(served_table(tables, unit).rename(columns=worded).to_string(index=False), end="\n\n")
    print("\n".join([*served_sentences(tables), *served_notes(counted, about["judges"]), f"kept in {out}"]))


def _rewards(args: argparse.Namespace, names: list[str], data: Preferences, rows: np.ndarray) -> Iterator[Brought]:
    """Of each file and each model: its name, the rewards of the texts of these pairs, and what is kept about them."""
    from scpo.data.scores import read_scores
    from scpo.judging import brought_scores

    for name, path in zip(names, args.scores, strict=False):
        yield name, *brought_scores(read_scores(path), data, Path(path).name)
    if not args.models:
        return
    from scpo.training.finetune.score_model import rewards_by_model

    for name, model in zip(names[len(args.scores) :], args.models, strict=True):
        bar, began = Bar(hidden=args.quiet), time.monotonic()

        def tell(done: int, total: int, bar=bar, began=began) -> None:
            left = (time.monotonic() - began) * (total - done) / done
            bar({"stage": "scoring", "fraction": done / total, "seconds_left": left})

        try:
            yield name, *rewards_by_model(model, data, rows, args.longest, tell)
        finally:
            bar.close()


def _write_asked(args: argparse.Namespace, data: Preferences, rows: np.ndarray, every: list[Brought]) -> None:
    """The texts to be scored, and the pairs in RewardBench's form, where a file is asked for."""
    if not (args.write_texts or args.to_rewardbench or every):
        raise ConfigError(
            "there is nothing to do: give --scores FILE, --model NAME, --write-texts or --to-rewardbench."
        )
    if args.to_rewardbench and len(every) > 1:
        raise ConfigError("--to-rewardbench takes the scores of one judge; name one file or model.")
    for path, table in (
        (args.write_texts, lambda: texts_to_score(data, rows)),
        (args.to_rewardbench, lambda: rewardbench_rows(data, rows, every[0][1] if every else None)),
    ):
        if path:
            content = table().to_json(orient="records", lines=True, force_ascii=False)
            write_bytes(Path(path), content.encode())
            print(f"written: {path}", file=sys.stderr)
