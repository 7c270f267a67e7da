"""What the global model thinks of each country's training pairs, and what filter and weight make of it.

A run keeps the rewards in `margins.safetensors`, one row per training pair of its countries, so that
tau and beta can be moved afterwards without any model:

    row                              (n,) int32    row of the data's pair table
    country                          (n,) int16    number of the country in the header's list
    unit                             (n,) int32    its user or question
    chosen_reward, rejected_reward   (n,) float32  by the global model that the country starts from

18 bytes a pair: 1.8 MB for 100,000. Knows nothing of texts, models or pages.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors
import safetensors.numpy

from scpo.errors import RunFolderError
from scpo.metrics.bootstrap import accuracy_draws, interval, resample_units
from scpo.metrics.outcomes import ratio, tally
from scpo.runs import write_bytes
from scpo.selection import margin, p_global

FILE = "margins.safetensors"
COLUMNS = {
    "row": np.int32, "country": np.int16, "unit": np.int32, "chosen_reward": np.float32, "rejected_reward": np.float32,
}  # fmt: skip
ALL = "all countries"
SPAN = (0.1, 99.9)  # percentiles between which a histogram of margins has its bins


@dataclass(frozen=True)
class Margins:
    """The columns of the file; everything that does not depend on tau or beta is worked out once."""

    countries: tuple[str, ...]
    row: np.ndarray
    country: np.ndarray
    unit: np.ndarray
    chosen_reward: np.ndarray
    rejected_reward: np.ndarray

    @cached_property
    def margin(self) -> np.ndarray:
        """m, (n,) float64: a float32 difference made wider, as in training."""
        return margin(self.chosen_reward, self.rejected_reward).astype(np.float64)

    @cached_property
    def p_global(self) -> np.ndarray:
        """F, the filter value: sigmoid(m), (n,)."""
        return p_global(self.margin)

    @cached_property
    def span(self) -> tuple[float, float]:
        """The range of nearly all margins, so that one odd pair does not flatten a histogram."""
        low, high = np.percentile(self.margin, SPAN)
        return (float(low), float(high)) if low < high else (float(low) - 1, float(high) + 1)

    def of(self, country: str) -> np.ndarray:
        """Places of one country's pairs, or of all, (k,) int64."""
        if country == ALL:
            return np.arange(len(self.row))
        return np.flatnonzero(self.country == self.countries.index(country))


def write_margins(
    folder: Path, pairs: pd.DataFrame, rows: Mapping[str, np.ndarray], rewards: Mapping[str, np.ndarray]
) -> None:
    """Write `margins.safetensors`.

    pairs    the pair table; rows: country -> rows of it that the country trains on
    rewards  country -> reward of every text by the global model that the country starts from, (texts,)
    """
    sides = {side: pairs[side].to_numpy() for side in ("chosen", "rejected")}
    row = np.concatenate(list(rows.values()))
    columns = {
        "row": row, "country": np.repeat(np.arange(len(rows)), [len(part) for part in rows.values()]),
        "unit": pairs["unit"].to_numpy()[row],
        **{f"{side}_reward": np.concatenate([rewards[c][text[part]] for c, part in rows.items()])
           for side, text in sides.items()},
    }  # fmt: skip
    tensors = {name: np.ascontiguousarray(columns[name], dtype) for name, dtype in COLUMNS.items()}
    about = json.dumps({"countries": list(rows)})
    write_bytes(folder / FILE, safetensors.numpy.save(tensors, metadata={"about": about}))


def read_margins(folder: Path) -> Margins:
    """The margins of a finished run. Raises `RunFolderError` where there are none, or damaged ones."""
    if not (folder / FILE).is_file():
        raise RunFolderError(
            f"The run {folder.name} has no {FILE}: it was made by an older version, which did not keep the rewards of "
            "the global model. Delete the run and run it again; then its pairs can be filtered and weighted here."
        )
    try:
        with safetensors.safe_open(folder / FILE, "np") as file:
            countries = tuple(map(str, json.loads(file.metadata()["about"])["countries"]))
            columns = {name: file.get_tensor(name) for name in COLUMNS}
    except (OSError, safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, f"it cannot be read ({error})") from error
    shapes = {column.shape for column in columns.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1 or not len(columns["row"]):
        raise _damaged(folder, f"its columns have the shapes {sorted(shapes)}, not one (n,) with n > 0")
    if not all(np.isfinite(columns[f"{side}_reward"]).all() for side in ("chosen", "rejected")):
        raise _damaged(folder, "a reward in it is not a number")
    if columns["row"].min() < 0 or not 0 <= columns["country"].min() <= columns["country"].max() < len(countries):
        raise _damaged(folder, "it names a row or a country that cannot be")
    return Margins(countries, **columns)


def _damaged(folder: Path, why: str) -> RunFolderError:
    return RunFolderError(f"{FILE} of the run {folder.name} is damaged: {why}. Run it again.")


def shares(margins: Margins, keep: np.ndarray, weight: np.ndarray) -> pd.DataFrame:
    """What filter and weight leave of each country's training pairs, and, last, of all of them.

    kept            share of the pairs that stay
    effective       effective sample size (sum w)^2 / sum w^2 of the kept pairs, as a share of all pairs:
                    how many pairs of equal weight would count as much; 0 where none is kept

    keep (n,) bool and weight (n,) come from `scpo.selection.select`. NaN where a country has no pairs.
    """
    size, used = len(margins.countries), np.where(keep, weight, 0.0)
    sums = [np.bincount(margins.country, values, size) for values in (None, keep, used, used**2)]
    pairs, kept, total, squares = (np.append(values, values.sum()) for values in sums)
    effective = np.where(kept > 0, ratio(total**2, squares), 0.0)
    return pd.DataFrame({
        "country": [*margins.countries, ALL], "pairs": pairs.astype(int),
        "kept_pairs": kept.astype(int), "kept": ratio(kept, pairs),
        "effective_pairs": effective, "effective": ratio(effective, pairs),
    })  # fmt: skip


def disagreement(margins: Margins, shared_units: bool, unread: Collection[str] = ()) -> pd.DataFrame:
    """How often the global model prefers the rejected answer, per country, before any steering.

    `disagree` is the share of training pairs with m < 0; ties (m = 0) do not count and are listed.
    low and high are a 95 % interval from resampling users or questions; NaN where they are too few.
    shared_units: True if countries answer the same questions.
    unread: countries of whose texts too little is read for a share to say anything; theirs is NaN.
    """
    head = pd.DataFrame([{"method": "global", "seed": 0, "level": 0}])
    tallies = []
    for country in margins.countries:
        at = margins.of(country)
        m = margins.margin[at]
        tallies.append(tally(country, head, -m[None], m, margins.unit[at]) if len(at) else None)
    known = [t for t in tallies if t]
    drawn = dict(zip((t.country for t in known), resample_units(known, shared_units), strict=True))
    records = []
    for country, said in zip(margins.countries, tallies, strict=True):
        if said is None:
            records.append({"country": country, "disagree": np.nan, "low": np.nan, "high": np.nan,
                            "pairs": 0, "units": 0, "ties": 0})  # fmt: skip
            continue
        low, high = interval(accuracy_draws(said, drawn[country])[0, 0], len(said.units), said.effective()[0])
        records.append({
            "country": country, "disagree": float(said.accuracy()[0, 0]), "low": float(low), "high": float(high),
            "pairs": int(said.counts[0].sum()), "units": len(said.units), "ties": int(said.ties[0, 0]),
        })  # fmt: skip
    table = pd.DataFrame(records)
    table.loc[table["country"].isin(list(unread)), ["disagree", "low", "high"]] = np.nan
    return table


def histogram(values: np.ndarray, keep: np.ndarray, low: float, high: float, bins: int) -> pd.DataFrame:
    """Pairs per bin, kept and dropped; the outermost bins also hold what lies beyond them.

    low, high (bins,) bounds of each bin; kept, dropped (bins,) pairs
    """
    edges = np.linspace(low, high, bins + 1)
    place = np.clip(((values - low) * (bins / (high - low))).astype(np.int64), 0, bins - 1)
    everything, kept = np.bincount(place, minlength=bins), np.bincount(place[keep], minlength=bins)
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "kept": kept, "dropped": everything - kept})


def strips(margins: Margins, bins: int) -> pd.DataFrame:
    """Share of each country's pairs per bin of F: one row per country, one column per bin, rows sum to 1."""
    place = np.minimum((margins.p_global * bins).astype(np.int64), bins - 1)
    flat = np.bincount(margins.country.astype(np.int64) * bins + place, minlength=len(margins.countries) * bins)
    counts = flat.reshape(-1, bins)
    names = [f"{at / bins:.2f} to {(at + 1) / bins:.2f}" for at in range(bins)]
    return pd.DataFrame(ratio(counts, counts.sum(1, keepdims=True)), index=list(margins.countries), columns=names)


def nearest(value: np.ndarray, margin: np.ndarray, targets: Sequence[float]) -> list[int]:
    """For each target the place whose value is nearest, no place twice; fewer if there are fewer places.

    Of equally near ones the one with the margin nearest 0, then the first: the same on every visit.
    """
    found: list[int] = []
    for target in targets[: len(value)]:
        distance = np.abs(value - target)
        distance[found] = np.inf
        equal = np.flatnonzero(distance == distance.min())
        found.append(int(equal[np.abs(margin[equal]).argmin()]))
    return found
