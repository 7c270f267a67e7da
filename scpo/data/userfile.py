"""The user's own file: pairs (`prompt, chosen, rejected, country[, user]`) or scored responses
(`prompt, response, score, country, user[, group]`), as csv, jsonl or parquet.

The unit of split and bootstrap is the user; pairs without a user go by their prompt. Further columns that say one
thing about each user (age, religion, ...) are survey columns, by which accuracy is compared within a country.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from scpo.config import DataConfig
from scpo.data.build import distinct_texts, scored_pairs, split_units
from scpo.data.preferences import DataCard, Preferences
from scpo.data.reading import (
    Faults,
    check_numbers,
    check_texts,
    file_names,
    has_columns,
    is_valid_text,
    read_table,
)

PAIRS = ["prompt", "chosen", "rejected", "country"]
SCORED = ["prompt", "response", "score", "country", "user"]
RESERVED = ("name", "split", "unit")  # names that the table of users has itself


def load(config: DataConfig) -> Preferences:
    """Pairs of one or more files of one form. Raises `DataFaults` with every fault of all files."""
    faults = Faults(*config.data_files, names=config.data_names)
    tables = [read_table(path, faults) for path in config.data_files]
    scored = all("response" in t.columns for t in tables if len(t.columns))
    needed = SCORED if scored else PAIRS
    tables = [_checked(table, needed, faults) for table in tables]
    table = pd.concat([t for t in tables if len(t)]) if any(map(len, tables)) else pd.DataFrame(columns=needed)
    if len(table) and "user" in table.columns:
        _one_country_per_user(table, faults)
    faults.raise_any()
    texts, pairs, names, dropped = _scored(table) if scored else _paired(table)
    units = pd.DataFrame({
        "name": names, "split": split_units(len(names), config.split_seed, config.test_share, config.validation_share),
        **(_about(table, names) if "user" in table.columns else {}),
    })  # fmt: skip
    by_prompt = not scored and "user" not in table.columns
    card = DataCard(
        "file", file_names(config), False, "prompt" if by_prompt else "user",
        file_names(config), "the file's own", (), (), dropped,
    )  # fmt: skip
    return Preferences(texts, pairs, units, card)


def _checked(table: pd.DataFrame, needed: list[str], faults: Faults) -> pd.DataFrame:
    """The columns that are used, each checked; an unusable table is left out."""
    if not has_columns(table, needed, faults):
        return pd.DataFrame()
    columns = needed + [c for c in ("user", "group") if c in table.columns and c not in needed]
    table = table[columns + [c for c in table.columns if c not in columns and c not in RESERVED]].copy()
    for name in columns:
        if name == "score":
            table[name] = check_numbers(table[name], faults)
        else:
            if name in ("user", "group"):  # numbers are fine as names
                table[name] = (
                    table[name].map(lambda v: str(v) if isinstance(v, (int, np.integer)) else v).astype(object)
                )
            check_texts(table[name], faults)
    return table


def _one_country_per_user(table: pd.DataFrame, faults: Faults) -> None:
    known = table[table["user"].map(type).eq(str) & table["country"].map(type).eq(str)]
    several = known.groupby("user")["country"].nunique()
    for user in several[several > 1].index:
        rows = known[known["user"] == user]
        second = rows.index[rows["country"] != rows["country"].iloc[0]][0]
        got = f"user {user!r} in {', '.join(sorted(rows['country'].unique()))}"
        faults.add(second, got, "one country per user, so that no user is in two countries' splits")


def _about(table: pd.DataFrame, names: np.ndarray) -> dict[str, np.ndarray]:
    """Further columns that say one thing about each user, such as age or religion: name -> (users,) texts or None."""
    found = {}
    for column in [c for c in table.columns if c not in (*PAIRS, *SCORED, "group")]:
        answer = table[column].map(lambda v: v.strip() if isinstance(v, str) and is_valid_text(v) else None)
        by_user = answer.groupby(table["user"], sort=False)
        if answer.notna().any() and (by_user.nunique(dropna=False) == 1).all():
            found[str(column)] = by_user.first().reindex(names).to_numpy(dtype=object)
    return found


def _scored(table: pd.DataFrame):
    unit, names = pd.factorize(table["user"])
    group = table["group"] if "group" in table.columns else table["prompt"]
    group = pd.factorize(pd.Series(unit.astype(str), index=group.index) + "\n" + group.astype(str))[0]
    rows = table.assign(unit=unit, group=group).reset_index(drop=True)
    texts, pairs = scored_pairs(rows)
    size = np.bincount(group)
    tied = int((size * (size - 1) // 2).sum()) - len(pairs)
    return texts, pairs, names, {"pairs of equal scores or equal texts": tied} if tied else {}


def _paired(table: pd.DataFrame):
    unit, names = pd.factorize(table["user"] if "user" in table.columns else table["prompt"])
    same = (table["chosen"] == table["rejected"]).to_numpy()
    kept, unit = table[~same], unit[~same]
    both = pd.concat([kept["chosen"], kept["rejected"]], ignore_index=True)
    texts, code = distinct_texts(pd.concat([kept["prompt"]] * 2, ignore_index=True), both)
    chosen, rejected = code[: len(kept)], code[len(kept) :]
    none = np.full(len(kept), np.nan, np.float32)
    pairs = pd.DataFrame({
        "chosen": chosen, "rejected": rejected, "country": pd.Categorical(kept["country"]),
        "unit": unit.astype(np.int32), "score_chosen": none, "score_rejected": none,
    })  # fmt: skip
    return texts, pairs, names, {"pairs whose two answers are equal": int(same.sum())} if same.any() else {}
