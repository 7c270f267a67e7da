"""The search for a better rule: development never sees the test, a study is as a run."""

import numpy as np
import pytest
import torch

from scpo import DataConfig, ExperimentConfig, run
from scpo import data as sources
from scpo.cli import main
from scpo.data.preferences import TEST
from scpo.study.better_rule import (
    AGAINST,
    BUDGETS,
    CANDIDATES,
    SHARED,
    _of,
    measure,
    smallest_step,
    step_by_accuracy,
    step_per_country,
    without_test,
)
from scpo.training.encoders import load_encoder
from scpo.training.heads.shared import common_step

from fakes import scored_rows


class Pairs:
    """Validation pairs of one country, of some users: their margin under a head (1,) is head * slope + level."""

    def __init__(self, slope, level, unit):
        self.slope, self.level, self.unit = torch.tensor(slope), torch.tensor(level), np.array(unit)

    def margins(self, heads):
        return heads * self.slope + self.level


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_encoder):
    path = tmp_path_factory.mktemp("beyond") / "rows.csv"
    scored_rows(80).to_csv(path, index=False)
    data = DataConfig("file", (str(path),), test_share=0.3)
    return ExperimentConfig(data, (*AGAINST, SHARED), seeds=2, budgets=BUDGETS[:1], encoder=str(tiny_encoder))


def test_development_has_no_pair_of_the_test_and_a_test_of_its_own(config):
    whole = sources.load(config.data)
    held_out = set(whole.units.index[whole.units["split"] == TEST])
    part = without_test(whole, seed=1)
    assert held_out and not held_out & set(part.pairs["unit"])
    assert set(part.split_of_pairs()) == {"train", "validation", "test"}
    assert len(part.pairs) == (~whole.pairs["unit"].isin(held_out)).sum()
    assert list(without_test(whole, seed=2).units["split"]) != list(part.units["split"])


def test_the_study_measures_what_a_run_does(config, tmp_path):
    data = sources.load(config.data)
    names = {name: CANDIDATES[name] for name in (SHARED, "its own pairs alone", "as few pairs of the others")}
    resampled = measure(data, names, load_encoder(config.encoder), seeds=2)
    table = _of(resampled, names, AGAINST)
    result = run(config, tmp_path / "run").tables["curve"]
    mean = result[(result["country"] == "mean")]
    for method in (*AGAINST, SHARED):
        pairs = mean[mean["method"] == method].sort_values("pairs")["accuracy"]
        mine = [resampled.result("mean", method, budget_index).value[0] for budget_index in range(2)]
        assert mine == pytest.approx(list(pairs), abs=1e-6)
    differences = table[(table["against"] == "full") & (table["subset"] == "full") & (table["pairs"] == "all")]
    assert set(differences["candidate"]) == {"global", *names}
    assert differences["accuracy"].sub(differences["difference"]).nunique() <= 2, "one accuracy of full under all"


@pytest.mark.parametrize("methods", ["shared", "full,global", "full,another"])
def test_the_rule_is_compared_with_methods_that_are_trained(methods, capsys):
    assert main(["study", "beyond", "--final", "--against", methods]) == 2
    said = capsys.readouterr().err
    assert f"--against is {methods!r}" in said and "full, filter" in said


def test_candidates_choose_the_step_by_accuracy_per_country_or_as_small_as_validation_allows():
    """One country's pairs are right from step 0.5 on, one of them wrong again from 1 on; another's stay as they are."""
    start, shift = torch.zeros(2, 1), torch.ones(2, 1)
    moving = Pairs([2.0, 2.0, -1.0], [-0.95, -0.95, 0.95], [0, 1, 2])
    still = Pairs([0.0], [0.5], [3])
    assert step_by_accuracy(start, shift, [moving, still]).tolist() == [0.5, 0.5]
    each = step_per_country(start, shift, [moving, still])
    assert each[1] == 0 and each[0] == common_step(start[:1], shift[:1], [moving])[0] > 0.5
    best, small = (choose(start, shift, [moving, still])[0] for choose in (common_step, smallest_step))
    assert 0 <= small < best
