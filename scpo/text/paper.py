"""What the authors of SCPO published, beside what a run here finds for the same quantity.

Their figures are of whole DeBERTa reward models on PRISM, seven countries. A run of other data or of heads need not
give the same numbers; what can be compared is which method is ahead, and by how much.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from scpo import runs
from scpo.format import counted, fixed, known, percent, points, span
from scpo.methods import METHODS, named
from scpo.metrics.accuracy import MEAN
from scpo.metrics.paired import errors_needed
from scpo.planner import standard_error
from scpo.table_rows import rows_of
from scpo.text.efficiency import ALL, PAIRS, interval_of, more, why_no_ratio
from scpo.text.findings import countries, differences
from scpo.text.results import is_clear

SOURCE = "arXiv 2606.18606v1"
# Accuracy in %, mean of seven countries of PRISM: on all test pairs, on those that the global model gets wrong.
ROWS = {
    "global": (58.55, 0.0),
    "full": (62.12, 27.37),
    "filter": (46.87, 63.01),
    "inverse": (56.62, 46.70),
    "weight": (61.13, 18.21),
    "scpo": (62.72, 40.57),
}
SUBSETS = ("full", "distinct")
CLAIMS = (  # differences of its table that readers quote: method, against, test pairs
    ("scpo", "full", "full"),
    ("scpo", "global", "full"),
    ("weight", "full", "full"),
    ("filter", "full", "full"),
    ("scpo", "full", "distinct"),
)
SEVEN = ("Chile", "South Africa", "New Zealand", "Australia", "Mexico", "Israel", "Canada")
CANADA, CARD = "Canada", {"global": 0.6040, "scpo": 0.6619}  # accuracy by the card of the model of Canada
CARD_PAIRS, CARD_PEOPLE = 346, 8  # of its test, the people about


def beside(result: runs.Result) -> pd.DataFrame:
    """Accuracy of the methods that both have, mean over countries; shares.

    Columns method, subset, paper, accuracy, low, high, n, units; methods as the paper has them.
    """
    table = result.tables["accuracy"]
    mean = table[table["country"] == MEAN].set_index(["method", "subset"])
    rows = [
        {"method": method, "subset": subset, "paper": theirs / 100}
        | mean.loc[(method, subset), ["accuracy", "low", "high", "n", "units"]].to_dict()
        for method, both in ROWS.items()
        for subset, theirs in zip(SUBSETS, both, strict=True)
        if (method, subset) in mean.index
    ]
    columns = ["method", "subset", "paper", "accuracy", "low", "high", "n", "units"]
    return pd.DataFrame(rows, columns=columns).astype({"accuracy": float, "low": float, "high": float})


def source_line() -> str:
    """Where the published figures come from, and how they can be compared."""
    return (
        f"{SOURCE}: OpenAssistant's DeBERTa reward model, fine-tuned whole on PRISM, mean of {len(SEVEN)} countries "
        f"({', '.join(SEVEN)}), no interval in its main table. Other data and other models need not give the same "
        "numbers; compare which method is ahead, and by how much."
    )


def beside_lines(result: runs.Result) -> list[str]:
    """The paper's differences between methods, and the same differences here, with intervals; first, how many agree."""
    lines, agreed = [], []
    for method, against, subset in CLAIMS:
        rows = differences(result, subset, [method], against)
        rows = rows[rows["country"] == MEAN]
        if not len(rows):
            continue
        at, row = SUBSETS.index(subset), rows.iloc[0]
        theirs = (ROWS[method][at] - ROWS[against][at]) / 100
        clear = is_clear(rows).iloc[0]
        agreed.append(theirs * row["difference"] > 0 if clear else None)
        where = "" if subset == "full" else ", on pairs that the global model gets wrong"
        lines.append(
            f"**{named(method)} minus {named(against)}**{where}: {points(theirs)} points in the paper, "
            f"{points(row['difference'])} here ({span(row['low'], row['high'])}"
            f"{'' if clear else '; by its paired test that may be chance'})."
        )
    if "filter" in set(result.tables["accuracy"]["method"]):
        lines.append(
            f"Filtering alone leaves the paper's model below chance ({ROWS['filter'][0]:.2f} %): it is trained on "
            "nothing but pairs on which the global model is wrong or unsure."
        )
    if not agreed:
        return lines
    same, other, open_ = (agreed.count(way) for way in (True, False, None))
    first = (
        f"Of {counted(len(agreed), 'difference')} between methods in the paper, {same} "
        f"{'is' if same == 1 else 'are'} the same way round in this run, {other} the other way round, and {open_} "
        "may be chance here."
    )
    return [first, *lines]


def kept(result: runs.Result) -> pd.DataFrame:
    """Training pairs before and after the filter, per country: country, pairs, kept, share, per_kept."""
    table = result.tables["selection"][["country", "pairs", "kept"]].rename(columns={"kept": "share"})
    table = table.assign(kept=(table["pairs"] * table["share"]).round().astype(int))
    per_kept = (table["pairs"] / table["kept"]).where(table["kept"] > 0)
    return table.assign(per_kept=per_kept)[["country", "pairs", "kept", "share", "per_kept"]]


def readings(result: runs.Result, method: str = "scpo") -> pd.DataFrame:
    """What "280 % more data-efficient" may mean, mean over countries: reading, times, low, high, note."""
    efficiency, per_pair, curve = (result.tables[name] for name in ("efficiency", "per_pair", "curve"))
    rows = []
    for row in rows_of(_mean(efficiency, method)):
        none = why_no_ratio(row._asdict())
        rows.append((f"Ratio of {PAIRS[row.reading]}", np.nan if none else row.ratio, row.low, row.high, none))
    for row in rows_of(_mean(per_pair, method)):
        none = "" if known(row.ratio) else f"what {ALL} gains may be chance, or the people are too few"
        rows.append(("Gain per pair trained on", row.ratio, row.ratio_low, row.ratio_high, none))
    top = _mean(curve, method).sort_values("pairs").tail(1)
    for row in rows_of(top[top["trained"] > 0]):
        rows.append(("Pairs per pair kept", row.pairs / row.trained, np.nan, np.nan, "says nothing of accuracy"))
    return pd.DataFrame(rows, columns=["reading", "times", "low", "high", "note"]).astype({"times": float})


def reading_lines(table: pd.DataFrame) -> list[str]:
    """What each reading gives, as times and as 'more'."""
    lines = []
    for row in rows_of(table):
        if not known(row.times):
            lines.append(f"**{row.reading}**: no ratio, since {row.note}.")
            continue
        within = f", {interval_of(row.low, row.high)}" if known(row.low) and known(row.high) else ""
        said = f"; {row.note}" if row.note else ""
        lines.append(f"**{row.reading}**: {fixed(row.times, 2)} times ({more(row.times)}{within}){said}.")
    return lines


def steps(result: runs.Result) -> pd.DataFrame:
    """Accuracy at the last step of training, as the authors keep it, and at the step that validation chose.

    Columns method, last, chosen; mean over countries, all test pairs, methods that are trained by steps.
    """
    path, table = result.tables["path"], result.tables["accuracy"]
    if not len(path):
        return pd.DataFrame(columns=["method", "last", "chosen"])
    ends = path[(path["country"] == MEAN) & (path["subset"] == "full")].sort_values("step").groupby("method").tail(1)
    last = ends.set_index("method")["accuracy"].astype(float)
    chosen = table[(table["country"] == MEAN) & (table["subset"] == "full")].set_index("method")["accuracy"]
    here = [m for m in METHODS if m in last.index and m in chosen.index]
    return pd.DataFrame({"method": here, "last": last[here].to_numpy(), "chosen": chosen[here].to_numpy(float)})


def step_line(table: pd.DataFrame) -> str:
    """What keeping the last step costs or brings the paper's method; '' where it is not in the run."""
    row = table[table["method"] == "scpo"]
    if not len(row):
        return ""
    last, chosen = row[["last", "chosen"]].iloc[0]
    return (
        f"**{named('scpo')}**: {percent(last)} at the last step, {percent(chosen)} at the best validation step "
        f"({points(chosen - last)} points). Both are read on the same test pairs; the step is chosen without them."
    )


def card_line() -> str:
    """What the published gain of Canada is in pairs and people, and what so few people can show."""
    gain = CARD["scpo"] - CARD["global"]
    error = standard_error(np.full(CARD_PEOPLE, CARD_PAIRS / CARD_PEOPLE))
    return (
        f"The card of their model of {CANADA} tells {100 * CARD['global']:.2f} % before and {100 * CARD['scpo']:.2f} % "
        f"after: about {counted(round(gain * CARD_PAIRS), 'pair')} of {CARD_PAIRS} more, from about {CARD_PEOPLE} test "
        f"people. A test of {len(SEVEN)} countries with so many people would mostly miss differences below about "
        f"{fixed(100 * errors_needed(len(SEVEN)) * error, 0)} points; this one is {fixed(100 * gain)}."
    )


def published(result: runs.Result, subset: str) -> pd.DataFrame:
    """The authors' figures for what this run measures too: country, method, accuracy; mostly empty."""
    same = result.config.data.dataset == "prism" and subset == "full" and CANADA in countries(result)
    rows = [(CANADA, *figure) for figure in CARD.items()] if same else []
    return pd.DataFrame(rows, columns=["country", "method", "accuracy"])


def published_words(result: runs.Result) -> list[str]:
    """What the authors published for the same quantities, said to be theirs."""
    here, told = countries(result), []
    if len(published(result, "full")):
        told.append(
            f"Published by the authors for {CANADA}, theirs and not of this run: {100 * CARD['global']:.2f} % before "
            f"and {100 * CARD['scpo']:.2f} % after SCPO. They fine-tuned a whole reward model; this run steers its own."
        )
    if result.config.data.dataset == "prism" and set(here) & set(SEVEN):
        told.append(
            "Published by the authors, theirs and not of this run: gains over their global model of up to +7 points "
            f"for minority countries, the best of seven ({', '.join(SEVEN)})."
        )
    return told


def _mean(table: pd.DataFrame, method: str) -> pd.DataFrame:
    return table[(table["country"] == MEAN) & (table["method"] == method)] if len(table) else table
