"""What is said of an experiment's time beforehand."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from scpo.config import ExperimentConfig, FinetuneConfig
from scpo.estimate import Estimate, seconds_by_method
from scpo.text.estimate import method_words, time_words


def test_a_model_that_cannot_be_measured_beforehand_is_not_said_to_be_elsewhere(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "canine"}))
    unknown = Estimate(table=pd.DataFrame(), budgets=(), heads=1, seconds={}, reference=())
    here, there = (ExperimentConfig(finetune=FinetuneConfig(model=m)) for m in (str(tmp_path), "owner/no-such-model"))
    assert "as soon as it trains" in time_words(here, unknown)
    assert "not on this machine" in time_words(there, unknown)


def test_what_a_method_costs_is_told_the_longest_first_and_what_is_free():
    """lowrank fits 13 times as long as shared; Adam's steps of 12 heads are far below a second."""
    config = ExperimentConfig(methods=("global", "scpo", "shared", "lowrank", "longer"), seeds=2, budgets=(50,))
    table = pd.DataFrame({"country": ["A", "B"], "train": [50_000, 50_000]})
    cost = Estimate(table, ("C",), (50,), 24, {"train": 1.0})
    each = seconds_by_method(config, cost)
    assert each["lowrank"] - each["scpo"] == pytest.approx(13 * (each["shared"] - each["scpo"]))
    with_people = seconds_by_method(replace(config, people=(1, 5, 5)), cost)
    assert with_people["lowrank"] / each["lowrank"] == pytest.approx((1 + 0.15 * 6) / (1 + 0.15 * 2), rel=0.01)
    said = method_words(config, cost)
    assert said.startswith(
        "Training takes, by method: Shared directions 48 s, Shared prior (ours) 4 s, SCPO (paper) under"
    )
    assert said.endswith("; free: Global model, Longer answer.")
    assert method_words(config, Estimate(table, (), (), 24, {})) == "free: Global model, Longer answer."
