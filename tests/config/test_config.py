"""Settings are checked when built, by name, and survive a round trip."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scpo.config import DataConfig, ExperimentConfig, FinetuneConfig
from scpo.errors import ConfigError
from scpo.methods import METHODS


@pytest.mark.parametrize(
    "settings",
    [
        {"tau": 0},
        {"tau": 1.5},
        {"tau": float("nan")},
        {"tau": "0.7"},
        {"beta": 0},
        {"beta": -1},
        {"beta": float("inf")},
        {"seeds": 0},
        {"steps": 0},
        {"batch_size": 0},
        {"lr": 0},
        {"hidden": -1},
        {"budgets": (50, 0)},
        {"global_scale": 0},
        {"global_scale": -1},
        {"methods": ()},
        {"methods": ("scpo", "magic")},
        {"methods": ("full", "full")},
        {"precision": "fp8"},
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        ExperimentConfig(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"dataset": "imagenet"},
        {"dataset": "file"},
        {"dataset": "demo", "data_files": ("a.csv",)},
        {"demo_shift": -1},
        {"demo_user_noise": float("nan")},
        {"demo_score_noise": "0.8"},
        {"demo_people": 0},
        {"demo_extreme_raters": 1.1},
        {"demo_reference_people": 0},
        {"min_gap": 0},
        {"test_share": 0},
        {"test_share": 0.9},
        {"validation_share": 1},
        {"demo_seed": -1},
    ],
)
def test_unusable_data_settings_are_refused(settings):
    with pytest.raises(ConfigError):
        DataConfig(**settings)


@given(
    st.floats(0.01, 1),
    st.floats(0.01, 10),
    st.integers(1, 9),
    st.lists(st.integers(1, 999), max_size=3),
    st.lists(st.sampled_from(sorted(METHODS)), min_size=1, unique=True),
    st.lists(st.text(), max_size=2),
)
def test_saved_settings_come_back_equal(tau, beta, seeds, budgets, methods, countries):
    config = ExperimentConfig(
        DataConfig(countries=tuple(countries)), tuple(methods), seeds, tuple(budgets), tau=tau, beta=beta
    )
    back = ExperimentConfig.from_dict(config.as_dict())
    assert back == config and back.digest() == config.digest()


def test_any_changed_setting_changes_the_digest():
    base = ExperimentConfig()
    changed = [dataclasses.replace(base, **{k: v}) for k, v in {"tau": 0.6, "seeds": 4, "lr": 0.1}.items()]
    changed.append(dataclasses.replace(base, data=DataConfig(split_seed=1)))
    assert len({c.digest() for c in [base, *changed]}) == 5


def test_a_setting_of_another_version_is_refused():
    with pytest.raises(ConfigError, match="does not know"):
        ExperimentConfig.from_dict({"gamma": 3})


def test_every_setting_has_a_help_text():
    for config in (DataConfig, FinetuneConfig, ExperimentConfig):
        assert all(f.metadata.get("help") for f in dataclasses.fields(config) if f.name not in ("data", "finetune"))


def test_settings_of_fine_tuning_are_kept_only_where_it_is_asked_for():
    heads, whole = ExperimentConfig(), ExperimentConfig(finetune=FinetuneConfig(model="minilm", lora=8))
    assert "finetune" not in heads.as_dict() and ExperimentConfig.from_dict(whole.as_dict()) == whole
    assert heads.digest() != whole.digest()
    with pytest.raises(ConfigError, match="one global model per country"):
        dataclasses.replace(whole, global_model="others")


def test_rare_settings_are_kept_only_where_they_are_not_the_default():
    usual = ExperimentConfig()
    rare = [f.name for part in (usual, usual.data) for f in dataclasses.fields(part) if f.metadata.get("rare")]
    saved = usual.as_dict()
    assert rare and not {*rare} & {*saved, *saved["data"]}
    other = ExperimentConfig(DataConfig(demo_shift=2.0), global_scale=0.5)
    saved = other.as_dict()
    assert {*rare} & {*saved, *saved["data"]} == {"demo_shift", "global_scale"}
    assert ExperimentConfig.from_dict(saved) == other and other.digest() != usual.digest()


def test_settings_that_name_no_demo_world_mean_the_one_there_was_and_keep_their_digest():
    saved = {"data": {"dataset": "demo", "countries": []}}
    former = ExperimentConfig.from_dict(saved)
    assert former.data.demo_world == "prism" and "demo_world" not in former.as_dict()["data"]
    assert former.digest() == "fd57afc9692799be"  # of the default settings, as ever
    assert ExperimentConfig.from_dict({"seeds": 2}).data.demo_world == ExperimentConfig().data.demo_world == "plain"
    assert ExperimentConfig().as_dict()["data"]["demo_world"] == "plain"
    survey = DataConfig("survey", ("answers.csv",))
    assert "demo_world" not in survey.as_dict() and DataConfig.from_dict(survey.as_dict()) == survey
    with pytest.raises(ConfigError, match="must be one of plain, prism"):
        DataConfig(demo_world="large")


def test_a_whole_models_rewards_cannot_be_scaled():
    with pytest.raises(ConfigError, match="only heads can be scaled"):
        ExperimentConfig(finetune=FinetuneConfig(model="minilm"), global_scale=2.0)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
SETTINGS = [("", f.name) for f in dataclasses.fields(ExperimentConfig)]
SETTINGS += [("data", f.name) for f in dataclasses.fields(DataConfig)]
SETTINGS += [("finetune", f.name) for f in dataclasses.fields(FinetuneConfig)]


@given(st.lists(st.tuples(st.sampled_from(SETTINGS), json_values), max_size=3), json_values)
def test_a_saved_configuration_of_any_values_is_whole_or_refused(changes, other):
    """One that is taken has every value of its setting's kind, so that nothing later meets a text for a number."""
    saved = ExperimentConfig(finetune=FinetuneConfig("minilm")).as_dict()
    for (part, name), value in changes:
        inner = saved.get(part) if part else saved
        if isinstance(inner, dict):
            inner[name] = value
    for tree in (saved, other):
        try:
            config = ExperimentConfig.from_dict(tree)
        except ConfigError as error:
            str(error)
        else:
            assert config.located() and config.digest()
            assert isinstance(config.tau, (int, float)) and type(config.steps) is int and 0 < config.tau <= 1


@pytest.mark.parametrize(
    "settings",
    [
        {"steps": 2.5},
        {"steps": "3"},
        {"seeds": True},
        {"methods": "scpo"},
        {"methods": (3,)},
        {"budgets": (1.5,)},
        {"beta": 10**400},
        {"beta": float("inf")},
        {"encoder": None},
        {"lr": "0.1"},
    ],
)
def test_a_value_of_another_kind_is_refused_by_name(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        ExperimentConfig(**settings)
