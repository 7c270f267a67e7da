"""The search for a better rule: development never sees the test, a study is as a run."""

import pytest

from scpo import DataConfig, ExperimentConfig, run
from scpo import data as sources
from scpo.data.preferences import TEST
from scpo.study.better_rule import BUDGET, CANDIDATES, SHARED, _of, measure, without_test
from scpo.training.encoders import load_encoder

from fakes import scored_rows


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_encoder):
    path = tmp_path_factory.mktemp("beyond") / "rows.csv"
    scored_rows(80).to_csv(path, index=False)
    data = DataConfig("file", (str(path),), test_share=0.3)
    return ExperimentConfig(data, ("full", "scpo", SHARED), seeds=2, budgets=(BUDGET,), encoder=str(tiny_encoder))


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
    names = {name: CANDIDATES[name] for name in (SHARED, "no sharing", "as few pairs of the others")}
    resampled = measure(data, names, load_encoder(config.encoder), seeds=2)
    table = _of(resampled, names)
    result = run(config, tmp_path / "run").tables["curve"]
    mean = result[(result["country"] == "mean")]
    for method in ("full", SHARED):
        pairs = mean[mean["method"] == method].sort_values("pairs")["accuracy"]
        mine = [resampled.result("mean", method, budget_index).value[0] for budget_index in range(2)]
        assert mine == pytest.approx(list(pairs), abs=1e-6)
    differences = table[(table["against"] == "full") & (table["subset"] == "full") & (table["pairs"] == "all")]
    assert set(differences["candidate"]) == {"global", *names}
    assert differences["accuracy"].sub(differences["difference"]).nunique() <= 2, "one accuracy of full under all"
