"""The methods that an experiment compares: one row each, and the pairs and weights that follow from it.

A method is added by its row here, and by a module of `scpo.training.heads` if none there trains it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from scpo.grouping import worded
from scpo.selection import inverse_weights, keep_mask, pair_weights

Weight = Literal["one", "down", "root", "up"]


@dataclass(frozen=True)
class Method:
    """One method.

    name          as settings, files and tables have it
    label         the same for people
    meaning       what it does, in one line
    colour, mark  how charts draw it: a colour of `scpo.charts.colours`, a symbol of plotly
    training      what makes its models: "steps" of Adam on each model's pairs, of which the best validation step is
                  kept; another name of `TRAINERS` in `scpo.training.heads.backend`; or "none"
    start         what its models begin at: the "global" model or a "fresh" head; "none" for what is no model
    sees          whose training pairs say what a country's model becomes: the country's "own", or those of "all"
    one_for_all   one model serves all countries
    filters       pairs that the global model clearly agrees with are dropped
    weight        of a pair on which the global model is wrong: "one", as any other has, "down" by `pair_weights`, the
                  "root" of that, or "up" by `inverse_weights`
    whole_weight  the same where whole models are fine-tuned, if it differs there
    heads_only    not for whole models that are fine-tuned
    default       part of an experiment that names no methods
    cost          of a method that is fitted at once: how long its fit takes, in times of that of `shared`
    """

    name: str
    label: str
    meaning: str
    colour: str
    mark: str
    training: str = "steps"
    start: Literal["global", "fresh", "none"] = "global"
    sees: Literal["own", "all"] = "own"
    one_for_all: bool = False
    filters: bool = False
    weight: Weight = "one"
    whole_weight: Weight | None = None
    heads_only: bool = False
    default: bool = True
    cost: float = 1.0

    @property
    def is_model(self) -> bool:
        """Whether it has a reward model, not just a rule."""
        return self.start != "none"

    @property
    def trains(self) -> bool:
        """Whether models are made at all."""
        return self.training != "none"

    @property
    def told(self) -> str:
        """What it does, and whose pairs it sees."""
        whose = {"own": "the country's own pairs alone", "all": "the pairs of all countries"}[self.sees]
        return f"{self.meaning} (sees {whose})" if self.trains else self.meaning

    @property
    def is_fitted(self) -> bool:
        """Whether its models are fitted at once, so that there is no way along steps."""
        return self.training not in ("none", "steps")

    @property
    def borrows(self) -> bool:
        """Whether a country's own model learns from the pairs of the others too."""
        return self.sees == "all" and not self.one_for_all


_ROWS = (
    Method(
        "global",
        "Global model",
        "the global model as it is, no training",
        "grey",
        "circle-open",
        training="none",
    ),
    Method(
        "full",
        "Fine-tuned on all pairs",
        "all of the country's pairs, every weight 1",
        "blue",
        "square",
    ),
    Method(
        "filter",
        "SCPO's filter alone",
        "only pairs the global model does not clearly agree with, every weight 1",
        "purple",
        "diamond",
        filters=True,
    ),
    Method(
        "weight",
        "SCPO's weights alone",
        "all pairs, weighted down the more the global model disagrees",
        "orange",
        "triangle-up",
        weight="down",
    ),
    Method(
        "scpo",
        "SCPO (paper)",
        "filter and weight: the paper's method",
        "vermilion",
        "circle",
        filters=True,
        weight="down",
    ),
    Method(
        "shared",
        "Shared prior (ours)",
        "beyond the paper: a country is expected to differ from the global model as the other countries do, and "
        "their pairs show how that is",
        "indigo",
        "star",
        training="shared",
        sees="all",
        whole_weight="root",
    ),
    Method(
        "ridge",
        "Pulled to the global model",
        "all of the country's pairs, every weight 1, with a pull to the global model as strong as validation pairs say",
        "teal",
        "hexagon",
        training="ridge",
        heads_only=True,
        default=False,
        cost=4.0,
    ),
    Method(
        "interpolated",
        "Part of the way to fine-tuned",
        "all of the country's pairs, every weight 1; of the way there, the share that validation pairs choose",
        "rose",
        "bowtie",
        training="interpolated",
        heads_only=True,
        default=False,
        cost=0.2,
    ),
    Method(
        "lowrank",
        "Shared directions",
        "all of the country's pairs, every weight 1; countries differ in a few directions that all of them share",
        "olive",
        "hourglass",
        training="lowrank",
        sees="all",
        heads_only=True,
        default=False,
        cost=13.0,
    ),
    Method(
        "prototypes",
        "Mixture of prototypes",
        "all of the country's pairs, every weight 1; a country is a mixture of a few prototype tastes that all share",
        "lime",
        "star-diamond",
        training="prototypes",
        sees="all",
        heads_only=True,
        default=False,
        cost=8.0,
    ),
    Method(
        "inverse",
        "Inverse weights",
        "all pairs, weighted up the more the global model disagrees",
        "brown",
        "triangle-down",
        weight="up",
    ),
    Method(
        "pooled",
        "One model for all countries",
        "one model for the pairs of all countries, every weight 1",
        "green",
        "pentagon",
        sees="all",
        one_for_all=True,
    ),
    Method(
        "pooled_full",
        "Fine-tuned from the model for all",
        "the model for the pairs of all countries, then trained on with the country's own, every weight 1",
        "violet",
        "diamond-tall",
        training="pooled_full",
        sees="all",
        heads_only=True,
        default=False,
        cost=0.7,
    ),
    Method(
        "robust",
        "One model for the worst served",
        "one model for the pairs of all countries, in which those that it serves worst count more",
        "crimson",
        "triangle-right",
        training="robust",
        sees="all",
        one_for_all=True,
        heads_only=True,
        default=False,
        cost=2.4,
    ),
    Method(
        "scratch",
        "Trained from scratch",
        "the country's pairs alone, from a fresh head",
        "sky",
        "cross",
        start="fresh",
    ),
    Method(
        "longer",
        "Longer answer",
        "no model: the longer answer wins",
        "ash",
        "x-thin-open",
        training="none",
        start="none",
    ),
    Method(
        "random",
        "Coin toss",
        "no model: a coin decides",
        "stone",
        "asterisk-open",
        training="none",
        start="none",
    ),
)
METHODS = {row.name: row for row in _ROWS}
DEFAULTS = tuple(name for name, row in METHODS.items() if row.default)
UNTRAINED = tuple(name for name, row in METHODS.items() if not row.trains)
# For people: the global model, the methods that see a country's own pairs, those that see all countries', then rules.
BY_INFORMATION = tuple(sorted(METHODS, key=lambda m: (not METHODS[m].is_model, METHODS[m].sees == "all")))
# The method ridge chooses among these lambda, the strongest pull to the global model first.
PULLS = (float("inf"), 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01)


def named(name: str) -> str:
    """A method's name for people; any other name as it is."""
    return worded(METHODS[name].label) if name in METHODS else name


def spoken(name: str) -> str:
    """The same within a sentence: the global model has an article there."""
    return "the global model" if name == "global" else named(name)


def main_of(methods: Iterable[str]) -> str:
    """The method that is spoken of first: the paper's, else the first that is trained; "" if none is."""
    trained = [m for m in methods if m in METHODS and m not in UNTRAINED]
    return "scpo" if "scpo" in trained else next(iter(trained), "")


def is_model(name: str) -> bool:
    """True for a reward model: a method that is no rule without one, or a judge from outside."""
    return name not in METHODS or METHODS[name].is_model


def select(
    method: str, margin: np.ndarray, tau: float, beta: float, whole: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Which pairs a method trains on, and their weights: (keep (n,) bool, weight (n,) float64).

    margin  of the global model on each pair, (n,)
    whole   whole models are fine-tuned, not heads
    """
    row, margin = METHODS[method], np.asarray(margin, dtype=np.float64)
    keep = keep_mask(margin, tau) if row.filters else np.ones(len(margin), bool)
    kind = row.whole_weight or row.weight if whole else row.weight
    if kind == "up":
        return keep, inverse_weights(margin)
    if kind == "one":
        return keep, np.ones(len(margin))
    return keep, pair_weights(margin, beta if kind == "down" else 2 * beta)
