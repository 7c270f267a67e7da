"""Make the demo run that comes with the app anew: `python scripts/build_demo_run.py`, after what a run has changes.

Runs the demo experiment with its default settings, keeps its tables in scpo/demo_run/, and beside them what the front
door shows at once: the price of every strength, an order that each country's model turns round, and planted tastes;
and the pairs that a room asks a class, with what every model makes of them. Everything in it is simulated. Takes about
a minute; with --reasons five more, to count anew how often reasons are true (reasons.csv, see docs/why.md).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that `scpo` is found without being installed

REASONED = ("full", "scpo", "shared")  # methods whose reasons are counted
KEPT = ("config.json", "data.json", "metrics.json", "summary.json", "done.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reasons", action="store_true", help="count anew how often reasons are true")
    with_reasons = parser.parse_args().reasons
    from scpo import ExperimentConfig, data, run
    from scpo.rooms.questions import chosen_pairs, questions
    from scpo.steering.serving import planted_tastes, price_table, reversed_pairs
    from scpo.text.findings import main_method
    from scpo.training.heads.saved import load_models, pair_gram, reward_texts

    out = ROOT / "scpo" / "demo_run"
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SCPO_WORKSPACE"] = folder  # vectors kept from other batches differ by rounding
        result = run(ExperimentConfig(), Path(folder) / "demo")
        pairs = data.load(result.config.data)
        models = load_models(result.folder, result.config, result.card["countries"])
        rewards = reward_texts(models, pairs.texts, main_method(result))
        turned = reversed_pairs(pairs, rewards)
        reasons = {row.country: reasons_of(models, pairs, main_method(result), row) for row in turned.itertuples()}
        for name in KEPT:
            shutil.copy(result.folder / name, out / name)
        if with_reasons:
            add_reasons(result.folder, out)
    kept = {
        "prices": price_table(pairs, rewards).round(6).to_dict("list"),
        "reversed": turned.to_dict("list"),
        "reasons": reasons,
        "tastes": planted_tastes(pairs),
    }
    (out / "serving.json").write_text(json.dumps(kept, indent=1) + "\n")
    left, right = chosen_pairs(pairs, rewards)
    asked = questions(pairs, rewards, left, right, pair_gram(models, pairs.texts, left, right))
    (out / "questions.json").write_text(asked.as_json() + "\n")


def reasons_of(models, pairs, method: str, row) -> dict:
    """Why a country's model turns a pair round, as the front door shows it."""
    from scpo.steering.reasons import explained, held_against_taste
    from scpo.training.heads.saved import reward_answers

    ask = partial(reward_answers, models, row.prompt, method=method, keep=False)
    _, shares, sums = explained((row.own, row.other), ask, row.country)
    shares = held_against_taste(shares, pairs, row.country)
    return {name: table.round(6).to_dict("list") for name, table in (("shares", shares), ("sums", sums))}


def add_reasons(folder: Path, out: Path) -> None:
    """Write how often each way points at planted reasons, mean over countries, for some methods of a run."""
    import pandas as pd

    from scpo.metrics.accuracy import MEAN
    from scpo.study.planted_reasons import planted_reasons

    table = pd.concat([planted_reasons(folder, method, 200).assign(method=method) for method in REASONED])
    columns = ["method", "way", "measure", "value", "low", "high", "answers", "prompts"]
    table[table["country"] == MEAN][columns].round(6).to_csv(out / "reasons.csv", index=False)


if __name__ == "__main__":
    main()
