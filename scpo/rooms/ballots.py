"""Votes in and out: the order in which a voter sees the pairs, csv, and printed sheets for rooms without a network."""

from __future__ import annotations

import csv
import hashlib
import io

import numpy as np
import pandas as pd

from scpo.errors import DataFaults, Fault
from scpo.export.safe_csv import safe_csv
from scpo.export.templates import rendered
from scpo.rooms.questions import Questions

COLUMNS = ("user", "pair", "choice")  # what a csv of votes must have; pair from 1, choice A (left) or B
SIDES = {"A": True, "B": False}
NONE = "-"  # on a sheet: this pair was not answered
LONGEST = 1_000_000  # characters of a csv that are read
CSV, SHEETS = "The csv", "The sheets"


def order(token: str, asked: int) -> list[tuple[int, bool]]:
    """The pairs in a voter's own order, and whether the answers change places: what comes first is preferred."""
    rng = np.random.default_rng(list(hashlib.sha256(token.encode()).digest()))
    turned = rng.uniform(size=asked) < 0.5
    return [(int(pair), bool(turned[pair])) for pair in rng.permutation(asked)]


def votes_csv(questions: Questions, votes: pd.DataFrame, country: str) -> str:
    """Votes as csv, one a row, which `from_csv` reads and which is also a file of pairs to train on.

    votes   voter, pair (from 0), left
    Columns user, pair, choice, prompt, chosen, rejected, country.
    """
    left = votes["left"].to_numpy()
    pair = votes["pair"].to_numpy()
    texts = np.array([questions.left, questions.right], dtype=object)
    table = pd.DataFrame(
        {
            "user": votes["voter"].to_numpy(),
            "pair": pair + 1,
            "choice": np.where(left, "A", "B"),
            "prompt": np.array(questions.prompts, dtype=object)[pair],
            "chosen": texts[np.where(left, 0, 1), pair],
            "rejected": texts[np.where(left, 1, 0), pair],
            "country": country,
        }
    )
    return safe_csv(table)


def from_csv(text: str, asked: int) -> pd.DataFrame:
    """Votes of a csv with the columns user, pair, choice, and any others: voter (str), pair (from 0), left.

    Raises `DataFaults` with every row that cannot be read.
    """
    if len(text) > LONGEST:
        raise DataFaults(CSV, [Fault(None, f"{len(text):,} characters", f"at most {LONGEST:,}")])
    names, rows = _read(io.StringIO(text.lstrip("\ufeff \r\n"), newline=None).read())
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        got = f"the columns {', '.join(names) or 'none'}"
        raise DataFaults(
            CSV, [Fault(None, got, f"a first line with {', '.join(COLUMNS)}; {', '.join(missing)} missing")]
        )
    faults: list[Fault] = []
    found: dict[tuple[str, int], bool] = {}
    for number, row in rows:
        user, pair, choice = ((row[name] or "").strip() for name in COLUMNS)
        fault = _fault(user, pair, choice, asked, found)
        if fault:
            faults.append(Fault(number, *fault))
        else:
            found[user, int(pair) - 1] = SIDES[choice.upper()]
    if faults or not found:
        raise DataFaults(CSV, faults or [Fault(None, "no votes", "a row for each vote")])
    return _table(found)


def _read(text: str) -> tuple[list[str], list[tuple[int, dict]]]:
    """The columns of a csv and its rows, each with its number."""
    reader = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=text.partition("\n")[0].count))
    try:
        names = [str(name).strip().casefold() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        return names, [(reader.line_num, row) for row in reader]
    except csv.Error:
        got = f"a cell of more than {csv.field_size_limit():,} characters"
        raise DataFaults(
            CSV, [Fault(reader.line_num, got, "shorter ones; look for a quote that is not closed")]
        ) from None


def _fault(user: str, pair: str, choice: str, asked: int, found: dict) -> tuple[str, str] | None:
    """What is wrong with a row, and what is needed; None if nothing is."""
    if not user:
        return "no user", "a number or name for each voter"
    if not (pair.isascii() and pair.isdigit() and len(pair) < 10 and 1 <= int(pair) <= asked):
        return f"pair {pair[:40]!r}", f"1 to {asked}, the pairs of this room"
    if choice.upper() not in SIDES:
        return f"choice {choice[:40]!r}", "A or B"
    if (user, int(pair) - 1) in found:
        return f"pair {pair} of user {user[:40]!r} for the second time", "each pair once per voter"
    return None


def from_sheets(text: str, asked: int) -> pd.DataFrame:
    """Votes of printed sheets, one a line: so many letters A or B, - for none; as `from_csv`.

    Raises `DataFaults` with every line that cannot be read.
    """
    faults: list[Fault] = []
    found: dict[tuple[str, int], bool] = {}
    for number, line in enumerate(text.splitlines(), 1):
        letters = "".join(line.upper().replace(",", " ").split())
        if not letters:
            continue
        if len(letters) != asked or set(letters) - {*SIDES, NONE}:
            faults.append(Fault(number, repr(line.strip()[:60]), f"{asked} letters, each A, B or {NONE}"))
        found |= {(str(number), pair): SIDES[x] for pair, x in enumerate(letters) if x in SIDES}
    if faults or not found:
        raise DataFaults(SHEETS, faults or [Fault(None, "no votes", f"a line of {asked} letters for each sheet")])
    return _table(found)


def _table(found: dict[tuple[str, int], bool]) -> pd.DataFrame:
    rows = [(user, pair, left) for (user, pair), left in found.items()]
    return pd.DataFrame(rows, columns=["voter", "pair", "left"])


def sheet(questions: Questions, name: str) -> str:
    """A page to print, for one voter: every pair with a box beside each answer."""
    pairs = list(zip(questions.prompts, questions.left, questions.right, strict=True))
    return rendered("voting_sheet.html.jinja", pairs=pairs, name=name, simulated=questions.simulated)
