"""Every method is one row; what it trains on, and with which weight, follows from the row."""

import dataclasses

import numpy as np
import pytest

from scpo.config import ExperimentConfig, FinetuneConfig
from scpo.errors import ConfigError
from scpo.methods import BY_INFORMATION, DEFAULTS, METHODS, UNTRAINED, main_of, select

MARGIN = np.array([-2.2, 3.0])


def test_every_method_has_a_name_a_label_and_a_meaning_of_its_own_in_one_line():
    assert list(METHODS) == [row.name for row in METHODS.values()]
    for column in ("name", "label", "meaning"):
        texts = [getattr(row, column) for row in METHODS.values()]
        assert len(set(texts)) == len(texts) and all(text.strip() and "\n" not in text for text in texts)
    assert not [row.label for row in METHODS.values() if "," in row.label], "labels stand in lists"


def test_an_experiment_that_names_no_methods_has_the_default_ones():
    assert ExperimentConfig().methods == DEFAULTS and set(UNTRAINED) <= set(METHODS)
    assert DEFAULTS[:6] == ("global", "full", "filter", "weight", "scpo", "shared")


@pytest.mark.parametrize(
    ("methods", "main"),
    [(DEFAULTS, "scpo"), (("global", "longer", "ridge", "full"), "ridge"), (UNTRAINED, ""), (("another",), "")],
)
def test_the_papers_method_is_spoken_of_first_or_the_first_that_is_trained(methods, main):
    assert main_of(methods) == main


def test_what_trains_nothing_needs_no_pairs_and_a_rule_is_no_model():
    assert UNTRAINED == ("global", "longer", "random")
    assert [name for name, row in METHODS.items() if not row.is_model] == ["longer", "random"]


def test_methods_that_see_equally_much_stand_together_and_each_says_whose_pairs_it_sees():
    assert sorted(BY_INFORMATION) == sorted(METHODS) and BY_INFORMATION[0] == "global"
    assert BY_INFORMATION[-2:] == ("longer", "random")
    sees = [METHODS[m].sees for m in BY_INFORMATION[:-2]]
    assert sees == sorted(sees, reverse=True) and set(sees) == {"own", "all"}
    assert METHODS["full"].told.endswith("(sees the country's own pairs alone)")
    assert METHODS["robust"].told.endswith("(sees the pairs of all countries)")
    assert METHODS["global"].told == METHODS["global"].meaning


@pytest.mark.parametrize("method", METHODS)
def test_only_filter_and_scpo_leave_pairs_out_and_only_three_methods_weigh(method):
    keep, weight = select(method, MARGIN, 0.7, 1.1)
    assert keep.tolist() == [True, method not in ("filter", "scpo")]
    expected = {"weight": np.exp(-2), "scpo": np.exp(-2), "inverse": np.exp(2.2)}.get(method, 1)
    assert weight == pytest.approx([expected, 1])


def test_only_pairs_of_shared_weigh_otherwise_where_whole_models_are_fine_tuned():
    for method in METHODS:
        heads, whole = (select(method, MARGIN, 0.7, 1.1, whole)[1] for whole in (False, True))
        assert whole == pytest.approx([np.exp(-1), 1] if method == "shared" else heads)


def test_a_method_of_heads_is_refused_by_name_where_whole_models_are_fine_tuned(monkeypatch):
    monkeypatch.setitem(METHODS, "full", dataclasses.replace(METHODS["full"], heads_only=True))
    assert ExperimentConfig(methods=("full", "scpo")).methods == ("full", "scpo")
    with pytest.raises(ConfigError, match=r"methods has \['full'\].*Leave them out to fine-tune") as refused:
        ExperimentConfig(methods=("full", "scpo"), finetune=FinetuneConfig("model"))
    assert refused.value.setting == "methods"


def test_methods_of_heads_alone_are_refused_for_whole_models():
    alone = [name for name, row in METHODS.items() if row.heads_only]
    assert set(alone) >= {"ridge", "interpolated", "lowrank", "prototypes", "robust", "pooled_full"}
    for name in alone:
        with pytest.raises(ConfigError, match=rf"\['{name}'\].*heads on a frozen encoder alone"):
            ExperimentConfig(methods=("full", name), finetune=FinetuneConfig("model"))
