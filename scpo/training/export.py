"""A country's reward model as a Hugging Face folder (`python -m scpo export`): encoder, head, tokenizer, model card."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import pandas as pd

from scpo import runs
from scpo.errors import ConfigError
from scpo.metrics.summary import MEAN

LOAD = """import scpo.training.reward_model  # makes the type known; no code of this folder is run
from transformers import AutoModelForSequenceClassification, AutoTokenizer

model = AutoModelForSequenceClassification.from_pretrained("FOLDER")
tokenizer = AutoTokenizer.from_pretrained("FOLDER")
reward = model(**tokenizer("a prompt", "an answer", return_tensors="pt")).logits[0, 0]"""


def add_export(commands) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "export", help="write a country's reward model as a Hugging Face folder with a model card",
        description="Encoder and head as one sequence-classification model, with tokenizer and model card. Seeds are "
        "averaged.",
    )  # fmt: skip
    add_model(parser)
    parser.add_argument("--out", required=True, metavar="DIR", help="a folder that does not exist yet, or is empty")


def add_model(parser: argparse.ArgumentParser) -> None:
    """The options that name one model of a run."""
    parser.add_argument("run", metavar="RUN", help="the folder of a finished run")
    parser.add_argument("--country", required=True, help="a country that the run steered to")
    parser.add_argument("--method", help="a trained method of the run (default: scpo, or the first)")


def trained_method(result: runs.Result, country: str, method: str) -> str:
    """The method asked for, "" for scpo or the first that trains. Raises `ConfigError` for what the run has not."""
    trained = result.config.trained
    method = method or ("scpo" if "scpo" in trained else next(iter(trained), ""))
    countries = result.card["countries"]
    if country not in countries:
        raise ConfigError(f"The run has no model for {country!r}; it has {', '.join(countries)}.")
    if method not in trained:
        raise ConfigError(f"The run has no models of {method!r}; it has {', '.join(trained) or 'none at all'}.")
    return method


def export(folder: Path, country: str, out: Path, method: str = "") -> Path:
    """Write the model of one country and method, the mean over seeds, to a new folder; returns the folder.

    The folder appears whole or not at all. Raises `ConfigError` for a country, method or folder that cannot be
    used, `RunFolderError` for a run that is not as it was written.
    """
    result, out = runs.read(folder), Path(out)
    method = trained_method(result, country, method)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{out} exists and is not an empty folder; nothing is overwritten. Name another --out.")
    if not out.parent.is_dir():
        raise ConfigError(f"{out.parent} does not exist; make the folder first, or name another --out.")
    from scpo.training import steer

    models = steer.load_models(Path(folder), result.config, result.card["countries"])
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        _write_model(models, country, method, made)
        (made / "README.md").write_text(model_card(result, country, method, models.encoder.precision))
        for path in (made, *made.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        if out.exists():
            out.rmdir()
        made.rename(out)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return out


def _write_model(models, country: str, method: str, folder: Path) -> None:
    import torch
    from transformers.utils import logging

    from scpo.training.reward_model import add_template, assemble

    logging.disable_progress_bar()
    heads = models.of(method)[models.countries.index(country)]  # (S, p)
    theta, hidden = mean_head(heads, models.shape.width, models.shape.hidden)
    model, tokenizer = assemble(models.encoder.folder, theta, hidden, torch.from_numpy(models.prompt_mean.copy()))
    model.save_pretrained(folder)
    add_template(tokenizer)
    tokenizer.save_pretrained(folder)


def mean_head(heads, width: int, hidden: int):
    """One head whose rewards are the mean of those of S heads (S, p): its parameters, and its hidden width.

    Linear heads are averaged; the hidden layers of MLPs are put side by side, their outputs divided by S.
    """
    import torch

    if not hidden:
        return heads.mean(0), 0
    cut = hidden * width
    parts = heads[:, :cut], heads[:, cut : cut + hidden], heads[:, cut + hidden :] / len(heads)
    return torch.cat([part.reshape(-1) for part in parts]), hidden * len(heads)


def model_card(result: runs.Result, country: str, method: str, precision: str) -> str:
    """The README.md of an exported model: method, data and licence, results with intervals and n, use, limits."""
    card, config = result.card, result.config
    table = result.tables["accuracy"]
    rows = table[(table["country"] == country) & table["method"].isin(["global", method])]
    transfer = result.tables["transfer"]
    others = transfer[(transfer["method"] == method) & (transfer["model"] == country)] if len(transfer) else transfer
    simulated = card["simulated"]
    lines = [
        "---", "library_name: transformers", "pipeline_tag: text-classification",
        "tags: [reward-model, preference-learning, scpo]", "---",
        f"# Reward model steered to {_cell(country)}" + (" (simulated data)" if simulated else ""), "",
    ]  # fmt: skip
    if simulated:
        lines += ["**Simulated data: nothing here is measured from real people. The country is invented.**", ""]
    lines += [
        "A global reward model steered to one country by Steerable Cultural Preference Optimization "
        f"(arXiv 2606.18606), method `{method}`, tau {config.tau:g}, beta {config.beta:g}, mean of {config.seeds} "
        "seed(s). A reward has no zero and no unit: only differences between answers to one prompt mean anything.", "",
        "```python", LOAD, "```", "",
        f"Texts were encoded in {precision}; this model computes in fp32 unless asked otherwise, so rewards differ "
        "from those of the run by " + ("rounding." if precision == "fp32" else "some percent of their spread."),
        "", "## Data", "", f"{_cell(card['title'])}. Source: {_cell(card['source'])}. Licence: "
        f"{_cell(card['licence'])}. A model trained on data may fall under the licence of the data.", "",
        f"## Results on held-out {card['unit']}s of {_cell(country)}", "",
        f"| method | pairs | accuracy | 95 % interval | n pairs | n {card['unit']}s |", "|---|---|---|---|---|---|",
        *(_row(row) for row in rows.to_dict("records")), "",
    ]  # fmt: skip
    if len(others):
        lines += ["On the test pairs of others (the price of steering):", "", "| on | accuracy | n pairs |",
                  "|---|---|---|",
                  *(f"| {_cell(row['on'])} | {_percent(row['accuracy'])} | {row['n']:,.0f} |"
                    for row in others.to_dict("records") if row["on"] != country), ""]  # fmt: skip
    mean = table[(table["country"] == MEAN) & (table["method"] == method) & (table["subset"] == "full")]
    lines += [
        f"Over all countries of the run, `{method}` has {_percent(mean['accuracy'].iloc[0])}.", "",
        "## Intended use and limits", "",
        "For research on how reward models differ between countries, and for re-ranking answers in experiments. Not "
        "for judging people, and not as a measure of what a country believes: a country is not a person, the people "
        "asked are few and are no sample of it, and a model of an average taste is wrong about many of them. Steering "
        "loses some of what the global model gets right (the consensus row).", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _row(row: dict) -> str:
    span = "too few" if pd.isna(row["low"]) else f"{_percent(row['low'])} to {_percent(row['high'])}"
    return (
        f"| {row['method']} | {row['subset']} | {_percent(row['accuracy'])} | {span} | {row['n']:,.0f} | "
        f"{row['units']:,.0f} |"
    )


def _percent(value: float) -> str:
    return "-" if pd.isna(value) else f"{100 * value:.1f} %"


def _cell(text: object) -> str:
    """A name or text of data, which must not break out of a table or become markup."""
    return "".join("\\" + c if c in "\\`*_{}[]<>#|!" else " " if c in "\r\n" else c for c in str(text))


def export_command(args: argparse.Namespace) -> None:
    """The command: where the model lies, on stdout."""
    print(export(Path(args.run), args.country, Path(args.out), args.method or ""))
