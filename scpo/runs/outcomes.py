"""The outcomes of a run's heads on each user or question, kept so that runs can be compared pair by pair.

`tallies.safetensors` has, per country (numbered as in the header's list), the heads with the largest budget and
the untrained ones:

    0/units    (U,)        users or questions with test pairs
    0/wins     (H, S, U)   right answers; S subsets full, distinct, consensus
    0/counts   (S, U)      pairs
    0/ties     (H, S)
    0/unit     (n,)        of each test pair, in the order of the pair table: its user or question
    0/known    (n,)        2 where the global model is right, 0 where it is wrong, 1 where it ties
    0/signs    (H, n)      the same of each head
    0/fold     (n,)        in a run with folds: that in which the pair is tested, by models trained on the others
    0/second   (n,)        as `known`, of a second global model; 0/people of what the people of all other countries
                           answered, 0/majority of the other countries' own models (`scpo.metrics.rulers`)
    0/base     (n,)        reward margin of each test pair by the global model
    0/own      (K, n)      the same by the K trained heads, which are the first K of the H

The header has method, seed and pairs of each head and a hash of the test pairs: two runs whose data and test
pairs are the same were put to the same questions, and their differences are paired.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors

from scpo.errors import RunFolderError
from scpo.methods import UNTRAINED
from scpo.metrics.accuracy import ResampledOutcomes
from scpo.metrics.frontier import HeldOutMargins
from scpo.metrics.outcomes import SUBSETS, Outcomes, PairOutcomes
from scpo.metrics.rulers import STORED
from scpo.runs.files import tensor_bytes, write_bytes

FILE = "tallies.safetensors"
HEAD = ["method", "seed", "pairs"]
PARTS, OF_PAIRS, MARGINS = ("units", "wins", "counts", "ties"), ("unit", "known", "signs"), ("base", "own")


@dataclass(frozen=True)
class RunOutcomes:
    """Country -> outcomes at the largest budget, and country -> hash of its test pairs.

    rulings  ruler (of `metrics.rulers.STORED`) -> country -> 1, -1 or 0 for each test pair, (n,) int8
    """

    outcomes: Mapping[str, Outcomes]
    test: Mapping[str, str]
    rulings: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)


def write_outcomes(
    folder: Path,
    resampled: ResampledOutcomes,
    test_rows: Mapping[str, np.ndarray],
    fold: np.ndarray | None = None,
    rulings: Mapping[str, Mapping[str, np.ndarray]] | None = None,
    held_out: Sequence[HeldOutMargins] = (),
) -> None:
    """Write `tallies.safetensors`.

    test_rows  country -> rows of the pair table that it is tested on
    fold       of each row of the pair table, that in which it is tested
    rulings, held_out  what other rulers say of these pairs, and margins, of the countries that have them
    """
    margins = {part.country: part for part in held_out}
    tensors: dict[str, np.ndarray] = {}
    heads, test = [], {}
    for at, (country, o) in enumerate(resampled.outcomes.items()):
        top = o.pick((o.heads["level"] == o.heads["method"].map(resampled.top)).to_numpy())
        heads.append(top.heads[HEAD].to_dict("list"))
        test[country] = hashlib.sha256(test_rows[country].astype("<i8").tobytes()).hexdigest()
        values = {"units": o.units, "wins": top.wins, "counts": top.counts, "ties": top.ties}
        if top.each:
            values |= {"unit": top.each.unit, "known": top.each.known + 1, "signs": top.each.signs + 1}
        if fold is not None:
            values |= {"fold": fold[test_rows[country]]}
        values |= {name: of[country] + 1 for name, of in (rulings or {}).items() if country in of}
        tensors |= {f"{at}/{name}": _smallest(array) for name, array in values.items()}
        if country in margins:
            tensors |= {f"{at}/{name}": getattr(margins[country], name).astype(np.float32) for name in MARGINS}
    about = json.dumps({"countries": list(resampled.outcomes), "heads": heads, "test": test})
    write_bytes(folder / FILE, tensor_bytes(tensors, {"about": about}))


def _smallest(values: np.ndarray) -> np.ndarray:
    """Whole numbers from 0 in the smallest type that holds them."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))


def read_outcomes(folder: Path) -> RunOutcomes:
    """The outcomes of a finished run. Raises `RunFolderError` where there are none, or damaged ones."""
    kept: dict[str, Outcomes] = {}
    rulings: dict[str, dict[str, np.ndarray]] = {}
    with _opened(folder) as (about, there, tensor):
        for at, (country, heads) in enumerate(zip(about["countries"], about["heads"], strict=True)):
            known = [*PARTS, *(name for name in OF_PAIRS if f"{at}/{name}" in there)]
            part = {name: tensor(f"{at}/{name}") for name in known}
            fold = tensor(f"{at}/fold") if f"{at}/fold" in there else np.zeros(1)
            kept[country] = replace(_checked(country, pd.DataFrame(heads), part), folds=int(fold.max(initial=0)))
            for name in [name for name in STORED if f"{at}/{name}" in there]:
                rulings.setdefault(name, {})[country] = _ruling(country, tensor(f"{at}/{name}"), part)
        return RunOutcomes(kept, {country: str(about["test"][country]) for country in kept}, rulings)


def read_held_out(folder: Path) -> list[HeldOutMargins]:
    """Margins of the test pairs of the countries that have them; none where the run kept none.

    Raises `RunFolderError` as `read_outcomes` does.
    """
    found = []
    with _opened(folder) as (about, there, tensor):
        for at, (country, heads) in enumerate(zip(about["countries"], about["heads"], strict=True)):
            if {f"{at}/{name}" for name in MARGINS} <= there:
                method = np.array([name for name in pd.DataFrame(heads)["method"] if name not in UNTRAINED])
                base, own, unit = (tensor(f"{at}/{name}") for name in (*MARGINS, "unit"))
                if own.shape != (len(method), len(unit)) or base.shape != unit.shape or not np.isfinite(own).all():
                    raise ValueError(f"the margins of {country} do not go with its heads and pairs")
                fold = tensor(f"{at}/fold") if f"{at}/fold" in there else np.zeros(1)
                found.append(HeldOutMargins(country, unit, base, own, method, int(fold.max(initial=0))))
    return found


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[tuple[dict, set[str], Callable[[str], np.ndarray]]]:
    """The header of a run's file, the names of its arrays, and what gives one of them."""
    path = folder / FILE
    if not path.is_file():
        raise RunFolderError(f"The run {folder.name} has no {FILE}: an older version made it. Run it again.")
    try:
        with safetensors.safe_open(path, "np") as file:
            yield json.loads(file.metadata()["about"]), set(file.keys()), file.get_tensor
    except (OSError, safetensors.SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunFolderError(f"{FILE} of the run {folder.name} is damaged: {error}. Run it again.") from error


def _ruling(country: str, said: np.ndarray, part: dict[str, np.ndarray]) -> np.ndarray:
    if said.shape != part["unit"].shape or said.max(initial=0) > 2:
        raise ValueError(f"what a ruler says of {country} does not go with its pairs")
    return said.astype(np.int8) - np.int8(1)


def _checked(country: str, heads: pd.DataFrame, part: dict[str, np.ndarray]) -> Outcomes:
    size = (len(heads), len(SUBSETS), len(part["units"]))
    shapes = tuple(part[name].shape for name in ("wins", "counts", "ties"))
    if shapes != (size, size[1:], size[:2]) or list(heads.columns) != HEAD:
        raise ValueError(f"the shapes {shapes} of {country} do not go with {size[0]} heads and {size[2]} units")
    wins, counts = part["wins"].astype(np.float32), part["counts"].astype(np.float32)
    if (wins > counts).any():
        raise ValueError(f"{country} has more right answers than pairs")
    return Outcomes(country, heads, part["units"], wins, counts, part["ties"], _pair_by_pair(country, heads, part))


def _pair_by_pair(country: str, heads: pd.DataFrame, part: dict[str, np.ndarray]) -> PairOutcomes | None:
    """What was said pair by pair; None where a run does not have it."""
    if any(name not in part for name in OF_PAIRS):
        return None
    unit, n = part["unit"], len(part["unit"])
    if part["known"].shape != (n,) or part["signs"].shape != (len(heads), n) or not np.isin(unit, part["units"]).all():
        raise ValueError(f"the pairs of {country} do not go with its heads and units")
    return PairOutcomes(unit, *(part[name].astype(np.int8) - np.int8(1) for name in ("known", "signs")))
