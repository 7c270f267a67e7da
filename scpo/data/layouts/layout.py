"""What a layout of preference data is: its name, the columns that tell it, what each column is, where it is from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd

PAIR = ("prompt", "chosen", "rejected")
SCORED = ("prompt", "response", "score")
ANSWERS = tuple(f"response_{letter}" for letter in "abcdefgh")  # of which `winner` names one, or `strength` weighs two
JUDGED = ("prompt", *ANSWERS[:2], "winner")
OPTIONAL = ("country", "user", "group", "split")
ROLES = (*PAIR, *SCORED[1:], *ANSWERS, "winner", "strength", *OPTIONAL)
JUDGEMENT = "(judgement)"  # numbers the judgements of a table: answers of one are compared with one another only
OWN_NAMES = tuple(dict.fromkeys((*PAIR, *SCORED, *OPTIONAL)))  # of files of one's own, in any case of letters
NONE = -1  # the number of a judgement that cannot be read
EVERYBODY = "everybody"  # the one group of a file that names no country

Table = pd.DataFrame


@dataclass(frozen=True)
class Layout:
    """How preference data of one form is read.

    name      what the setting `layout` calls it
    title     what its data is called; "" for files of one's own, which keep their name
    form      what the form is called where data of any name may have it
    told_by   the columns by which a table is known to be of it
    columns   role -> column, or several of which a table has one. Roles: `prompt` with `chosen` and `rejected`; or
              with `response` and `score`; or with `response_a`, `response_b`, ... and `winner` (which is best) or
              `strength` (how far apart two are: below 0 for the first, above 0 for the second). Beside them `country`,
              `user`, `group` and `split`, which a table may lack
    rows_are  what its rows are, in the plural, for counts: "conversations"
    judged    what is counted of it: "pick(s) of one answer out of {n}"
    flat      makes a flat table of a nested one: rows of texts and numbers with the columns of `columns`, each under
              the index of the row that it is of, and `JUDGEMENT` where answers of several rows are compared
    holds     True if the values are those of the layout, where other data has columns of these names
    words     what words of the score are worth
    people    columns of a second file that says who the people are: their name first
    dataset   the data set whose loader reads it, where it is not read as a file of one's own
    """

    name: str
    title: str
    told_by: tuple[str, ...]
    columns: Mapping[str, str | tuple[str, ...]]
    rows_are: str = "pairs"
    judged: str = "pair(s)"
    flat: Callable[[Table], Table] | None = None
    holds: Callable[[Table], bool] = lambda table: True
    words: Mapping[str, float] = field(default_factory=dict)
    people: tuple[str, ...] = ()
    dataset: str = ""
    licence: str = ""
    citation: str = ""
    url: str = ""
    form: str = ""

    def fits(self, table: Table) -> bool:
        """True for a table with the columns and values of the layout."""
        return {*self.told_by} <= {*table.columns} and len(table) > 0 and self.holds(table.head(20))
