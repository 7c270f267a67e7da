"""`python -m scpo data check`: counts, or every fault with its row."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from scpo.cli.options import add_settings, config_of
from scpo.config import DataConfig, ExperimentConfig, FinetuneConfig
from scpo.data.leaks import sentences
from scpo.errors import DataFaults, ScpoError
from scpo.grouping import worded


def add_data(commands) -> None:
    """`data check` and its options."""
    data = commands.add_parser("data", help="look at data before training")
    check = data.add_subparsers(dest="action", required=True, metavar="ACTION").add_parser(
        "check",
        help="counts per country, or every fault with its row number; exit 2 if unusable",
    )
    check.add_argument("--json", action="store_true", help="counts or faults as json")
    add_settings(check, DataConfig)
    model = check.add_argument_group("a global model of one's own, so that no reference country is needed")
    add_settings(model, ExperimentConfig, {"global_model"})
    add_settings(model, FinetuneConfig, {"model", "max_length"})
    check.add_argument(
        "--encoder",
        metavar="NAME",
        help=f"whose tokenizer looks at the texts; none = skip that (default: {ExperimentConfig.encoder})",
    )


def data_check(args: argparse.Namespace) -> None:
    from scpo import data as sources
    from scpo.data.layouts.sentences import READ_AS
    from scpo.data.naming import provenance
    from scpo.planner import plan_table
    from scpo.text.planner import FOLDS, folds_offer, plan_lines

    try:
        config = config_of(args)
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
    read = [note for note in data.card.notes if note.startswith(READ_AS)]
    print("\n".join([*read, ""]))
    print(counts.rename(columns=worded).to_string(index=False))
    print("\n" + "\n".join(sentences(dataclasses.asdict(data.card))))
    for reason, rows in data.card.dropped.items():
        if rows:
            print(f"left out: {rows:,} ({reason})")
    for note in data.card.notes:
        if note not in read:
            print(f"note: {note}")
    table, unit = plan_table(data), data.card.unit
    offer = folds_offer(table, unit, f"`--folds {FOLDS}`")
    print("\n" + "\n".join(["what the test can show:", *plan_lines(table, unit), *([offer] if offer else [])]))
    if reading is not None:
        from scpo.training.encoder_reading import LOOKED_AT, lines_of

        whole = config.finetune.model
        reader = f"model {Path(whole).name}" if whole else f"encoder {Path(config.encoder).name}"
        drawn = f", of {LOOKED_AT:,} pairs of a country at most" if (reading["pairs"] == LOOKED_AT).any() else ""
        print("\n".join(["", f"what the {reader} reads{drawn}:", *lines_of(reading)]))


def _reading(data, config: ExperimentConfig):
    """What the encoder, or the model to fine-tune, reads of the texts, per country; None where it is not asked for, or
    is not here."""
    from scpo.training.encoder_reading import reading_by

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
