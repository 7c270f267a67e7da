"""What tells countries apart: phrases, topics, and survey questions (`python -m scpo apart`)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

from scpo import runs
from scpo.cli.options import add_method, add_run_folder
from scpo.cli.result_table import SIMULATED, write_table
from scpo.errors import ConfigError
from scpo.export.huggingface import known_country, trained_method
from scpo.grouping import worded

SHOWN = 20


def add_apart(commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "apart",
        help="phrases, topics, and survey questions, on which a country's model differs from the global one",
        description="What tells countries apart on a finished run's test pairs: the phrases, topics and lengths whose "
        "presence moves a country's model away from the global one, with held-out people's choices beside them, and of "
        "a survey the questions on which it differs most.",
    )
    add_run_folder(parser)
    parser.add_argument("--country", help="show this country alone (default: all that the run steered to)")
    add_method(parser)
    parser.add_argument("--most", type=int, default=SHOWN, help=f"rows to show (default: {SHOWN}); a csv has all")
    parser.add_argument("--out", metavar="FILE", help="also write all that was tested, clear or not, to this csv file")
    parser.add_argument("--questions-out", metavar="FILE", help="also write a survey's questions to this csv file")


def apart(args: argparse.Namespace) -> None:
    """The command: sentences and tables on stdout, csv files where they are asked for."""
    from scpo import data as sources
    from scpo.steering.questions import is_survey
    from scpo.training.encoder_reading import told
    from scpo.training.encoders import load_encoder
    from scpo.training.heads.saved import encode_by
    from scpo.training.saved import held_out_rewards

    result = runs.read(Path(args.run))
    country = known_country(result, args.country) if args.country else ""
    method = trained_method(result, country or result.card["countries"][0], args.method or "")
    if args.most < 1:
        raise ConfigError(f"--most is {args.most}; it takes a whole number of at least 1.")
    data = sources.load_unchanged(result.config.data, result.card["content_hash"])
    if args.questions_out and not is_survey(data):
        raise ConfigError("--questions-out is for surveys, whose questions have shares of options; this run has pairs.")
    rewards = held_out_rewards(result, method, data, _tell if result.config.finetune.model else None)
    if data.card.simulated:
        print(SIMULATED)
    for line in told(result.tables.get("reading")):
        print(line)
    if is_survey(data):
        _questions(data, rewards, country, args)
    _phrases(data, rewards, encode_by(load_encoder(result.config.encoder, result.config.precision)), country, args)


def _tell(done: int, total: int) -> None:
    """How many models were asked, on stderr."""
    print(f"{done} of {total} models asked", file=sys.stderr)


def _phrases(data, rewards, encode, country: str, args: argparse.Namespace) -> None:
    from scpo.steering.phrase_effects import TOPIC, findings, phrase_table, with_examples
    from scpo.steering.presence import Presence
    from scpo.text.phrases import phrase_lines, topic_lines

    presence = Presence.of(data, encode)
    table = phrase_table(data, rewards, presence)
    found = findings(table, presence)
    of_topics = found["kind"] == TOPIC
    for title, lines, rows in (
        ("Phrases that tell a country's model from the global one", phrase_lines, found[~of_topics]),
        ("Topics on which a country's model differs from the global one", topic_lines, found[of_topics]),
    ):
        print(worded(f"\n{title}"))
        print("\n".join(lines(table, found, data.card.unit)))
        _shown(with_examples(data, rewards, presence, _of(rows, country).head(args.most)))
    write_table(args.out, table, data.card.simulated)


def _shown(rows: pd.DataFrame) -> None:
    """A table of phrases or topics, and the examples of each."""
    from scpo.text.phrases import phrases_shown

    if len(rows):
        print("\n" + phrases_shown(rows.drop(columns=["example_1", "example_2"])).to_string(index=False) + "\n")
    for row in rows.to_dict("records"):
        for text in filter(None, (row["example_1"], row["example_2"])):
            print(f"{row['country']}, {row['phrase']}: {text}")


def _questions(data, rewards, country: str, args: argparse.Namespace) -> None:
    from scpo.steering.questions import ROUNDING, question_table
    from scpo.text.phrases import question_lines, questions_shown

    table = question_table(data, rewards)
    print(worded("\nQuestions on which a country's model differs most from the global one"))
    print("\n".join(question_lines(table)))
    shown = _of(table[table["change"].abs() > ROUNDING], country).head(args.most)
    if len(shown):
        print("\n" + questions_shown(shown).to_string(index=False))
    write_table(args.questions_out, table, data.card.simulated)


def _of(table: pd.DataFrame, country: str) -> pd.DataFrame:
    return table[table["country"] == country] if country else table
