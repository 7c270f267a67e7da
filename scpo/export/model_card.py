"""The model card of an exported reward model: what it is, what it was measured on, and what it is not for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.data.naming import provenance
from scpo.export.templates import rendered
from scpo.export.usage import Asked, usage
from scpo.format import percent, points
from scpo.metrics.accuracy import MEAN
from scpo.metrics.paired import decided
from scpo.table_rows import row_of, rows_of
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
    own, paired, reading = row_of(rows, method), result.tables["paired"], result.tables.get("reading")
    differences = paired[(paired["country"] == country) & (paired["subset"] == "full") & (paired["method"] == method)]
    difference_row = differences[differences["against"] == "global"].iloc[0]
    difference, low, high, p = (float(difference_row[name]) for name in ("difference", "low", "high", "p_holm"))
    return Standing(
        country,
        method,
        float(own["accuracy"]),
        float(row_of(rows, "global")["accuracy"]),
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


def model_card(
    result: runs.Result,
    country: str,
    method: str,
    precision: str,
    asked: Asked,
    folder: str = "FOLDER",
    seed: int = 0,
    alpha: float = 1.0,
) -> str:
    """The README.md of an exported model: method, data and licence, results with intervals and n, use, limits."""
    from huggingface_hub import ModelCardData

    table, transfer = result.tables["accuracy"], result.tables["transfer"]
    mean = table[(table["country"] == MEAN) & (table["method"] == method) & (table["subset"] == "full")]
    crossed = transfer[(transfer["method"] == method) & (transfer["model"] == country)] if len(transfer) else transfer
    measured = len(crossed) and crossed["accuracy"].notna().any()
    others = crossed[crossed["on"] != country].to_dict("records") if measured else []
    about = [f"{label}: {_cell(text)}" for label, text in provenance(result.card).items()]
    return rendered(
        "model_card.md.jinja",
        about=ModelCardData(
            base_model=_base(result.config),
            library_name="transformers",
            pipeline_tag="text-classification",
            tags=["reward-model", "preference-learning", "scpo"],
        ),
        cell=_cell,
        percent=percent,
        simulated=result.card["simulated"],
        unit=result.card["unit"],
        country=country,
        method=method,
        config=result.config,
        folds=result.card.get("folds", 0),
        how=_how(result.config, seed) + _step(result, country, method, alpha),
        usage=usage(result, asked, folder),
        precision=precision,
        data=[_cell(result.card["title"]), *about],
        told=standing(result, country, method),
        rows=table[(table["country"] == country) & table["method"].isin(["global", method])].to_dict("records"),
        others=others,
        mean=next(iter(mean["accuracy"].dropna()), None),
    )


def _base(config: ExperimentConfig) -> str | None:
    """The model of the hub that was fine-tuned, if it was one."""
    name = config.finetune.model
    of_hub = name.count("/") == 1 and not name.startswith((".", "/", "~"))
    return name.partition("@")[0] if of_hub else None


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


def _step(result: runs.Result, country: str, method: str, alpha: float) -> str:
    """Of a model at another step than the method chose: which, and what the run measured there."""
    if alpha == 1:
        return ""
    told = (
        f", at step {alpha:g} of the way from the global model, 0, to the model that the method chose, 1: the results "
        "below are of step 1"
    )
    if not result.has("frontier"):
        return told
    table = result.tables["frontier"]
    here = table[(table["country"] == country) & (table["method"] == method) & (table["step"] == alpha)]
    for row in rows_of(here.dropna(subset=["accuracy", "consensus"])):
        told += (
            f"; at {alpha:g} it is right on {percent(row.accuracy)} and keeps {percent(row.consensus)} of the consensus"
        )
    return told


def _cell(text: object) -> str:
    """A name or text of data, which must not break out of a table or become markup."""
    return "".join("\\" + c if c in "\\`*_{}[]<>#|!" else " " if c in "\r\n" else c for c in str(text))
