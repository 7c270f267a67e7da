"""What a split leaks: how much of the test is in training too, and countries that are one person for the most part."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scpo.data.choice import FEWEST
from scpo.data.folds import splits
from scpo.data.preferences import TEST, TRAIN, Preferences
from scpo.grouping import worded

MOSTLY = 0.5  # of a country's pairs by one person, or of the test's pairs in training
MUCH = 0.1  # of the test pairs in training: more, and what can be done is told
LISTED = 12  # countries in one note


def leaks(data: Preferences) -> dict[str, int]:
    """How much of the test is in training too: pairs (one prompt and the same two answers, whichever was chosen),
    prompts, and units of one name. test_* are all of the test, seen_* those of them that training has; summed over
    folds."""
    each = [_leaks(split) for split in splits(data)]
    return {name: sum(found[name] for found in each) for name in each[0]}


def _leaks(data: Preferences) -> dict[str, int]:
    part, count = data.split_of_pairs(), max(len(data.texts), 1)
    chosen, rejected = (data.pairs[side].to_numpy(np.int64) for side in ("chosen", "rejected"))
    pair = np.minimum(chosen, rejected) * count + np.maximum(chosen, rejected)
    prompt, name = data.texts["prompt"].cat.codes.to_numpy()[chosen], pd.factorize(data.units["name"])[0]
    found: dict[str, int] = {}
    for what, values, each in (
        ("pairs", pair, True),
        ("prompts", prompt, False),
        ("units", name[data.pairs["unit"].to_numpy()], False),
    ):
        tested = values[part == TEST] if each else np.unique(values[part == TEST])
        known = np.unique(values[part == TRAIN])
        found |= {f"test_{what}": len(tested), f"seen_{what}": int(np.isin(tested, known).sum())}
    return found


def one_person(data: Preferences) -> list[str]:
    """Notes of the countries most of whose pairs are by one person, and in which part of the split that person is."""
    if data.card.unit != "user":
        return []
    cells = data.pairs.groupby(["country", "unit"], observed=True).size()
    total = cells.groupby(level=0, observed=True).sum()
    notes = []
    for country in total.index[total >= sum(FEWEST.values())]:
        share = cells[country].max() / total[country]
        if share > MOSTLY:
            part = data.units["split"].iloc[int(cells[country].idxmax())]
            where = "one fold" if data.card.folds else "training" if part == TRAIN else f"the {part} part"
            notes.append(f"{100 * share:.0f} % of {country}'s pairs are by one person, who is in {where}")
    more = [f"the same of {len(notes) - LISTED} {worded('more countries')}"] if len(notes) > LISTED else []
    return [*notes[:LISTED], *more]


def mostly_leaked(leaks: dict[str, int]) -> bool:
    """True if most of the test's pairs are training pairs too, so that a test on it says little of new pairs."""
    return bool(leaks) and leaks["seen_pairs"] > MOSTLY * leaks["test_pairs"]


def folds_told(card: dict) -> str:
    """How folds test, and what the models are that a run of folds hands on; card as plain values."""
    return (
        f"{card['folds']} folds by {card['split_by']}: every pair is tested once, by models trained on the other "
        "folds, and intervals are of all folds together. The models that are kept, for Steer and export, are trained "
        "on all pairs; the folds estimate their accuracy."
    )


def sentences(card: dict) -> list[str]:
    """What a reader must know of a split, from a data card as plain values: what it goes by, and what it leaks."""
    found = card.get("leaks") or {}
    lines = [f"The split goes by {card['split_by']}."] if card.get("split_by") else []
    if card.get("folds"):
        lines = [folds_told(card)]
    if not found:
        return lines
    shares = []
    for what in ("pairs", "prompts", "units"):
        tested, seen = found[f"test_{what}"], found[f"seen_{what}"]
        words = f"{card['unit']}s" if what == "units" else what
        if tested and (what != "units" or seen):
            shares.append(f"{seen:,} of {tested:,} test {words} ({100 * seen / tested:.1f} %) are training {words} too")
    if found["seen_pairs"] == found["seen_prompts"] == found["seen_units"] == 0:
        unit = "" if card["unit"] == "prompt" else f" and no test {card['unit']}"
        return [*lines, f"No test pair{',' if unit else ' and'} no test prompt{unit} is in training."]
    advice = " A model can know the answers by heart: `split_by` prompt or both keeps them apart."
    return [*lines, "; ".join(shares) + "." + (advice if found["seen_pairs"] > MUCH * found["test_pairs"] else "")]
