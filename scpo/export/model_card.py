"""The model card of an exported reward model: what it is, what it was measured on, and what it is not for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.data.naming import provenance
from scpo.export.usage import Asked, usage
from scpo.format import points
from scpo.metrics.accuracy import MEAN
from scpo.metrics.paired import decided
from scpo.training.encoder_reading import problems, unreadable


@dataclass(frozen=True)
class Standing:
    """A country's model against the global one on the same held-out pairs of that country, means over seeds.

    accuracy, base    of the model, of the global model, 0..1
    difference        accuracy - base, 0..1; low, high: its 95 % interval, NaN with too few users or questions
    p                 after Holm's correction over the countries of the run; NaN where a run has no test
    pairs, units      test pairs, and the users or questions (`unit`) that they are of
    decided           1 ahead of the global model, -1 behind it, 0 neither is shown
    unread            what of the country's texts is not read, where no accuracy is shown for it; else ""
    """

    country: str
    method: str
    accuracy: float
    base: float
    difference: float
    low: float
    high: float
    p: float
    pairs: int
    units: int
    unit: str
    decided: int
    unread: str = ""

    def sentence(self) -> str:
        """The same in words, without names of the data."""
        if self.unread:
            why = f"{self.unread}. No accuracy is shown: it would say nothing of a taste"
            return f"Whether this model is ahead of the global one is not known: {why}."
        if np.isnan(self.difference):
            return "Whether this model is ahead of the global one is not known: there is no test pair."
        who = f"{self.units:,} {self.unit}{'s' * (self.units != 1)}"
        pairs = f"{self.pairs:,} test pair{'s' * (self.pairs != 1)}"
        if np.isnan(self.low):
            chance = "no interval, too few to tell"
        else:
            chance = f"95 % interval {points(self.low)} to {points(self.high)}"
        chance += "" if np.isnan(self.p) else f", p = {self.p:.3g} after Holm's correction"
        numbers = (
            f"{100 * self.accuracy:.1f} % against {100 * self.base:.1f} % of {pairs} of {who}, "
            f"{points(self.difference)} points ({chance})"
        )
        if self.decided > 0:
            return f"This model is ahead of the global one: {numbers}."
        if self.decided < 0:
            return f"This model is worse than the global one: {numbers}."
        told = "not shown to be ahead of" if self.difference > 0 else "not ahead of"
        return (
            f"This model is {told} the global one: {numbers}. That may be chance, and is no proof that they are alike."
        )


def standing(result: runs.Result, country: str, method: str) -> Standing:
    """Whether the model of a country and method is ahead of the global one, in numbers.

    country and method are of the run, as `scpo.export.huggingface.trained_method` checks.
    """
    table = result.tables["accuracy"]
    rows = table[(table["country"] == country) & (table["subset"] == "full")].set_index("method")
    own, paired, reading = rows.loc[method], result.tables["paired"], result.tables.get("reading")
    one = paired[(paired["country"] == country) & (paired["subset"] == "full") & (paired["method"] == method)]
    one = one[one["against"] == "global"].iloc[0]
    difference, low, high, p = (float(one[name]) for name in ("difference", "low", "high", "p_holm"))
    return Standing(
        country,
        method,
        float(own["accuracy"]),
        float(rows.loc["global", "accuracy"]),
        difference,
        low,
        high,
        p,
        int(own["n"]),
        int(own["units"]),
        result.card["unit"],
        decided(difference, low, high, p),
        problems(reading)[country] if country in unreadable(reading) else "",
    )


USE_AND_LIMITS = (
    "For research on how reward models differ between countries, and for re-ranking answers in experiments. Not "
    "for judging people, and not as a measure of what a country believes: a country is not a person, the people "
    "asked are few and are no sample of it, and a model of an average taste is wrong about many of them. Steering "
    "loses some of what the global model gets right (the consensus row)."
)


def model_card(
    result: runs.Result, country: str, method: str, precision: str, asked: Asked, folder: str = "FOLDER", seed: int = 0
) -> str:
    """The README.md of an exported model: method, data and licence, results with intervals and n, use, limits."""
    about = [f"{label}: {_cell(text)}" for label, text in provenance(result.card).items()]
    lines = [
        *_head(result, country),
        *_made(result, method, seed),
        *usage(result, asked, folder),
        f"Texts were encoded in {precision}; this model computes in fp32 unless asked otherwise, so rewards differ "
        "from those of the run by " + ("rounding." if precision == "fp32" else "some percent of their spread."),
        "",
        "## Data",
        "",
        f"{'. '.join([_cell(result.card['title']), *about])}. A model trained on data may fall under the licence of "
        "the data.",
        "",
        *_results(result, country, method),
        "## Intended use and limits",
        "",
        USE_AND_LIMITS,
        "",
    ]
    return "\n".join(lines)


def _head(result: runs.Result, country: str) -> list[str]:
    """What the hub reads, the title, and whether any of it is real."""
    simulated = result.card["simulated"]
    warning = ["**Simulated data: nothing here is measured from real people. The country is invented.**", ""]
    return [
        "---",
        "library_name: transformers",
        "pipeline_tag: text-classification",
        "tags: [reward-model, preference-learning, scpo]",
        *_base(result.config),
        "---",
        f"# Reward model steered to {_cell(country)}" + (" (simulated data)" if simulated else ""),
        "",
        *(warning if simulated else []),
    ]


def _made(result: runs.Result, method: str, seed: int) -> list[str]:
    """How the model was made, and what its rewards mean."""
    config = result.config
    return [
        "A global reward model steered to one country by Steerable Cultural Preference Optimization "
        f"(arXiv 2606.18606), method `{method}`, tau {config.tau:g}, beta {config.beta:g}, "
        f"{_how(config, seed)}. A reward has no zero and no unit: only differences between answers to one prompt mean "
        "anything.",
        "",
    ]


def _results(result: runs.Result, country: str, method: str) -> list[str]:
    """The country's held-out pairs, those of others, and the mean over countries."""
    unit, table, told = result.card["unit"], result.tables["accuracy"], standing(result, country, method)
    rows = table[(table["country"] == country) & table["method"].isin(["global", method])]
    lines = [
        f"## Results on held-out {unit}s of {_cell(country)}",
        "",
        *([] if told.unread else _table_of(rows, unit)),
        f"**{told.sentence()}**",
        "",
        *_on_others(result.tables["transfer"], country, method),
    ]
    mean = table[(table["country"] == MEAN) & (table["method"] == method) & (table["subset"] == "full")]
    if mean["accuracy"].notna().all():
        lines += [f"Over all countries of the run, `{method}` has {_percent(mean['accuracy'].iloc[0])}.", ""]
    return lines


def _on_others(transfer: pd.DataFrame, country: str, method: str) -> list[str]:
    """The model on the test pairs of other countries; nothing where none was measured."""
    others = transfer[(transfer["method"] == method) & (transfer["model"] == country)] if len(transfer) else transfer
    if not len(others) or not others["accuracy"].notna().any():
        return []
    return [
        "On the test pairs of others (the price of steering):",
        "",
        "| on | accuracy | n pairs |",
        "|---|---|---|",
        *(
            f"| {_cell(row['on'])} | {_percent(row['accuracy'])} | {row['n']:,.0f} |"
            for row in others.to_dict("records")
            if row["on"] != country
        ),
        "",
    ]


def _base(config: ExperimentConfig) -> list[str]:
    name = config.finetune.model
    of_hub = name.count("/") == 1 and not name.startswith((".", "/", "~"))
    return [f"base_model: {name.partition('@')[0]}"] if of_hub else []


def _how(config: ExperimentConfig, seed: int) -> str:
    whole = config.finetune
    if not whole.model:
        return f"mean of {config.seeds} seed{'s' * (config.seeds != 1)}"
    adapters = f", LoRA of rank {whole.lora}, merged" if whole.lora else ""
    return (
        f"fine-tuned from {_cell(whole.shown)} for at most "
        f"{config.steps} steps of {config.batch_size} pairs, learning rate {whole.model_lr:g}{adapters}, the step of "
        f"the best validation accuracy kept, seed {seed} of {config.seeds} (the results below are means over seeds)"
    )


def _table_of(rows: pd.DataFrame, unit: str) -> list[str]:
    head = f"| method | pairs | accuracy | 95 % interval | n pairs | n {unit}s |"
    return [head, "|---|---|---|---|---|---|", *(_row(row) for row in rows.to_dict("records")), ""]


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
