"""Scores from outside, put to pairs: beside a run's methods on its test pairs, or alone on a whole data set.

What a judge said is counted as a run's own models are (`scpo.metrics`): per person or question, a tie is wrong, and
intervals and differences come from the same resamples. A pair has an outcome only if both of its texts have a score;
a pair without is counted, and nothing is guessed for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from scpo.data.preferences import TEST, Preferences
from scpo.data.scores import Scores, rewards_of
from scpo.errors import InputError, RunFolderError
from scpo.metrics.accuracy import ResampledOutcomes, accuracy_table
from scpo.metrics.bias import bias_table
from scpo.metrics.outcomes import SUBSETS, Outcomes, PairOutcomes, count_outcomes
from scpo.metrics.paired import paired_table
from scpo.plan import pair_margins, reference_rows
from scpo.runs.judges import UNSCORED, Judge, brought, check_name
from scpo.runs.outcomes import RunOutcomes

Brought = tuple[str, np.ndarray, dict]  # a judge: its name, the rewards (texts,), and what is kept about them
UNTRAINED_HEAD = {"seed": 0, "level": 0, "pairs": 0, "trained": 0, "step": 0}


def judge_beside(
    card: Mapping,
    outcomes: RunOutcomes,
    data: Preferences,
    name: str,
    rewards: np.ndarray,
    about: Mapping,
    unread: Sequence[str] = (),
) -> Judge:
    """A judge beside a run's methods, on the test pairs that it has scores of.

    card     the run's data card, as `data.json` has it
    rewards  (texts,) of the run's data, NaN without a score
    about    where the scores are from: plain values that are kept with them
    unread   countries whose texts the run's models cannot read; they are left out

    Raises `InputError` if no test pair has scores, `RunFolderError` for a run that kept nothing pair by pair.
    """
    method = brought(check_name(name))
    margin = pair_margins(data, {name: rewards})[name]
    counted, signs = {}, {}
    for country, o in outcomes.outcomes.items():
        if o.each is None:
            raise RunFolderError(
                "The run did not keep what its models said pair by pair: an older version made it. Run it again."
            )
        of = margin[data.of(country, TEST)]
        if len(of) != len(o.each.unit):
            raise RunFolderError(f"The test pairs of {country} are not those of the run. Run it again.")
        signs[country] = np.where(np.isnan(of), UNSCORED, np.sign(of)).astype(np.int8)
        counted[country] = [int((signs[country] != UNSCORED).sum()), len(of)]
    resampled = beside(outcomes.outcomes, signs, method, data.card.unit == "question", unread)
    if resampled is None:
        raise InputError(
            f"no test pair of this run has scores for both of its answers: of {sum(n for _, n in counted.values()):,} "
            "test pairs none could be used. Prompt and answer must be the very texts of the run's data; "
            "`--write-texts FILE` writes them."
        )
    tables = {
        "accuracy": accuracy_table(resampled),
        "paired": paired_table(resampled, (method,)),
        "bias": bias_table(resampled, _on_reference(data, margin, method)),
    }
    kept = {"name": name, **about, "countries": counted, "unread": [c for c in unread if c in counted]}
    return Judge(kept | {"content_hash": card["content_hash"]}, tables, signs)


def beside(
    outcomes: Mapping[str, Outcomes],
    signs: Mapping[str, np.ndarray],
    method: str,
    shared_units: bool,
    unread: Collection[str] = (),
) -> ResampledOutcomes | None:
    """Outcomes of a run's heads and of a judge on the pairs that the judge scored; None where it scored none.

    outcomes  country -> of the run, pair by pair; signs: country -> as of `scpo.runs.judges.Judge`
    """
    scored = {c: outcomes[c] for c, of in signs.items() if c not in unread and (of != UNSCORED).any()}
    each = [_with_judge(o, o.each, signs[country], method) for country, o in scored.items() if o.each]
    return ResampledOutcomes(each, shared_units) if each else None


def _with_judge(o: Outcomes, each: PairOutcomes, said: np.ndarray, method: str) -> Outcomes:
    """Outcomes of a run's heads and of a judge on the pairs that it scored. said (n,), as of `Judge.signs`."""
    row = pd.DataFrame([{"method": method, **UNTRAINED_HEAD}])
    heads = pd.concat([o.heads.assign(level=0, trained=0, step=0), row], ignore_index=True)
    scored = said != UNSCORED
    signs = np.vstack([each.signs[:, scored], said[None, scored]])
    counted = count_outcomes(o.country, heads, signs, each.known[scored].astype(np.float64), each.unit[scored])
    return replace(counted, folds=o.folds)


def _on_reference(data: Preferences, margin: np.ndarray, method: str) -> ResampledOutcomes | None:
    """What a judge says of the reference population's test pairs that have scores; None where none has.

    margin  (pairs,), NaN without a score
    """
    there = reference_rows(data)
    there = there[~np.isnan(margin[there])]
    if not len(there):
        return None
    heads, unit = pd.DataFrame([{"method": method, **UNTRAINED_HEAD}]), data.pairs["unit"].to_numpy()[there]
    said = count_outcomes("reference", heads, margin[None, there], margin[there], unit)
    return ResampledOutcomes([said], shared_units=True)


def judge_alone(data: Preferences, rewards: Mapping[str, np.ndarray]) -> tuple[dict[str, pd.DataFrame], dict]:
    """Judges on every pair of a data set, no split: whom does each serve, and which of two serves whom better?

    rewards  name -> (texts,), NaN without a score

    Returns the tables accuracy, paired and bias on the pairs that all judges have scores of, and per country how many
    of its pairs these are. Raises `InputError` if there is none.
    """
    margins = np.stack(list(pair_margins(data, dict(rewards)).values()))
    scored, country = ~np.isnan(margins).any(0), data.pairs["country"].to_numpy()
    heads = pd.DataFrame([{"method": check_name(name), **UNTRAINED_HEAD} for name in rewards])
    outcomes, counted, unit = [], {}, data.pairs["unit"].to_numpy()
    for name in [c for c in data.pairs["country"].cat.categories if (country == c).any()]:
        here = np.flatnonzero(country == name)
        rows = here[scored[here]]
        counted[str(name)] = [len(rows), len(here)]
        if len(rows):
            outcomes.append(count_outcomes(str(name), heads, margins[:, rows], margins[0, rows], unit[rows]))
    if not outcomes:
        raise InputError(f"no pair of the data has scores of {' and '.join(rewards)} for both of its answers.")
    resampled = ResampledOutcomes(outcomes, data.card.unit == "question")
    accuracy, paired = accuracy_table(resampled, next(iter(rewards))), paired_table(resampled, tuple(rewards))
    bias = bias_table(resampled, None)
    tables = {  # no global model is there, so that no pair is distinct or of a consensus
        "accuracy": accuracy[accuracy["subset"] == SUBSETS[0]].reset_index(drop=True),
        "paired": paired[paired["subset"] == SUBSETS[0]].reset_index(drop=True),
        "bias": bias[bias["measure"].isin(["gap", "worst country"])].reset_index(drop=True),
    }
    return tables, counted


def brought_scores(scores: Scores, data: Preferences, source: str) -> tuple[np.ndarray, dict]:
    """The rewards (texts,) that a file has for the texts of a data set, and what is kept about them.

    source  what the file is called
    """
    rewards = rewards_of(scores, data.texts)
    about = {
        "source": source,
        "rows": scores.rows,
        "texts": len(scores.table),
        "matched": int((~np.isnan(rewards)).sum()),
        "left_out": scores.left_out,
    }
    return rewards, about
