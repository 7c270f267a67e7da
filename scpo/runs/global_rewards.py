"""The global model's rewards of a run's training pairs, written and read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import safetensors

from scpo.errors import RunFolderError
from scpo.metrics.filtering import Margins
from scpo.runs.files import tensor_bytes, write_bytes

FILE = "margins.safetensors"


COLUMNS = {
    "row": np.int32,
    "country": np.int16,
    "unit": np.int32,
    "chosen_reward": np.float32,
    "rejected_reward": np.float32,
}


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
        "row": row,
        "country": np.repeat(np.arange(len(rows)), [len(part) for part in rows.values()]),
        "unit": pairs["unit"].to_numpy()[row],
        **{
            f"{side}_reward": np.concatenate([rewards[c][text[part]] for c, part in rows.items()])
            for side, text in sides.items()
        },
    }
    tensors = {name: columns[name].astype(dtype) for name, dtype in COLUMNS.items()}
    about = json.dumps({"countries": list(rows)})
    write_bytes(folder / FILE, tensor_bytes(tensors, {"about": about}))


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
