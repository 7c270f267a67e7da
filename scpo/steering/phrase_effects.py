"""What tells countries apart: phrases, lengths and topics whose presence moves a country's model, or its people.

Over test pairs, D is the country's margin minus the global one, and x is 1 where a phrase is in the chosen answer
alone, -1 where it is in the rejected one alone. What is looked for is b in

    D = a1 * global margin + a2 * difference of log2 length + b * x + e

so that a model that is merely surer, or likes longer answers, has no phrases for that. The length is one more row, and
so is each topic (`scpo.steering.topic_effects`). Errors are those of whole people (or questions) or prompts, and p is
corrected for false discovery over all rows of all countries; clear is what has q of at most 0.05.

That says what the model does. Whether the country's people do so too is asked of their held-out choices: b again, by
one step of a logistic regression of the choices on the same terms (a score test), in the same unit, log odds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from scpo.data.preferences import Preferences
from scpo.format import both_ends
from scpo.metrics.intervals import ALPHA
from scpo.metrics.rewards import Rewards
from scpo.steering.clustered_regression import (
    Effects,
    effects,
    false_discovery,
    having,
    left_of_change,
    left_of_choices,
    numbered,
)
from scpo.steering.phrases import phrases_in
from scpo.steering.presence import Presence
from scpo.steering.taste import AXIS, LENGTH
from scpo.steering.topic_effects import LONGEST_PROMPT, examples_of_topic, topic_effects
from scpo.steering.topics import Encode
from scpo.table_rows import rows_of

KINDS = PHRASE, SIZE, TOPIC = "phrase", "length", "topic"
COLUMNS = ["country", "kind", "phrase", "effect", "low", "high", "p", "q", "clear"]
COLUMNS += ["people", "people_low", "people_high", "pairs", "units", "prompts", "planted"]
RIGHT, WRONG, ELSEWHERE = 1, -1, 0  # of an effect in the demo world: the planted tastes have it, its opposite, neither
ALIKE = 0.8  # of the texts of the rarer of two phrases have both: then they are one finding
EXAMPLES, AROUND = 2, 60  # of a phrase, and characters to either side of it
SHORT = 40  # characters of an answer, below which its prompt is shown too


def phrase_table(data: Preferences, rewards: Rewards, presence: Presence | None = None) -> pd.DataFrame:
    """Every phrase, topic, and the length, of every country that has rewards, the clearest first; columns as `COLUMNS`.

    kind      one of `KINDS`; phrase: its words, or the name of the topic
    effect    how much more the country's model than the global one gives an answer that has the phrase, in log odds,
              mean over seeds; of a topic, how much further it goes either way than on other pairs; low, high its 95 %
              interval; clear after the correction
    people    the same of the country's own held-out people, against what the global model expects of them; of a topic,
              how much they choose what the country's model goes towards
    pairs, units, prompts   how many have the phrase on one side, or are of the topic
    planted   demo world only: RIGHT, WRONG or ELSEWHERE
    """
    presence = presence or Presence.of(data)
    table = _tested(data, rewards, presence)
    table["planted"] = _planted(data, presence, table)
    return table.sort_values(["p", "pairs"], ascending=[True, False], kind="stable", ignore_index=True)[COLUMNS]


def _tested(data: Preferences, rewards: Rewards, presence: Presence) -> pd.DataFrame:
    """All rows, country by country, corrected together."""
    parts = [_of_country(data, rewards, presence, place) for place in range(len(rewards.countries))]
    table = pd.concat(parts, ignore_index=True)
    q = false_discovery(table["p"].to_numpy())
    return table.assign(q=q, clear=q <= ALPHA)


class Family(NamedTuple):
    """What is tested alike for one country: P names, x (n, P), effects on the model with their p, and x of people."""

    kind: str
    names: list[str]
    x: sparse.csc_array
    model: Effects
    p: np.ndarray
    of_people: sparse.csc_array
    controls: np.ndarray


def _moves(data: Preferences, rewards: Rewards, presence: Presence, place: int) -> tuple[np.ndarray, np.ndarray]:
    """What is held equal, (n, 2), the global margin and the length, and the change of the country's margin, (n,)."""
    pairs = data.pairs.iloc[presence.rows]
    chosen, rejected = pairs["chosen"].to_numpy(), pairs["rejected"].to_numpy()
    base, own = rewards.base[place].astype(np.float64), rewards.own[place].mean(0, dtype=np.float64)
    margin = base[chosen] - base[rejected]
    return np.column_stack([margin, presence.length]), own[chosen] - own[rejected] - margin


def _families(presence: Presence, controls: np.ndarray, change: np.ndarray) -> Iterator[Family]:
    """The phrases with margin and length held equal, the length with the margin held equal, and the topics."""
    length, margin = sparse.csc_array(presence.length[:, None]), controls[:, :1]
    for kind, names, x, held in (
        (PHRASE, presence.phrases, presence.x, controls),
        (SIZE, [LENGTH], length, margin),
    ):
        model = effects(x, held, *left_of_change(held, change), presence.groups)
        yield Family(kind, names, x, model, model.p(), x, held)
    moves = left_of_change(controls, change)[0]
    x = presence.of_topics()
    towards = sparse.csc_array(x * np.sign(moves)[:, None])
    yield Family(TOPIC, presence.topics, x, *topic_effects(x, controls, moves, presence.groups), towards, controls)


def _of_country(data: Preferences, rewards: Rewards, presence: Presence, place: int) -> pd.DataFrame:
    """One country's rows."""
    here = np.flatnonzero((data.pairs["country"].iloc[presence.rows] == rewards.countries[place]).to_numpy())
    own_groups = [numbered(group[here]) for group in presence.groups]
    parts = []
    for kind, names, x, model, p, of_people, controls in _families(presence, *_moves(data, rewards, presence, place)):
        if not names:
            continue
        own = controls[here]
        people = effects(sparse.csc_array(of_people[here]), own, *left_of_choices(own), own_groups)
        (low, high), (people_low, people_high) = model.interval(), people.interval()
        numbers = {"effect": model.effect, "low": low, "high": high, "p": p, "people": people.effect}
        sizes = dict(zip(("units", "prompts"), (having(x, group) for group in presence.groups), strict=True))
        numbers |= {"people_low": people_low, "people_high": people_high, "pairs": np.diff(x.indptr), **sizes}
        parts.append(pd.DataFrame({"country": rewards.countries[place], "kind": kind, "phrase": names, **numbers}))
    return pd.concat(parts, ignore_index=True)


def _planted(data: Preferences, presence: Presence, table: pd.DataFrame) -> np.ndarray:
    """What the planted tastes say of each row, (rows,): RIGHT, WRONG or ELSEWHERE; NaN if nobody knows them.

    The planted tastes are put in the place of the models, on the same pairs: their effects are the true ones.
    """
    if data.truth is None:
        return np.full(len(table), np.nan)
    levels = data.texts[[AXIS + name for name in data.truth.columns]].to_numpy(np.float64)
    of_reference = levels @ data.truth.loc[data.card.reference[0]].to_numpy()
    countries = tuple(table["country"].unique())
    own = np.stack([levels @ data.truth.loc[country].to_numpy() for country in countries])
    truth = _tested(data, Rewards(countries, np.tile(of_reference, (len(countries), 1)), own[:, None]), presence)
    sign = np.sign(truth["effect"]).where(truth["clear"], ELSEWHERE)
    return (sign * np.sign(table["effect"])).to_numpy() + 0.0  # which makes -0.0 a 0.0


def findings(table: pd.DataFrame, presence: Presence) -> pd.DataFrame:
    """The clear rows of `phrase_table`, the largest effect first; of phrases of a country that mostly stand in the same
    answers and move its model the same way, only the one that moves it most."""
    clear = table[table["clear"]].sort_values("effect", key=np.abs, ascending=False, kind="stable")
    ends, place = presence.has.indptr, {phrase: at for at, phrase in enumerate(presence.phrases)}
    taken: dict[tuple[str, bool], list[set[int]]] = {}
    kept = []
    for row in rows_of(clear):
        at, others = (
            place.get(row.phrase) if row.kind == PHRASE else None,
            taken.setdefault((row.country, row.effect > 0), []),
        )
        mine = set() if at is None else set(presence.has.indices[ends[at] : ends[at + 1]].tolist())
        kept.append(not any(len(mine & other) >= ALIKE * min(len(mine), len(other)) for other in others if mine))
        if kept[-1] and mine:
            others.append(mine)
    return clear[np.array(kept, bool)].reset_index(drop=True)


def in_context(data: Preferences, rewards: Rewards, presence: Presence, country: str, phrase: str) -> list[str]:
    """Parts of `EXAMPLES` answers to different prompts that have the phrase, « and » around it; none for the length.

    They are of the pairs in which the country's model goes furthest from the global one the way the phrase moves it.
    """
    if phrase not in presence.phrases:
        return []
    column, place = presence.x[:, [presence.phrases.index(phrase)]], rewards.countries.index(country)
    pairs = data.pairs.iloc[presence.rows[column.indices]]
    chosen, rejected = pairs["chosen"].to_numpy(), pairs["rejected"].to_numpy()
    change = rewards.own[place].mean(0) - rewards.base[place]
    moved = column.data * (change[chosen] - change[rejected])
    has = np.where(column.data > 0, chosen, rejected)[np.argsort(-moved * np.sign(moved.sum()), kind="stable")]
    found: dict[str, str] = {}
    for prompt, response in zip(data.texts["prompt"].iloc[has], data.texts["response"].iloc[has], strict=True):
        begin, end = next((begin, end) for said, begin, end in phrases_in(response) if said == phrase)
        asked = f"{both_ends(prompt, LONGEST_PROMPT)} → " if len(response) < SHORT else ""
        found.setdefault(prompt, asked + _around(response, begin, end))
        if len(found) == EXAMPLES:
            break
    return list(found.values())


def told_phrases(
    data: Preferences, rewards: Rewards, encode: Encode | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Everything that was tested, as `phrase_table` has it, and the findings with their examples; encode for topics."""
    presence = Presence.of(data, encode)
    table = phrase_table(data, rewards, presence)
    return table, with_examples(data, rewards, presence, findings(table, presence))


def with_examples(data: Preferences, rewards: Rewards, presence: Presence, found: pd.DataFrame) -> pd.DataFrame:
    """The rows with columns `example_1` and so on: the phrase in context, or prompts of the topic; "" for none."""
    each = [_examples(data, rewards, presence, row) for row in rows_of(found)]
    columns = {f"example_{at + 1}": [texts[at] if at < len(texts) else "" for texts in each] for at in range(EXAMPLES)}
    return found.assign(**columns)


def _examples(data: Preferences, rewards: Rewards, presence: Presence, row) -> list[str]:
    if row.kind != TOPIC:
        return in_context(data, rewards, presence, row.country, row.phrase)
    moves = left_of_change(*_moves(data, rewards, presence, rewards.countries.index(row.country)))[0]
    return examples_of_topic(data, presence, moves, row.phrase, EXAMPLES)


def _around(text: str, begin: int, end: int) -> str:
    """A phrase with what stands around it, on one line."""
    before, after = text[max(begin - AROUND, 0) : begin], text[end : end + AROUND]
    if begin > AROUND:
        before = f"… {before.split(maxsplit=1)[-1]}"
    if end + AROUND < len(text):
        after = f"{after.rsplit(maxsplit=1)[0]} …"
    return " ".join(f"{before}«{text[begin:end]}»{after}".split())
