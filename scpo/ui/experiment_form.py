"""The form of an experiment, made from the fields of its configuration classes.

A setting that is added to `scpo.config` appears by itself, under "More settings", with its help,
unit and bounds. The browser's widgets only guide: what they send is checked again when the
configuration is built.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import streamlit as st

from scpo import data
from scpo.config import DATASETS, SPLITS, SURVEYS, DataConfig, ExperimentConfig, FinetuneConfig, check_bounds
from scpo.data.choice import NEEDED, Choice, choose
from scpo.errors import ConfigError
from scpo.estimate import Sizes
from scpo.format import inert
from scpo.grouping import worded
from scpo.methods import METHODS
from scpo.ui import session
from scpo.ui.cache import models_here, preferences
from scpo.ui.labels import label, with_cost
from scpo.ui.name_choice import USUAL, several_names

COMPARED, TRAINED = ("methods", "seeds", "budgets"), ("tau", "beta", "steps", "lr")
OF_SOURCE = (
    "dataset",
    "data_files",
    "data_names",
    "demo_world",
    "group",
    "layout",
    "columns",
    "title",
    "licence",
    "citation",
    "url",
)  # chosen there
ELSEWHERE = ("data", "finetune", *OF_SOURCE)
NONE = {
    "countries": "the data set's default",
    "reference": "the data set's default",
    "budgets": "spaced automatically, e.g. 50, 200, 1000",
}
CHOICES = {  # settings of one text, and whether another text may be typed
    "precision": (("auto", "bf16", "fp32"), False),
    "global_model": (("reference", "others"), True),
    "encoder": (("minilm",), True),
    "split_by": (SPLITS, False),
}
SEVERAL = ("countries", "reference", "methods")  # some of several names
FIRST_OF_FILE = ("global", "full", "scpo", "shared", "longer")  # of a file of one's own
NAMED = 5
HEADS, WHOLE = "heads", "whole models"
OF_WHOLE = "-whole"  # ends the keys of widgets whose first values are others
TRAINED_IS = {
    HEADS: "One small head per country on a frozen encoder: every method, seed and budget in seconds.",
    WHOLE: "The whole reward model is fine-tuned, once per country, method and seed: minutes each on two cores, so "
    "begin with one country. Results are shown as those of heads are.",
}
NOT_OF_WHOLE = {"lr", "encoder", "global_scale", "second_global"}  # settings that a fine-tuned model does not have
OWN_OF_WHOLE = ("model", "model_lr")  # its own that come first
FIRST_WHOLE: dict[str, Any] = {"methods": ("global", "full", "scpo"), "seeds": 1, "steps": 200, "batch_size": 8}


class Problems:
    """What is wrong with the fields of a form: each is told at its field, the others stay as they are."""

    def __init__(self):
        self.of: dict[str, str] = {}  # name of the setting -> what is wrong
        self._places: dict[str, st.delta_generator.DeltaGenerator] = {}

    def place(self, name: str) -> None:
        """Here is told what is wrong with this setting, also if that is found later."""
        self._places[name] = st.empty()

    def tell(self, name: str, message: str) -> None:
        """The first problem of a setting; one of no field is told where the page is now."""
        if name not in self.of:
            self.of[name] = message
            self._places.get(name, st).error(inert(message), icon=":material/error:")


def experiment(
    start: ExperimentConfig, source: DataConfig, suffix: str, problems: Problems
) -> tuple[ExperimentConfig | None, Sizes]:
    """Draw the form and return the experiment that it describes and the sizes of its data.

    There is no experiment while a field is wrong.
    start   the settings shown at first; suffix tells apart the widgets of different starts
    Raises `ScpoError` if the data cannot be read, after every field that does not need it is drawn.
    """
    kind = _kind(start, suffix)
    fresh = kind == WHOLE and not start.finetune.model
    if kind == WHOLE:
        suffix += OF_WHOLE
    if fresh:
        start = dataclasses.replace(start, finetune=FinetuneConfig(models_here()[0]), **FIRST_WHOLE)
    elif source.dataset == "file" != start.data.dataset and start.methods == ExperimentConfig.methods:
        start = dataclasses.replace(start, methods=FIRST_OF_FILE)
    form = _Form(source.dataset, suffix, problems)
    compared, training = st.columns(2, gap="large")
    with compared:
        st.subheader("What is compared")
        countries_here = st.container()
        rest = {name: form.field(name, start, list(METHODS)) for name in COMPARED}
    with training:
        st.subheader("How it trains")
        whole = {name: form.field(name, start.finetune) for name in OWN_OF_WHOLE if kind == WHOLE}
        rest |= {name: form.field(name, start) for name in TRAINED if kind == HEADS or name not in NOT_OF_WHOLE}
    of_data, of_training = st.expander("More settings").columns(2, gap="large")
    with of_data:
        st.markdown("**Data**")
        base = dataclasses.replace(source, **form.others(start.data, {"reference", "countries"}))
    with of_training:
        st.markdown("**Training**")
        rest |= form.others(start, {*COMPARED, *TRAINED, *(NOT_OF_WHOLE if kind == WHOLE else ())})
        whole |= form.others(start.finetune, {*OWN_OF_WHOLE}) if kind == WHOLE else {}
    sizes = Sizes.of(preferences(base))
    if fresh and not start.data.countries:
        steered = [c for c in sizes.countries if c in sizes.enough()] or sizes.enough()
        start = dataclasses.replace(start, data=dataclasses.replace(start.data, countries=tuple(steered[:1])))
    with countries_here:
        countries, reference = _countries(form, start.data, base, sizes)
    if problems.of:
        return None, sizes
    chosen = dataclasses.replace(base, countries=countries, reference=reference)
    try:
        return ExperimentConfig(chosen, finetune=FinetuneConfig(**whole), **rest), sizes
    except ConfigError as error:
        problems.tell(error.setting, str(error))
        return None, sizes


def _countries(form: _Form, start: DataConfig, base: DataConfig, sizes: Sizes) -> tuple[tuple, tuple]:
    """Countries to steer to and reference countries; what the data set is usually used with is lit and means none.

    What is usual of the one depends on what is chosen of the other.
    """
    steered, referred = st.container(), st.container()

    def usual(**asked: tuple) -> Choice:
        of = dataclasses.replace(base, **({"countries": (), "reference": ()} | asked))
        return choose(sizes.counts, data.usual(base.dataset), of)

    with referred:
        asked = form.chosen("countries", start)
        reference = form.field("reference", start, list(sizes.counts["country"]), usual(countries=asked).reference)
    with steered:
        first = usual(reference=reference).countries
        countries = form.field("countries", start, sizes.enough(), first)
        _not_offered(sizes.too_few())
    return countries, reference


def _kind(start: ExperimentConfig, suffix: str) -> str:
    """Choose what is trained: `HEADS` or `WHOLE`."""
    kind = st.segmented_control(
        "What is trained",
        [HEADS, WHOLE],
        default=WHOLE if start.finetune.model else HEADS,
        required=True,
        key=f"{session.FORM}-kind{suffix}",
        persist_state="session",
    )
    st.caption(worded(TRAINED_IS[kind]))
    return kind


def _not_offered(few: list[str]) -> None:
    """Countries that cannot be steered to, and why, before anybody looks for them."""
    if few:
        more = f"; and {len(few) - NAMED:,} more" if len(few) > NAMED else ""
        st.caption(inert(f"Not offered: {'; '.join(few[:NAMED])}{more}. Needed: {NEEDED}."))


@dataclasses.dataclass(frozen=True)
class _Form:
    """Widgets of settings. dataset: what they are for; suffix: ends their keys; problems: what is wrong with them."""

    dataset: str
    suffix: str
    problems: Problems

    def others(self, start, drawn_elsewhere: set[str]) -> dict:
        """Widgets of all other settings, those of other data sets aside: they keep the value they start with."""
        names = [spec.name for spec in dataclasses.fields(start) if spec.name not in {*ELSEWHERE, *drawn_elsewhere}]
        return {n: self.field(n, start) for n in names if _is_of(start, n, self.dataset)}

    def chosen(self, name: str, start) -> tuple[str, ...]:
        """Names chosen by a widget that is drawn later; none where it has what is usual."""
        key = f"{session.FORM}-{name}{self.suffix}"
        held = st.session_state.get(key, getattr(start, name))
        return () if set(held) == set(st.session_state.get(f"{key}{USUAL}", ())) else tuple(held)

    def field(self, name: str, start, options: Sequence[str] = (), usual: Sequence[str] = ()):
        """The widget of one setting and what is wrong with its value; the value it started with, if that is wrong.

        options  the names it takes, of a setting that takes some of several
        usual    those that are meant where none is named
        """
        spec, problem = _spec(start, name), ""
        try:
            value = _widget(spec, getattr(start, name), self.suffix, options, usual)
        except ConfigError as error:
            problem = str(error)
        if name == "methods" and not problem and not value:
            problem = "Choose at least one method."
        self.problems.place(name)
        if problem:
            self.problems.tell(name, problem)
            return getattr(start, name)
        return value


def _is_of(start, name: str, dataset: str) -> bool:
    """A setting of some data sets names them at the start of its help: `demo: ...`, `survey: ...`, `files: ...`."""
    named = _spec(start, name).metadata["help"].partition(":")[0].lower()
    if named == "files":
        return dataset != "demo"
    return named not in DATASETS or named == dataset or (named == "survey" and dataset in SURVEYS)


def _spec(config, name: str) -> dataclasses.Field:
    return next(spec for spec in dataclasses.fields(config) if spec.name == name)


def explained(spec: dataclasses.Field) -> str:
    """Help of a setting: what it is, its bounds, and its name on the command line."""
    about = spec.metadata
    bounds = [part for part in (_bounds(spec), f"unit: {about['measured_in']}" if about["measured_in"] else "") if part]
    text = worded(about["help"][0].upper() + about["help"][1:])
    if spec.name == "methods":
        rows = "\n".join(f"- **{row.name}**: {worded(row.told)}" for row in METHODS.values())
        text = f"What is compared:\n{rows}\n\n"
    return f"{text}{'' if text.endswith(chr(10)) else '. '}{', '.join(bounds).capitalize()}" + ". " * bool(bounds)


def _widget(spec: dataclasses.Field, value, suffix: str, options: Sequence[str], usual: Sequence[str]):
    """The widget of one setting, by the type of its default; returns the value in that type.

    A number may be typed that is out of bounds: a browser that holds it back would leave the former one in force.
    Raises `ConfigError` for what is no number.
    """
    name, words = spec.name, label(spec)
    about = {"key": f"{session.FORM}-{name}{suffix}", "help": explained(spec), "persist_state": "session"}
    if name in SEVERAL:
        shown = with_cost if name == "methods" else inert
        return several_names(words, value, usual, options, shown, about)
    if isinstance(value, tuple):
        nothing = "all pairs only" if name == "budgets" and suffix.endswith(OF_WHOLE) else NONE.get(name, "none")
        text = st.text_input(words, ", ".join(map(str, value)), placeholder=nothing, **about)
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return tuple(_within(spec, n) for n in _numbers(words, parts)) if "int" in str(spec.type) else tuple(parts)
    if isinstance(value, bool):
        return st.checkbox(words, value, **about)
    if isinstance(value, int):
        return _within(spec, st.number_input(words, value=value, step=1, **about))
    if isinstance(value, float):
        assert isinstance(spec.default, float)
        step = 10.0 ** (math.floor(math.log10(spec.default)) - 1) if spec.default > 0 else 0.1
        return _within(spec, float(f"{st.number_input(words, value=value, step=step, format='%g', **about):.12g}"))
    known, free = (models_here(), True) if name == "model" else CHOICES.get(name, ((), True))
    known = [*known, *([] if value in known else [value])]
    return st.selectbox(words, known, known.index(value), accept_new_options=free, **about) or value


def _within(spec: dataclasses.Field, value):
    try:
        check_bounds(spec, value)
    except ConfigError as error:
        raise ConfigError(f"{label(spec)} is {value:g}; needed: {_bounds(spec)}.", spec.name) from error
    return value


def _bounds(spec: dataclasses.Field) -> str:
    """`above 0, at most 1`; empty for a setting without bounds."""
    about = spec.metadata
    low, high = about["low"], about["high"]
    bounds = [] if low is None else [f"above {low:g}" if about["open_low"] else f"at least {low:g}"]
    return ", ".join([*bounds, *([] if high is None else [f"at most {high:,g}"])])


def _numbers(words: str, parts: list[str]) -> tuple[int, ...]:
    wrong = [part for part in parts if not part.isascii() or not part.isdigit() or len(part) > 12]
    if wrong:
        raise ConfigError(f"{words}: {', '.join(wrong)[:80]!r} is not a whole number. Separate numbers by commas.")
    return tuple(map(int, parts))
