"""The model card of an exported reward model: what it is, what it was measured on, and what it is not for."""

from __future__ import annotations

import pandas as pd

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.metrics.summary import MEAN

LOAD = """from transformers import AutoModelForSequenceClassification, AutoTokenizer

model = AutoModelForSequenceClassification.from_pretrained("FOLDER")
tokenizer = AutoTokenizer.from_pretrained("FOLDER")
reward = model(**tokenizer("a prompt", "an answer", return_tensors="pt")).logits[0, 0]"""


OF_HEADS = "import scpo.training.reward_model  # makes the type known; no code of this folder is run\n"


def model_card(
    result: runs.Result, country: str, method: str, precision: str, seed: int = 0, plain: bool = False
) -> str:
    """The README.md of an exported model: method, data and licence, results with intervals and n, use, limits."""
    card, config = result.card, result.config
    table = result.tables["accuracy"]
    rows = table[(table["country"] == country) & table["method"].isin(["global", method])]
    transfer = result.tables["transfer"]
    others = transfer[(transfer["method"] == method) & (transfer["model"] == country)] if len(transfer) else transfer
    simulated = card["simulated"]
    lines = [
        "---", "library_name: transformers", "pipeline_tag: text-classification",
        "tags: [reward-model, preference-learning, scpo]", *_base(config), "---",
        f"# Reward model steered to {_cell(country)}" + (" (simulated data)" if simulated else ""), "",
    ]  # fmt: skip
    if simulated:
        lines += ["**Simulated data: nothing here is measured from real people. The country is invented.**", ""]
    lines += [
        "A global reward model steered to one country by Steerable Cultural Preference Optimization "
        f"(arXiv 2606.18606), method `{method}`, tau {config.tau:g}, beta {config.beta:g}, "
        f"{_how(config, seed)}. A reward has no zero and no unit: only differences between answers to one prompt mean "
        "anything.", "",
        "```python", ("" if plain else OF_HEADS) + LOAD, "```", "",
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


def _base(config: ExperimentConfig) -> list[str]:
    name = config.finetune.model
    of_hub = name.count("/") == 1 and not name.startswith((".", "/", "~"))
    return [f"base_model: {name.partition('@')[0]}"] if of_hub else []


def _how(config: ExperimentConfig, seed: int) -> str:
    whole = config.finetune
    if not whole.model:
        return f"mean of {config.seeds} seed(s)"
    adapters = f", LoRA of rank {whole.lora}, merged" if whole.lora else ""
    return (
        f"fine-tuned from {_cell(whole.shown)} for at most "
        f"{config.steps} steps of {config.batch_size} pairs, learning rate {whole.model_lr:g}{adapters}, the step of "
        f"the best validation accuracy kept, seed {seed} of {config.seeds} (the results below are means over seeds)"
    )


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
