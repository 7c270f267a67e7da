"""What a finished run found: frames and figures that pages draw. Knows nothing of Streamlit.

A figure is a label, a value and a note with interval and n. Computes nothing that a run keeps itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from scpo import runs
from scpo.format import TOO_FEW, counted, fixed, inert, percent, points
from scpo.grouping import worded
from scpo.methods import BY_INFORMATION, METHODS, UNTRAINED, is_model, main_of, named
from scpo.metrics.accuracy import MEAN, worst_served_first
from scpo.metrics.bias import REFERENCE
from scpo.metrics.intervals import ALPHA
from scpo.metrics.paired import COLUMNS as PAIRED
from scpo.metrics.ranks import rank_sets
from scpo.runs.judges import BROUGHT
from scpo.table_rows import row_of
from scpo.text.efficiency import efficiency_figure
from scpo.text.results import NO_GAP, headline, measured, needed, with_findings
from scpo.text.rulers import who_rules

Figure = tuple[str, str, str]


def countries(result: runs.Result) -> list[str]:
    """The countries of a run, in its own order."""
    return [c for c in dict.fromkeys(result.tables["accuracy"]["country"]) if c != MEAN]


def methods_in(table: pd.DataFrame) -> list[str]:
    """The methods that a table has rows of: those that see equally much together, judges from outside last."""
    here = dict.fromkeys(table["method"]) if len(table) else {}
    return [*(m for m in BY_INFORMATION if m in here), *(m for m in here if str(m).startswith(BROUGHT))]


def main_method(result: runs.Result) -> str:
    """The method that a page speaks of first: the paper's, else the first that was trained."""
    return main_of(methods_in(result.tables["accuracy"])) or "global"


def means(accuracy: pd.DataFrame, method: str) -> pd.DataFrame:
    """A method's means over countries in a table of accuracies, by subset of the test pairs."""
    return accuracy[(accuracy["country"] == MEAN) & (accuracy["method"] == method)].set_index("subset")


def differences(result: runs.Result, subset: str, methods: Collection[str] = (), against: str = "") -> pd.DataFrame:
    """Paired differences between methods on one subset; of these methods, and from that one, where they are given.

    The mean stands first, then who is served worst by the global model.
    Columns country, subset, method, against, difference, low, high, p_holm, units, pairs, detectable, finding, note.
    """
    table = result.tables["paired"].reindex(columns=PAIRED)  # without a method beside `global` it has no rows
    numbers = ["difference", "low", "high", "p_holm", "detectable"]
    wanted = table["subset"] == subset
    wanted &= table["method"].isin(methods) if methods else True
    wanted &= table["against"] == against if against else True
    table = table[wanted].astype(dict.fromkeys(numbers, float))
    place = {name: at for at, name in enumerate([MEAN, *worst_served_first(result.tables["accuracy"]), *METHODS])}
    table = table.sort_values(["country", "method", "against"], key=lambda c: c.map(place), kind="stable")
    return with_findings(table, result.card["unit"])


def ranks(result: runs.Result, subset: str) -> pd.DataFrame:
    """Which ranks the methods may have on one subset, mean over countries; without the rules that are no model."""
    table = result.tables["paired"].reindex(columns=PAIRED)
    return rank_sets(table[table["method"].map(is_model) & table["against"].map(is_model)], subset)


def leading(result: runs.Result) -> list[str]:
    """The methods that a page compares first: the global model, the best simple one, the paper's, the best of all, and
    judges from outside.

    Simple are those that neither filter nor weigh pairs nor borrow from other countries.
    """
    rows = result.tables["accuracy"]
    mean = rows[(rows["country"] == MEAN) & (rows["subset"] == "full")].set_index("method")["accuracy"].astype(float)
    trained = [m for m in mean.sort_values(ascending=False).index if m in METHODS and m not in UNTRAINED]
    simple = [m for m in trained if not METHODS[m].filters and METHODS[m].weight == "one" and not METHODS[m].borrows]
    chosen = {"global", "scpo", *simple[:1], *trained[:1]}
    return [m for m in methods_in(rows) if m in chosen or m not in METHODS]


def gains(result: runs.Result, methods: Sequence[str], subset: str) -> pd.DataFrame:
    """Paired gains of these methods over the global model: the mean first, then who is served worst by that model."""
    return differences(result, subset, methods, "global")


def served_by(result: runs.Result, methods: Sequence[str]) -> pd.DataFrame:
    """How well each method serves every population, the reference too: the best served by the global model first.

    Columns name, method, accuracy, low, high, n, units.
    """
    columns = ["name", "method", "accuracy", "low", "high", "n", "units"]
    rows = result.tables["accuracy"].query("subset == 'full' and country != @MEAN").rename(columns={"country": "name"})
    bias = result.tables["bias"]
    lost = bias[bias["measure"] == "reference accuracy"].rename(columns={"value": "accuracy"})
    table = pd.concat([rows[columns], lost.assign(name=reference_name(result))[columns]], ignore_index=True)
    table = table[table["method"].isin(methods)]
    order = table[table["method"] == "global"].set_index("name")["accuracy"].astype(float).rank(ascending=False)
    return table.iloc[np.argsort(order.reindex(table["name"]).to_numpy(), kind="stable")]


def reference_name(result: runs.Result) -> str:
    """The reference population as a reader knows it; of many countries their number, since a name heads a row."""
    names = result.card["reference"]
    return f"{', '.join(names)} (reference)" if len(names) <= 2 else f"{len(names)} reference {worded('countries')}"


def transfer_named(result: runs.Result) -> pd.DataFrame:
    """The table `transfer` with the reference population under the name that a reader knows it by."""
    table = result.tables["transfer"]
    return table.assign(on=table["on"].replace(REFERENCE, reference_name(result))) if len(table) else table


def gain_rows(result: runs.Result, method: str) -> pd.DataFrame:
    """Differences of a method from the global model on all test pairs, per country and as mean."""
    return differences(result, "full", [method], "global")


def per_seed(result: runs.Result, methods: Sequence[str], subset: str) -> pd.DataFrame:
    """Accuracy of each seed at the largest budget, per country and as mean over countries.

    Columns country, method, seed, accuracy, low, high, n.
    """
    rows = result.metrics[(result.metrics["subset"] == subset) & result.metrics["method"].isin(methods)]
    top = rows["pairs"] == rows.groupby(["country", "method"])["pairs"].transform("max")
    rows = rows.loc[top, ["country", "method", "seed", "accuracy", "low", "high", "n"]]
    mean = rows.groupby(["method", "seed"], sort=False, as_index=False).agg({"accuracy": "mean", "n": "sum"})
    table = pd.concat([mean.assign(country=MEAN, low=np.nan, high=np.nan), rows], ignore_index=True)
    return table.astype({"low": float, "high": float})[rows.columns]


def accuracy_figures(result: runs.Result) -> list[Figure]:
    """The gain, in how many countries it is more than chance, and the country that gains least."""
    method = main_method(result)
    gain, _, _ = headline(result.tables, result.config.methods, result.card["unit"])
    rows = gain_rows(result, method).query("country != @MEAN")
    if not len(rows):
        return [gain]
    up, down, clear = rows["difference"] > 0, rows["difference"] < 0, rows["p_holm"] < ALPHA
    unit, known_of = result.card["unit"], rows[rows["low"].notna()]
    least = (known_of if len(known_of) else rows).sort_values("difference").iloc[0]
    return [
        gain,
        _clear_gains(rows, int((clear & up).sum()), int((clear & down).sum()), unit),
        measured(
            "Least gain",
            f"{points(least['difference'])} points",
            (least["low"], least["high"]),
            f"{counted(least['units'], unit)}, {counted(least['pairs'], 'pair')}",
            who=inert(least["country"]),
        ),
    ]


def _clear_gains(rows: pd.DataFrame, up: int, down: int, unit: str) -> Figure:
    """In how many countries a gain is more than chance; of none, where no country has people enough to tell."""
    label, known, takes = worded("Countries with a clear gain"), int(rows["low"].notna().sum()), needed(rows, "full")
    if not known:
        return label, "-", f"no {worded('country')} has the {takes} {unit}s in the test that an interval needs"
    without = len(rows) - known
    few = f"; {counted(without, worded('country'))} with fewer than {takes} {unit}s cannot be told" if without else ""
    return (
        label,
        f"{up} of {known}",
        f"after Holm's correction; with a clear loss: {down}; the others may be chance{few}",
    )


def bias_figures(result: runs.Result) -> list[Figure]:
    """What the main method gave up and learned, and how unequally it serves countries."""
    method = main_method(result)
    rows = result.tables["bias"].query("method == @method").set_index("measure")
    few = too_few_in(result, method)
    learned, gap, worst = (row_of(rows, name) for name in ("distinct accuracy", "gap", "worst country"))
    return [
        consensus_kept(result, method),
        measured(
            "Own taste learned",
            percent(learned["value"]),
            (learned["low"], learned["high"]),
            counted(learned["n"], "pair"),
            before=f"of the pairs {who_rules()} gets wrong, {named(method)} gets these right",
        ),
        (worded("Gap between countries"), "-", worded(NO_GAP))
        if worst["n"] == gap["n"]
        else measured(
            worded("Gap between countries"),
            f"{fixed(100 * gap['value'])} points",
            (gap["low"], gap["high"]),
            counted(gap["n"], "pair"),
            none=few,
        ),
        measured(
            "Served worst",
            percent(worst["value"]),
            (worst["low"], worst["high"]),
            counted(worst["n"], "pair"),
            none=few,
            who=inert(worst["country"]),
        ),
    ]


def too_few_in(result: runs.Result, method: str) -> str:
    """Why what compares all countries has no interval: those whose people are too few for one of their own."""
    table = result.tables["accuracy"].query("method == @method and subset == 'full' and country != @MEAN")
    thin = table.loc[table["low"].isna(), "country"].tolist()
    return f"no interval: too few people or questions in {inert(', '.join(thin[:3]))}" if thin else TOO_FEW


def consensus_kept(result: runs.Result, method: str) -> Figure:
    """Consensus that a method kept, beside what fine-tuning on all pairs kept."""
    rows = result.tables["bias"].query("measure == 'consensus retention'").set_index("method")
    row = row_of(rows, method)
    full = ""
    if "full" in rows.index and method != "full":
        full = f"; {named('full')}: {percent(row_of(rows, 'full')['value'])}"
    return measured(
        "Consensus kept",
        percent(row["value"]),
        (row["low"], row["high"]),
        f"{counted(row['n'], 'pair')}{full}",
        before=f"of the pairs {who_rules()} gets right, {named(method)} still gets these right",
    )


def efficiency_figures(result: runs.Result) -> list[Figure]:
    """The ratio of the main method, in both ways to count pairs; once, where there is none in either."""
    method, table = main_method(result), result.tables["efficiency"]
    labels = {"trained": "Fewer pairs trained on", "labelled": "Fewer labelled pairs"}
    found = [
        (f"{label}: {named(method)}", *efficiency_figure(table, method, reading)[1:])
        for reading, label in labels.items()
    ]
    if found[0][1:] == found[1][1:]:
        against = "Data efficiency" if method == "full" else f"Data efficiency: {named(method)}"
        return [(against, *found[0][1:])]
    return found
