"""The form of an experiment, made from the fields of its configuration classes.

A setting that is added to `scpo.config` appears by itself, under "More settings", with its help,
unit and bounds. The browser's widgets only guide: what they send is checked again when the
configuration is built.
"""

from __future__ import annotations

import dataclasses
import math

import streamlit as st

from scpo.config import DATASETS, METHODS, SURVEYS, DataConfig, ExperimentConfig, FinetuneConfig
from scpo.errors import ConfigError
from scpo.ui import state
from scpo.ui.cache import models_here, preferences
from scpo.ui.estimate import Sizes
from scpo.ui.words import inert

COMPARED, TRAINED = ("countries", "methods", "seeds", "budgets"), ("tau", "beta", "steps", "lr")
ELSEWHERE = ("data", "finetune", "dataset", "data_files", "data_names")  # chosen with the source
LABELS = {
    "countries": "Countries to steer to", "reference": "Reference countries", "tau": "Filter: τ (tau)",
    "beta": "Weight: β (beta)", "lr": "Learning rate", "seeds": "Seeds", "hidden": "Hidden width",
    "budgets": "Budgets: numbers of training pairs", "methods": "Methods", "model": "Reward model",
    "model_lr": "Learning rate", "epochs": "Epochs at most (0 = no limit)", "lora": "LoRA rank (0 = all weights)",
    "as_published": "As the authors' code does", "max_length": "Longest input (tokens)",
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
HEADS, WHOLE = "heads", "whole models"
OF_WHOLE = "-whole"  # ends the keys of widgets whose first values are others
TRAINED_IS = {
    HEADS: "One small head per country on a frozen encoder: every method, seed and budget in seconds.",
    WHOLE: "The whole reward model is fine-tuned, once per country, method and seed: minutes each on two cores, so "
    "begin with one country. Results are shown as those of heads are.",
}  # fmt: skip
NOT_OF_WHOLE = {"lr", "encoder", "global_scale"}  # settings that a fine-tuned model does not have
OWN_OF_WHOLE = ("model", "model_lr")  # its own that come first
FIRST_WHOLE = {"methods": ("global", "full", "scpo"), "seeds": 1, "steps": 200, "batch_size": 8}


def experiment(start: ExperimentConfig, source: DataConfig, suffix: str) -> tuple[ExperimentConfig, Sizes]:
    """Draw the form and return the experiment that it describes, and the sizes of its data.

    start   the settings shown at first; suffix tells apart the widgets of different starts
    Raises `ScpoError` if the data cannot be read or a setting is out of range.
    """
    kind = st.segmented_control(
        "What is trained", [HEADS, WHOLE], default=WHOLE if start.finetune.model else HEADS, required=True,
        key=f"{state.FORM}-kind{suffix}", persist_state="session",
    )  # fmt: skip
    st.caption(TRAINED_IS[kind])
    fresh = kind == WHOLE and not start.finetune.model
    if kind == WHOLE:
        suffix += OF_WHOLE
    if fresh:
        start = dataclasses.replace(start, finetune=FinetuneConfig(models_here()[0]), **FIRST_WHOLE)
    compared, training = st.columns(2, gap="large")
    of_data, of_training = st.expander("More settings").columns(2, gap="large")
    with of_data:
        st.markdown("**Data**")
        base = dataclasses.replace(source, **_fields(start.data, source.dataset, suffix, {"reference", "countries"}))
    with of_training:
        st.markdown("**Training**")
        aside = {*COMPARED, *TRAINED, *(NOT_OF_WHOLE if kind == WHOLE else ())}
        rest = _fields(start, source.dataset, suffix, aside)
        whole = _fields(start.finetune, source.dataset, suffix, {*OWN_OF_WHOLE}) if kind == WHOLE else {}
    sizes = Sizes.of(preferences(base))
    if fresh and not start.data.countries:
        steered = [c for c in sizes.countries if c in sizes.enough()] or sizes.enough()
        start = dataclasses.replace(start, data=dataclasses.replace(start.data, countries=tuple(steered[:1])))
    options = {"countries": sizes.enough(), "reference": list(sizes.counts["country"]), "methods": list(METHODS)}
    with compared:
        st.subheader("What is compared")
        countries = _field("countries", start.data, suffix, options)
        rest |= {name: _field(name, start, suffix, options) for name in COMPARED[1:]}
    with training:
        st.subheader("How it trains")
        if kind == WHOLE:
            whole |= {name: _field(name, start.finetune, suffix, {}) for name in OWN_OF_WHOLE}
        asked = [name for name in TRAINED if kind == HEADS or name not in NOT_OF_WHOLE]
        rest |= {name: _field(name, start, suffix, options) for name in asked}
    with of_data:
        reference = _field("reference", start.data, suffix, options)
    data = dataclasses.replace(base, countries=countries, reference=reference)
    return ExperimentConfig(data, finetune=FinetuneConfig(**whole), **rest), sizes


def _fields(start, dataset: str, suffix: str, drawn_elsewhere: set[str]) -> dict:
    """Widgets of all other settings, those of other data sets aside: they keep the value they start with."""
    names = [spec.name for spec in dataclasses.fields(start) if spec.name not in {*ELSEWHERE, *drawn_elsewhere}]
    return {n: _field(n, start, suffix, {}) for n in names if _is_of(start, n, dataset)}


def _is_of(start, name: str, dataset: str) -> bool:
    """A setting of some data sets names them at the start of its help: `demo: ...`, `survey: ...`, `files: ...`."""
    named = _spec(start, name).metadata["help"].partition(":")[0].lower()
    if named == "files":
        return dataset != "demo"
    return named not in DATASETS or named == dataset or (named == "survey" and dataset in SURVEYS)


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
        nothing = "all pairs only" if name == "budgets" and suffix.endswith(OF_WHOLE) else NONE.get(name, "none")
        text = st.text_input(words, ", ".join(map(str, value)), placeholder=nothing, **about)
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
    known, free = (models_here(), True) if name == "model" else CHOICES.get(name, ((), True))
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
