"""Scores that a judge gave to texts, from a file: any reward model's, or those of a language model that was asked.

One row per text (`prompt, response, reward`), or per pair in the columns of RewardBench (`prompt, chosen, rejected,
scores_chosen, scores_rejected`). A text may come several times, as long as its scores agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scpo.data.checks import as_texts_of, check_numbers, check_texts, has_columns, with_names
from scpo.data.faults import Faults
from scpo.data.messages import as_texts
from scpo.data.preferences import Preferences
from scpo.data.reading import read_table

TEXT = ["prompt", "response"]
SIDES = {  # of RewardBench, and as other data sets have them
    "chosen": ("scores_chosen", "score_chosen", "reward_chosen"),
    "rejected": ("scores_rejected", "score_rejected", "reward_rejected"),
}
REWARD = ("reward", "score", "rewards", "scores")
FORM = "columns prompt, response, reward; or prompt, chosen, rejected, scores_chosen, scores_rejected"
SAME = 1e-4  # of the spread of all scores: nearer ones are the same, since batches round differently
SEVERAL = "rows of a text whose scores differ"


@dataclass(frozen=True)
class Scores:
    """Distinct texts with their scores.

    table      prompt, response, reward (float64), one row per text
    rows       rows of the file; left_out: reason -> rows that are not used
    """

    table: pd.DataFrame
    rows: int
    left_out: dict[str, int]


def read_scores(path: str, name: str = "") -> Scores:
    """The scores of a file; name: what it is called, if not as it lies on the disk.

    A row without a text or a number, and every row of a text whose scores differ, is left out and counted. Raises
    `DataFaults` for a file without the columns, or most of whose rows are left out.
    """
    faults = Faults(path, names=(name,) if name else (), strict=False)
    table = read_table(path, faults, name)
    rows = len(table)
    table = _one_text_a_row(with_names(table, [*TEXT, *SIDES, *REWARD, *sum(SIDES.values(), ())]))
    if has_columns(table, [*TEXT, "reward"], faults, FORM):
        table = as_texts(table, ("response",), faults, "rows")[[*TEXT, "reward"]]
        for column in TEXT:
            table[column] = as_texts_of(table[column])
            check_texts(table[column], faults)
        table["reward"] = check_numbers(table["reward"].map(_alone), faults)
        table = faults.kept(table)
        text = table.groupby(TEXT, sort=False).ngroup()
        _agree(table["reward"], text, faults)
        table = faults.kept(table[~text.duplicated()])
    faults.raise_any()
    return Scores(table.reset_index(drop=True), rows, faults.left_out)


def rewards_of(scores: Scores, texts: pd.DataFrame) -> np.ndarray:
    """The reward of each text (n,), NaN where it has none; texts: as of `Preferences`, matched exactly."""
    asked = texts[TEXT].astype(object)
    return asked.merge(scores.table, on=TEXT, how="left", validate="many_to_one")["reward"].to_numpy(np.float64)


def _one_text_a_row(table: pd.DataFrame) -> pd.DataFrame:
    """The same with one text in each row, and its score as `reward`; rows of a pair keep their number."""
    columns = {side: next((n for n in names if n in table.columns), None) for side, names in SIDES.items()}
    if "prompt" in table.columns and all(columns.values()) and {*SIDES} <= {*table.columns}:
        parts = [
            table[["prompt", side, column]].set_axis([*TEXT, "reward"], axis=1) for side, column in columns.items()
        ]
        joined = pd.concat(parts)
    else:
        given = next((name for name in REWARD if name in table.columns), None)
        joined = table.rename(columns={given: "reward"}) if given else table.copy()
    joined.attrs = dict(table.attrs)
    return joined


def _alone(value: object) -> object:
    """The number of a list of one, as RewardBench writes the scores of some models."""
    return value[0] if isinstance(value, (list, tuple, np.ndarray)) and len(value) == 1 else value


def _agree(reward: pd.Series, text: pd.Series, faults: Faults) -> None:
    """Leave out every row of a text whose scores differ: which of them is meant is not for us to guess.

    text  the number of each row's text
    """
    if not len(reward):
        return
    by_text = reward.groupby(text.to_numpy())
    least, most = by_text.transform("min"), by_text.transform("max")
    differ = (most - least > SAME * (reward.max() - reward.min())).to_numpy()
    got = [f"a text has scores from {low:g} to {high:g}" for low, high in zip(least[differ], most[differ], strict=True)]
    faults.at(reward.index[differ], got, "one score for each text: take one, or their average", SEVERAL)


def texts_to_score(data: Preferences, rows: np.ndarray) -> pd.DataFrame:
    """prompt, response: every text of these pairs, once, as a judge is to be given them."""
    return data.texts.iloc[texts_of(data, rows)][TEXT].astype(object).reset_index(drop=True)


def texts_of(data: Preferences, rows: np.ndarray) -> np.ndarray:
    """The distinct texts of these pairs, as rows of the texts."""
    return np.unique(data.pairs[["chosen", "rejected"]].to_numpy()[rows])


def rewardbench_rows(data: Preferences, rows: np.ndarray, rewards: np.ndarray | None = None) -> pd.DataFrame:
    """These pairs in RewardBench's per-prompt form: prompt, chosen, rejected, subset (the country) and id.

    rewards  (texts,), NaN without a score: then scores_chosen, scores_rejected and results (1 where the chosen answer
             has the higher one) too, of the pairs that have both
    """
    pairs = data.pairs.iloc[rows]
    chosen, rejected = (pairs[side].to_numpy() for side in ("chosen", "rejected"))
    prompt, response = data.texts["prompt"].astype(object).to_numpy(), data.texts["response"].to_numpy()
    subset = pairs["country"].astype(str).to_numpy()
    table = pd.DataFrame(
        {
            "prompt": prompt[chosen],
            "chosen": response[chosen],
            "rejected": response[rejected],
            "subset": subset,
            "id": rows,
        }
    )
    if rewards is None:
        return table
    scores = {"scores_chosen": rewards[chosen], "scores_rejected": rewards[rejected]}
    table = table.assign(**scores, results=(rewards[chosen] > rewards[rejected]).astype(int))
    return table.dropna(subset=list(scores))
