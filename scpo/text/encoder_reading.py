"""What an encoder reads of each country's texts, as a reader prints it. Knows nothing of Streamlit."""

from __future__ import annotations

import pandas as pd

from scpo.format import percent

LIMITS = (
    "Unknown: tokens that stand for a piece of text which the tokenizer does not know. Cut: texts of which the rest "
    "is not read (the end of a prompt is kept, the beginning of an answer). Alike: pairs whose answers are the same "
    "to the encoder, so that every model ties. With more than half of the tokens unknown or of the pairs alike, no "
    "accuracy of a country is shown."
)


def percents(table: pd.DataFrame) -> pd.DataFrame:
    """The table as a reader prints it."""
    shares = {name: table[name].map(percent) for name in ("unknown", "cut", "alike")}
    counts = {name: table[name].map("{:,}".format) for name in ("texts", "tokens", "pairs")}
    names = {"unknown": "unknown tokens", "cut": "texts cut", "alike": "pairs alike"}
    return table.assign(**shares, **counts).drop(columns="readable").rename(columns=names)
