"""`python -m scpo export` and `report`: a run for people without the app."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import tempfile
from pathlib import Path

from scpo import runs
from scpo.cli.options import add_model, add_run_folder
from scpo.errors import ConfigError
from scpo.export.hub_upload import Upload
from scpo.export.huggingface import export, known_country, trained_method
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
    parser.add_argument(
        "--alpha",
        type=float,
        default=1.0,
        help="of linear heads: the step from the global model, 0, to the one that the method chose, 1 (default: 1)",
    )
    parser.add_argument("--out", metavar="DIR", help="a folder that does not exist yet, or is empty")
    hub = parser.add_argument_group("to the Hugging Face hub")
    hub.add_argument(
        "--push-to-hub",
        metavar="OWNER/NAME",
        help="put it there too, private; the token is HF_TOKEN, or asked for, and kept nowhere",
    )
    hub.add_argument("--public", action="store_true", help="everybody may see it there")
    hub.add_argument("--update", action="store_true", help="as a new commit, if the repository is there already")


def add_report(commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "report",
        help="one HTML file that needs no network, and a csv per figure",
        description="A finished run as a report: question, data, method, results with intervals, limits.",
    )
    add_run_folder(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="a folder that does not exist yet, or is empty")


def export_command(args: argparse.Namespace) -> None:
    """The command: where the model lies, on stdout; that it is not ahead of the global one, on stderr."""
    if not args.out and not args.push_to_hub:
        raise ConfigError("there is nothing to do: give --out DIR, --push-to-hub OWNER/NAME, or both.")
    if (args.public or args.update) and not args.push_to_hub:
        raise ConfigError("--public and --update are for a model on the hub: give --push-to-hub OWNER/NAME.")
    result = runs.read(Path(args.run))
    country = known_country(result, args.country)
    method = trained_method(result, country, args.method or "")
    upload = None
    if args.push_to_hub:
        upload = Upload(args.push_to_hub, _token(), args.public, args.update)
        upload.check()  # before the model is made
    with tempfile.TemporaryDirectory(prefix="scpo-export-") as place:
        out, called = Path(args.out or Path(place) / "model"), args.push_to_hub or ""
        folder = export(result.folder, country, out, method, args.seed, called, args.alpha)
        if args.out:
            print(folder)
        if upload:
            print(upload.push(folder))
    told = standing(result, country, method)
    if told.decided <= 0:
        print(told.sentence(), file=sys.stderr)


def _token() -> str:
    """The hub's token: of the environment, typed unseen, or the first line of what is piped in."""
    if os.environ.get("HF_TOKEN"):
        return os.environ["HF_TOKEN"].strip()
    if sys.stdin.isatty():
        return getpass.getpass("Token of the Hugging Face hub (not shown, kept nowhere): ").strip()
    return sys.stdin.readline().strip()


def report_command(args: argparse.Namespace) -> None:
    from scpo.export.report import write_report

    print(write_report(Path(args.run), Path(args.out)))
