"""What is said of an experiment's time beforehand."""

import json

import pandas as pd

from scpo.config import ExperimentConfig, FinetuneConfig
from scpo.estimate import Estimate
from scpo.text.estimate import time_words


def test_a_model_that_cannot_be_measured_beforehand_is_not_said_to_be_elsewhere(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "canine"}))
    unknown = Estimate(table=pd.DataFrame(), budgets=(), heads=1, seconds={}, reference=())
    here, there = (ExperimentConfig(finetune=FinetuneConfig(model=m)) for m in (str(tmp_path), "owner/no-such-model"))
    assert "as soon as it trains" in time_words(here, unknown)
    assert "not on this machine" in time_words(there, unknown)
