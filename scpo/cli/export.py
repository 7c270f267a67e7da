"""`python -m scpo export` and `report`: a run for people without the app."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scpo import runs
from scpo.export.huggingface import add_model, export, known_country, trained_method
from scpo.export.model_card import standing


def add_export(commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "export",
        help="write a country's reward model as a Hugging Face folder with a model card",
        description="One sequence-classification model with tokenizer and model card: encoder and head together, their "
        "seeds averaged, or the fine-tuned model of one seed.",
    )
    add_model(parser)
    parser.add_argument("--seed", type=int, default=0, help="of fine-tuned models: which seed's (default: 0)")
    parser.add_argument("--out", required=True, metavar="DIR", help="a folder that does not exist yet, or is empty")


def add_report(commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "report",
        help="one HTML file that needs no network, and a csv per figure",
        description="A finished run as a report: question, data, method, results with intervals, limits.",
    )
    parser.add_argument("run", metavar="RUN", help="the folder of a finished run, or its id in the workspace")
    parser.add_argument("--out", required=True, metavar="DIR", help="a folder that does not exist yet, or is empty")


def export_command(args: argparse.Namespace) -> None:
    """The command: where the model lies, on stdout; that it is not ahead of the global one, on stderr."""
    result = runs.read(Path(args.run))
    country = known_country(result, args.country)
    print(export(result.folder, country, Path(args.out), args.method or "", args.seed))
    told = standing(result, country, trained_method(result, country, args.method or ""))
    if told.decided <= 0:
        print(told.sentence(), file=sys.stderr)


def report_command(args: argparse.Namespace) -> None:
    from scpo.export.report import write_report

    print(write_report(Path(args.run), Path(args.out)))
