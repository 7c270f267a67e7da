"""The paper's main table as one command: `python -m scpo reproduce --table main --out DIR`.

Seven countries of PRISM, the published hyperparameters, the global model and full fine-tuning beside SCPO. Accuracy is
given in two reports, as the authors do: full, on all test pairs, and partial, on the distinct ones, on which the
global model is wrong. Docs/finetuning.md says what is known of the settings and what is not.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from scpo import runs
from scpo.cli.jobs import Bar
from scpo.cli.options import add_settings, config_of
from scpo.config import DataConfig, ExperimentConfig, FinetuneConfig
from scpo.data.prism import COUNTRIES
from scpo.errors import ConfigError, SourceMissing
from scpo.runs.files import write_bytes
from scpo.table_rows import row_of

MODEL = "OpenAssistant/reward-model-deberta-v3-base"
PUBLISHED = "MulticulturalAlignment/scpo-reward-model-{country}"
EPOCHS = 3  # passes at most, where it is not done as published
SETTINGS = ExperimentConfig(
    DataConfig("prism", countries=COUNTRIES),
    methods=("global", "full", "scpo"),
    seeds=1,
    tau=0.7,
    beta=1.10,
    steps=1024,
    batch_size=8,
    finetune=FinetuneConfig(MODEL, model_lr=1e-6),
)
REPORTS = {
    "full": "all test pairs",
    "distinct": "partial: test pairs on which the global model is wrong",
    "consensus": "the other test pairs: what steering costs",
}
COLUMNS = "report country method accuracy low high gain gain_low gain_high n units seeds".split()


def add_reproduce(commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "reproduce",
        help="the paper's main table, from data to report",
        description="Fine-tune the paper's reward model for seven countries of PRISM with the published settings, and "
        f"write the table as csv and markdown beside the run; without --as-published at most {EPOCHS} passes over the "
        "pairs. Meant for a GPU; the same command with a small model and a file of PRISM's form runs anywhere.",
    )
    parser.add_argument("--table", choices=["main"], default="main", help="which table (default: main)")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="gets run/, main.csv and main.md; goes on if killed"
    )
    add_settings(parser, DataConfig, {"data_files", "countries"}, SETTINGS.data)
    add_settings(parser, ExperimentConfig, {"seeds", "steps"}, SETTINGS)
    add_settings(parser, FinetuneConfig, {"model", "lora", "as_published"}, SETTINGS.finetune)
    parser.add_argument("--lr", type=float, dest="model_lr", help="learning rate (default: 1e-6, as published)")
    parser.add_argument(
        "--published",
        nargs="?",
        const=PUBLISHED,
        metavar="PATTERN",
        help=f"evaluate the authors' models too: hub names or folders with {{country}} (default: {PUBLISHED})",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def settings(args: argparse.Namespace) -> ExperimentConfig:
    """The published settings as an experiment, with what was asked for otherwise."""
    config = config_of(args, SETTINGS)
    epochs = 0 if config.finetune.as_published else EPOCHS
    return dataclasses.replace(config, finetune=dataclasses.replace(config.finetune, epochs=epochs))


def reproduce(args: argparse.Namespace) -> None:
    """The command: run or go on with the experiment, then write and print the table."""
    from scpo.jobs.worker import run_here

    out, config = Path(args.out), settings(args)
    if args.published and "{country}" not in args.published:
        raise ConfigError(f"--published is {args.published!r}; it must hold {{country}} where the country's name goes.")
    if runs.is_done(out / "run"):
        result = runs.read(out / "run")
        if result.config != config.located():
            raise ConfigError(f"{out / 'run'} holds a run of other settings. Name another --out, or delete it.")
    else:
        bar = Bar(hidden=args.quiet)
        try:
            result = run_here(config, out / "run", bar)
        finally:
            bar.close()
    table = main_table(result)
    if args.published:
        table = pd.concat([table, published_table(result, args.published)], ignore_index=True)
    write_bytes(out / "main.csv", table.to_csv(index=False).encode())
    text = as_markdown(table, result)
    write_bytes(out / "main.md", text.encode())
    print(text)


def main_table(result: runs.Result) -> pd.DataFrame:
    """Accuracy per report, country and method with intervals and n."""
    table = result.tables["accuracy"].rename(columns={"subset": "report"})
    return table[table["method"].isin(["global", "full", "scpo"])][COLUMNS]


def published_table(result: runs.Result, pattern: str) -> pd.DataFrame:
    """The same of the authors' published models; countries without one have no row, and are told. A mean over some
    countries only is left out: it is not to be compared with one over all.

    pattern  hub name or folder with {country}: the name in lower case, words joined by hyphens
    """
    from scpo import data as sources
    from scpo.data.preferences import TEST
    from scpo.hub import model_folder
    from scpo.metrics.accuracy import MEAN, ResampledOutcomes, accuracy_table
    from scpo.metrics.outcomes import count_outcomes
    from scpo.training.finetune.saved import global_rewards, reward_texts

    data, known = sources.load(result.config.data), global_rewards(result)
    chosen, rejected = (data.pairs[side].to_numpy() for side in ("chosen", "rejected"))
    heads = pd.DataFrame({"method": ["global", "full"], "seed": 0, "level": 0, "pairs": 0, "trained": 0, "step": 0})
    outcomes, missing = [], {}
    for country in result.card["countries"]:
        name, rows = pattern.format(country=country.lower().replace(" ", "-")), data.of(country, TEST)
        texts = data.texts.iloc[np.concatenate([chosen[rows], rejected[rows]])]
        pairs = list(zip(texts["prompt"].astype(object), texts["response"], strict=True))
        try:
            reward = reward_texts(result, [model_folder(name)], pairs, dropout=result.config.finetune.as_published)
        except (SourceMissing, ConfigError) as error:
            missing[name] = error
            continue
        margins = np.stack([known[chosen[rows]] - known[rejected[rows]], reward[: len(rows)] - reward[len(rows) :]])
        outcomes.append(count_outcomes(country, heads, margins, margins[0], data.pairs["unit"].to_numpy()[rows]))
    if missing:
        print(f"not evaluated: {', '.join(missing)}. {next(iter(missing.values()))}\n")
    if not outcomes:
        return pd.DataFrame(columns=COLUMNS)
    table = accuracy_table(ResampledOutcomes(outcomes, data.card.unit == "question"))
    table = table[table["method"] == "full"].assign(method="published", seeds=1)
    table = table[table["country"] != MEAN] if missing else table
    return table.rename(columns={"subset": "report"})[COLUMNS]


def as_markdown(table: pd.DataFrame, result: runs.Result) -> str:
    """The table for people: one part per report, accuracies in % with 95 % intervals over users."""
    config, methods = result.config, list(dict.fromkeys(table["method"]))
    lines = [
        f"# SCPO on {result.card['title']}: {config.finetune.shown}",
        "",
        f"tau {config.tau:g}, beta {config.beta:g}, learning rate {config.finetune.model_lr:g}, {_training(config)}, "
        f"batch {config.batch_size}, {config.seeds} seed{'s' * (config.seeds != 1)}, split seed "
        f"{config.data.split_seed}. Test accuracy in % with 95 % intervals over users; gain over the global model on "
        "the same pairs.",
        "",
    ]
    for report, meaning in REPORTS.items():
        lines += [
            f"## {report.capitalize()} ({meaning})",
            "",
            "| country | n users, pairs | " + " | ".join(methods) + " | gain of scpo |",
            "|---|---|" + "---|" * (len(methods) + 1),
        ]
        for country, rows in table[table["report"] == report].groupby("country", sort=False):
            cells = rows.set_index("method")
            one = [_span(row_of(cells, m), "accuracy", "low", "high") if m in cells.index else "-" for m in methods]
            gain = _span(row_of(cells, "scpo"), "gain", "gain_low", "gain_high", sign="+")
            n = f"{cells['units'].iloc[0]:.0f}, {cells['n'].iloc[0]:.0f}"
            lines.append(f"| {country} | {n} | " + " | ".join(one) + f" | {gain} |")
        lines.append("")
    return "\n".join(lines)


def _training(config: ExperimentConfig) -> str:
    """How long the models trained, and which step was kept, in words."""
    if config.finetune.as_published:
        return (
            f"as published: {config.steps:,} steps whatever the passes over the pairs, all training users, the "
            "last step, 'prompt [SEP] answer' in training, dropout on where trained models are scored"
        )
    return (
        f"at most {config.steps:,} steps or {config.finetune.epochs} passes over the pairs, the best step on "
        "validation users"
    )


def _span(row: pd.Series, *names: str, sign: str = "") -> str:
    value, low, high = (row[name] for name in names)
    if pd.isna(value):
        return "-"
    whole = f"{100 * value:{sign}.1f}"
    return whole if pd.isna(low) else f"{whole} [{100 * low:{sign}.1f}, {100 * high:{sign}.1f}]"
