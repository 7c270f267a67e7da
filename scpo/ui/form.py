"""The form of an experiment, made from the fields of its configuration classes, and what it will cost.

A setting that is added to `scpo.config` appears by itself, under "More settings", with its help,
unit and bounds. The browser's widgets only guide: what they send is checked again when the
configuration is built.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from scpo import data
from scpo.config import DATASETS, METHODS, UNTRAINED, DataConfig, ExperimentConfig
from scpo.data import FEWEST
from scpo.data.preferences import Preferences
from scpo.errors import ConfigError
from scpo.jobs.store import Job
from scpo.progress import expected_seconds
from scpo.ui import state
from scpo.ui.cache import preferences
from scpo.ui.words import inert

COMPARED, TRAINED = ("countries", "methods", "seeds", "budgets"), ("tau", "beta", "steps", "lr")
ELSEWHERE = ("data", "dataset", "data_files")  # chosen with the source
LABELS = {
    "countries": "Countries to steer to", "reference": "Reference countries", "tau": "Filter: τ (tau)",
    "beta": "Weight: β (beta)", "lr": "Learning rate", "seeds": "Seeds", "hidden": "Hidden width",
    "budgets": "Budgets: numbers of training pairs", "methods": "Methods",
}  # fmt: skip
NONE = {
    "countries": "the data set's default", "reference": "the data set's default",
    "budgets": "spaced automatically, e.g. 50, 200, 1000",
}  # fmt: skip
CHOICES = {  # settings of one text, and whether another text may be typed
    "precision": (("auto", "bf16", "fp32"), False), "global_model": (("reference", "others"), True),
    "encoder": (("minilm",), True),
}  # fmt: skip
FEW = 24
SMALLEST_BUDGET, AUTOMATIC_BUDGETS = 50, 5


@dataclass(frozen=True)
class Sizes:
    """What an estimate needs of a data set. counts: the table of `data.counts`; characters: of all its texts."""

    counts: pd.DataFrame
    characters: int
    countries: tuple[str, ...]
    reference: tuple[str, ...]
    unit: str
    simulated: bool

    @classmethod
    def of(cls, pairs: Preferences) -> Sizes:
        prompts = sum(map(len, pairs.texts["prompt"].cat.categories))
        characters = int(pairs.texts["response"].str.len().sum()) + prompts
        card = pairs.card
        return cls(data.counts(pairs), characters, card.countries, card.reference, card.unit, card.simulated)

    def enough(self) -> list[str]:
        """Countries with enough pairs to be steered to."""
        table = self.counts
        return list(table.loc[(table[list(FEWEST)] >= pd.Series(FEWEST)).all(axis=1), "country"])


@dataclass(frozen=True)
class Estimate:
    """table: the countries' people or questions and pairs; heads and how their number comes about; seconds."""

    table: pd.DataFrame
    budgets: tuple[int, ...]
    heads: int
    seconds: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


def estimate(config: ExperimentConfig, sizes: Sizes, encoded: bool) -> Estimate:
    """Pairs and time of an experiment, before it starts.

    encoded     True if the texts have been through this encoder before and are in the cache
    Raises `ConfigError` if a budget is beyond the data, or a country is steered to and reference.
    """
    chosen = config.data.countries or tuple(c for c in sizes.countries if c not in config.data.reference)
    both = sorted(set(config.data.countries) & set(config.data.reference))
    if both:
        raise ConfigError(f"{', '.join(both)} cannot be both steered to and reference; name it once.")
    table = sizes.counts[sizes.counts["country"].isin(chosen)].drop(columns="role").reset_index(drop=True)
    if not len(table):
        raise ConfigError("no country is left to steer to; choose one that is not a reference country.")
    usual = sizes.counts["country"] if config.data.dataset == "file" else sizes.reference
    if config.global_model == "reference" and not (config.data.reference or set(usual) - set(chosen)):
        raise ConfigError(
            "no reference country is left to train the global model; leave one out of those to steer to, name another "
            "under More settings, or set the global model to `others`."
        )
    smallest = table.loc[table["train"].idxmin()]
    budgets = budgets_below(config.budgets, smallest["country"], int(smallest["train"]))
    heads = len(table) * len(trained(config)) * config.seeds * (len(budgets) + 1)
    seconds = expected_seconds(0 if encoded else sizes.characters, heads, config.steps, config.batch_size)
    return Estimate(table, budgets, heads, seconds)


def trained(config: ExperimentConfig) -> list[str]:
    """The methods of which models are trained."""
    return [m for m in config.methods if m not in UNTRAINED]


def budgets_below(asked: tuple[int, ...], country: str, pairs: int) -> tuple[int, ...]:
    """Budgets below 'all pairs', rising: those asked for, or some spaced evenly on a log axis.

    country, pairs  the country with the fewest training pairs, and how many it has
    Raises `ConfigError` naming any budget that exceeds them.
    """
    beyond = [b for b in asked if b > pairs]
    if beyond:
        raise ConfigError(
            f"budgets {beyond} are beyond the data: {country} has {pairs} training pairs. "
            f"Use budgets up to {pairs}, or leave out {country}."
        )
    if asked:
        return tuple(sorted({b for b in asked if b < pairs}))
    spaced = np.geomspace(min(SMALLEST_BUDGET, max(pairs // 4, 1)), pairs, AUTOMATIC_BUDGETS + 1)[:-1]
    return tuple(sorted({_two_digits(b) for b in spaced}))


def _two_digits(value: float) -> int:
    size = 10 ** max(int(np.log10(value)) - 1, 0)
    return int(value / size + 1e-9) * size


def was_encoded(config: ExperimentConfig, jobs: list[Job]) -> bool:
    """True if a finished run had the same texts and encoder, so that the cache has their vectors."""

    def texts(of: ExperimentConfig) -> tuple:
        where = of.located().data
        return where.dataset, where.data_files, where.demo_seed, of.encoder, of.precision

    return any(job.state == "done" and texts(job.config) == texts(config) for job in jobs)


def experiment(start: ExperimentConfig, source: DataConfig, suffix: str) -> tuple[ExperimentConfig, Sizes]:
    """Draw the form and return the experiment that it describes, and the sizes of its data.

    start   the settings shown at first; suffix tells apart the widgets of different starts
    Raises `ScpoError` if the data cannot be read or a setting is out of range.
    """
    compared, training = st.columns(2, gap="large")
    of_data, of_training = st.expander("More settings").columns(2, gap="large")
    with of_data:
        st.markdown("**Data**")
        base = dataclasses.replace(source, **_fields(start.data, source.dataset, suffix, {"reference", "countries"}))
    with of_training:
        st.markdown("**Training**")
        rest = _fields(start, source.dataset, suffix, {*COMPARED, *TRAINED})
    sizes = Sizes.of(preferences(base))
    options = {"countries": sizes.enough(), "reference": list(sizes.counts["country"]), "methods": list(METHODS)}
    with compared:
        st.subheader("What is compared")
        countries = _field("countries", start.data, suffix, options)
        rest |= {name: _field(name, start, suffix, options) for name in COMPARED[1:]}
    with training:
        st.subheader("How it trains")
        rest |= {name: _field(name, start, suffix, options) for name in TRAINED}
    with of_data:
        reference = _field("reference", start.data, suffix, options)
    return ExperimentConfig(dataclasses.replace(base, countries=countries, reference=reference), **rest), sizes


def _fields(start, dataset: str, suffix: str, drawn_elsewhere: set[str]) -> dict:
    """Widgets of all other settings, those of other data sets aside: they keep the value they start with."""
    names = [spec.name for spec in dataclasses.fields(start) if spec.name not in {*ELSEWHERE, *drawn_elsewhere}]
    return {n: _field(n, start, suffix, {}) for n in names if _is_of(start, n, dataset)}


def _is_of(start, name: str, dataset: str) -> bool:
    """A setting of one data set names it at the start of its help: `GlobalOpinionQA: ...`."""
    named = _spec(start, name).metadata["help"].partition(":")[0].lower()
    return named not in DATASETS or named == dataset


def _spec(config, name: str) -> dataclasses.Field:
    return next(spec for spec in dataclasses.fields(config) if spec.name == name)


def label(spec: dataclasses.Field) -> str:
    """A setting in words, with its unit."""
    words, unit = spec.name.replace("_", " ").capitalize(), spec.metadata["unit"]
    return LABELS.get(spec.name) or (words if not unit or unit in words.lower() else f"{words} ({unit})")


def explained(spec: dataclasses.Field) -> str:
    """Help of a setting: what it is, its bounds, and its name on the command line."""
    about = spec.metadata
    low, high = about["low"], about["high"]
    bounds = [] if low is None else [f"above {low:g}" if about["open_low"] else f"at least {low:g}"]
    bounds += [] if high is None else [f"at most {high:,g}"]
    bounds += [f"unit: {about['unit']}"] if about["unit"] else []
    text = about["help"][0].upper() + about["help"][1:]
    if spec.name == "methods":
        text = "What is compared:\n" + "\n".join(f"- **{name}**: {what}" for name, what in METHODS.items()) + "\n\n"
    return f"{text}{'' if text.endswith(chr(10)) else '. '}{', '.join(bounds).capitalize()}" + ". " * bool(bounds)


def _field(name: str, start, suffix: str, options: dict[str, list[str]]):
    """The widget of one setting, by the type of its default; returns the value in that type."""
    spec, value = _spec(start, name), getattr(start, name)
    about = {"key": f"{state.FORM}-{name}{suffix}", "help": explained(spec), "persist_state": "session"}
    words, low, high = label(spec), spec.metadata["low"], spec.metadata["high"]
    if name in options:
        return _several(words, value, options[name], NONE.get(name, "none"), about)
    if isinstance(value, tuple):
        text = st.text_input(words, ", ".join(map(str, value)), placeholder=NONE.get(name, "none"), **about)
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return _numbers(words, parts) if "int" in str(spec.type) else tuple(parts)
    if isinstance(value, bool):
        return st.checkbox(words, value, **about)
    if isinstance(value, int):
        return st.number_input(words, low, high, value, step=1, **about)
    if isinstance(value, float):
        least = None if low is None else min(low + 1e-6, value) if spec.metadata["open_low"] else float(low)
        step = 10.0 ** (math.floor(math.log10(spec.default)) - 1) if spec.default > 0 else 0.1
        most = None if high is None else float(high)
        return float(f"{st.number_input(words, least, most, value, step=step, format='%g', **about):.12g}")
    known, free = CHOICES.get(name, ((), True))
    known = [*known, *([] if value in known else [value])]
    return st.selectbox(words, known, known.index(value), accept_new_options=free, **about) or value


def _several(words: str, value: tuple[str, ...], options: list[str], nothing: str, about: dict) -> tuple[str, ...]:
    """Some of several names, in an order that does not depend on which was chosen first.

    Few are shown all at once; the tags of a multiselect are hard to read in the dark theme.
    """
    known = [v for v in value if v in options]
    if len(options) <= FEW:
        words = words if value else f"{words} (none chosen: {nothing})"
        chosen = st.pills(words, options, selection_mode="multi", default=known, format_func=inert, wrap=True, **about)
    else:
        chosen = st.multiselect(words, options, known, placeholder=nothing, wrap=True, **about)
    return value if set(chosen) == set(value) else tuple(v for v in options if v in chosen)


def _numbers(words: str, parts: list[str]) -> tuple[int, ...]:
    wrong = [part for part in parts if not part.isascii() or not part.isdigit() or len(part) > 12]
    if wrong:
        raise ConfigError(f"{words} has {', '.join(wrong)[:80]!r}; it takes whole numbers, separated by commas.")
    return tuple(map(int, parts))
