"""A country's model as a Hugging Face folder: loaded by plain transformers, the same rewards, an honest card."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from scpo import ExperimentConfig, data, run, runs
from scpo.cli import main
from scpo.errors import ConfigError, InputError
from scpo.export.huggingface import export
from scpo.export.model_card import model_card, standing
from scpo.export.usage import Asked, load_lines
from scpo.metrics.paired import decided
from scpo.training.encoders import load_encoder
from scpo.training.heads import saved
from scpo.training.heads.stacked import HeadShape
from scpo.training.saved import mean_head

from fakes import card_rewards

LONG = " ".join(f"word{k}" for k in range(700))


@pytest.fixture(scope="module", params=[0, 3], ids=["linear", "mlp"])
def result(request, demo_run, tiny_encoder):
    """A finished run with linear heads, and one with a hidden layer."""
    if not request.param:
        return runs.read(demo_run)
    config = ExperimentConfig(
        seeds=2, steps=8, budgets=(50,), methods=("global", "scpo"), encoder=str(tiny_encoder), hidden=request.param
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(demo_run.parent))
        return run(config, demo_run.parent / "exported-mlp")


@pytest.fixture(scope="module")
def folder(result, tmp_path_factory):
    return export(result.folder, "Galune", tmp_path_factory.mktemp("exported") / "galune")


@pytest.fixture(scope="module")
def loaded(folder):
    return AutoModelForSequenceClassification.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def texts(result):
    """Ten answers of the demo world and one that is longer than the encoder reads, with the rewards of the run."""
    table = data.load(result.config.data).texts.iloc[:10]
    table = pd.DataFrame({"prompt": [*table["prompt"].astype(str), LONG], "response": [*table["response"], LONG]})
    models = saved.load_models(result.folder, result.config, result.card["countries"])
    exact = dataclasses.replace(models, encoder=load_encoder(result.config.encoder, "fp32"))
    rewards = saved.reward_texts(exact, table.astype({"prompt": "category"}), "scpo")
    return table, rewards.own[models.countries.index("Galune")].mean(0)


def test_plain_transformers_gives_the_rewards_of_the_run(loaded, texts):
    model, tokenizer = loaded
    table, expected = texts
    batch = tokenizer(list(table["prompt"]), list(table["response"]), padding=True, return_tensors="pt")
    with torch.no_grad():
        together = model(**batch).logits[:, 0].numpy()
        alone = [model(**tokenizer(p, r, return_tensors="pt")).logits.item() for p, r in table.to_numpy()]
    assert np.ptp(expected) > 1e-2
    assert together == pytest.approx(expected, abs=1e-4) and alone == pytest.approx(expected, abs=1e-4)


def test_messages_through_the_chat_template_give_the_same_rewards(loaded, texts):
    model, tokenizer = loaded
    table, expected = texts
    written = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": p}, {"role": "assistant", "content": r}], tokenize=False
        )
        for p, r in table.to_numpy()[:10]
    ]
    batch = tokenizer(written, padding=True, add_special_tokens=False, return_tensors="pt")
    with torch.no_grad():
        assert model(**batch).logits[:, 0].numpy() == pytest.approx(expected[:10], abs=1e-4)


def test_every_line_of_the_card_gives_the_reward_of_the_run(result, folder, texts):
    table, expected = texts
    said = [("a prompt", "an answer"), *table.itertuples(index=False, name=None)]
    models = saved.load_models(result.folder, result.config, result.card["countries"])
    exact = dataclasses.replace(models, encoder=load_encoder(result.config.encoder, "fp32"))
    own = pd.DataFrame(said[:1], columns=["prompt", "response"]).astype({"prompt": "category"})
    first = saved.reward_texts(exact, own, "scpo").own[models.countries.index("Galune")].mean(0)
    blocks = card_rewards(folder, said[1:])
    assert len(blocks) == 2  # its own lines, and transformers' pipeline
    for rewards in blocks:
        assert list(rewards.values()) == pytest.approx([*first, *expected], abs=1e-4)


def test_special_tokens_added_twice_change_nothing(loaded, texts):
    """As RewardBench asks: the template, then a tokenizer that adds its own."""
    model, tokenizer = loaded
    table, expected = texts
    turns = [[{"role": "user", "content": p}, {"role": "assistant", "content": r}] for p, r in table.to_numpy()[:10]]
    for side in ("right", "left"):
        batch = tokenizer(
            tokenizer.apply_chat_template(turns, tokenize=False), padding=True, padding_side=side, return_tensors="pt"
        )
        assert batch["input_ids"][0].tolist().count(tokenizer.cls_token_id) == 2
        with torch.no_grad():
            assert model(**batch).logits[:, 0].numpy() == pytest.approx(expected[:10], abs=1e-4)


def test_an_empty_answer_is_read_as_one(loaded):
    rewards = loaded[0](torch.tensor([[2, 5, 6, 3, 3], [2, 5, 6, 3, 7]]), torch.tensor([[1, 1, 1, 1, 1]] * 2)).logits
    assert torch.isfinite(rewards).all() and rewards[0] != rewards[1]


def test_programs_that_put_a_sigmoid_on_one_label_are_told_that_it_is_a_reward(folder):
    config = json.loads((folder / "config.json").read_text())
    assert config["problem_type"] == "regression"
    assert config["sentence_transformers"] == {"activation_fn": "torch.nn.modules.linear.Identity"}


def test_one_text_alone_is_refused_with_what_to_do(loaded):
    model, tokenizer = loaded
    with pytest.raises(InputError, match="as a pair"):
        model(**tokenizer("only a prompt", return_tensors="pt"))


def test_the_folder_holds_no_pickle_and_no_code(folder):
    names = {path.name for path in folder.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= names
    assert not [name for name in names if name.endswith((".bin", ".pt", ".pkl", ".py"))]
    assert not list(folder.parent.glob(".galune*"))
    assert all(path.stat().st_mode & 0o044 for path in folder.iterdir())  # others may read it, as any file one writes


def test_one_head_has_the_mean_reward_of_all():
    for hidden in (0, 4):
        shape = HeadShape(6, hidden)
        heads = torch.randn(3, shape.size, generator=torch.Generator().manual_seed(0))
        phi = torch.randn(5, 6, generator=torch.Generator().manual_seed(1))
        theta, width = mean_head(heads, 6, hidden)
        assert width == 3 * hidden
        one = HeadShape(6, width).rewards(theta[None], phi)[0]
        assert torch.allclose(one, shape.rewards(heads, phi).mean(0), atol=1e-6)


def test_a_step_between_global_and_own_is_one_linear_head_and_the_card_says_which(result, tmp_path):
    if result.config.hidden:
        with pytest.raises(ConfigError, match="linear heads alone"):
            export(result.folder, "Galune", tmp_path / "half", alpha=0.5)
        return
    folder = export(result.folder, "Galune", tmp_path / "half", alpha=0.5)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    own = AutoModelForSequenceClassification.from_pretrained(export(result.folder, "Galune", tmp_path / "own"))
    base = AutoModelForSequenceClassification.from_pretrained(export(result.folder, "Galune", tmp_path / "0", alpha=0))
    heads = [dict(m.named_parameters()) for m in (model, own, base)]
    moved = [name for name in heads[0] if not torch.equal(heads[1][name], heads[2][name])]
    assert moved
    for name in moved:
        assert torch.allclose(heads[0][name], (heads[1][name] + heads[2][name]) / 2, atol=1e-6)
    row = result.tables["frontier"].query("country == 'Galune' and method == 'scpo' and step == 0.5").iloc[0]
    card = (folder / "README.md").read_text()
    assert "at step 0.5" in card and f"keeps {100 * row['consensus']:.1f} % of the consensus" in card
    for alpha in (-0.1, 1.6, float("nan")):
        with pytest.raises(ConfigError, match="from 0, the global model, to 1.5"):
            export(result.folder, "Galune", tmp_path / "none", alpha=alpha)


def test_the_card_has_the_run_s_own_figures_and_says_that_they_are_simulated(result, folder):
    card = (folder / "README.md").read_text()
    table = result.tables["accuracy"]
    own = table[(table["country"] == "Galune") & (table["method"] == "scpo")].set_index("subset")
    for subset, row in own.iterrows():
        cells = f"| scpo | {subset} | {100 * row['accuracy']:.1f} % |"
        assert cells in card and f"| {row['n']:,.0f} | {row['units']:,.0f} |" in card
    assert "Simulated data: nothing here is measured from real people" in card and "Licence: " in card
    assert "a country is not a person" in card


def test_names_of_data_cannot_become_markup_in_the_card(result):
    name = "<script>|![x](y)"
    tables = {n: t.replace("Galune", name) for n, t in result.tables.items()}
    hostile = dataclasses.replace(result, tables=tables, card={**result.card, "source": "a\n# b"})
    card = model_card(hostile, name, "scpo", "fp32", Asked(64, each=True))
    assert "<script" not in card.replace("\\<script", "") and "\n# b" not in card


def test_nothing_is_overwritten_and_what_the_run_has_not_is_refused(result, folder, tmp_path, capsys):
    with pytest.raises(ConfigError, match="not an empty folder"):
        export(result.folder, "Galune", folder)
    with pytest.raises(ConfigError, match="no model for 'Atlantis'"):
        export(result.folder, "Atlantis", tmp_path / "new")
    with pytest.raises(ConfigError, match="no models of 'global'"):
        export(result.folder, "Galune", tmp_path / "new", "global")
    with pytest.raises(ConfigError, match="does not exist"):
        export(result.folder, "Galune", tmp_path / "no" / "new")
    assert not list(tmp_path.iterdir())
    (tmp_path / "empty").mkdir()
    assert main(["export", str(result.folder), "--country", "Alvoria", "--out", str(tmp_path / "empty")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "empty") and (tmp_path / "empty" / "README.md").is_file()


def with_numbers(result, **numbers):
    """The run with other numbers of scpo against global in Galune."""
    paired = result.tables["paired"].copy()
    row = (paired["country"] == "Galune") & (paired["subset"] == "full") & (paired["method"] == "scpo")
    paired.loc[row & (paired["against"] == "global"), list(numbers)] = list(numbers.values())
    return dataclasses.replace(result, tables={**result.tables, "paired": paired})


def test_a_model_stands_where_the_run_s_own_paired_table_has_it(result):
    told = standing(result, "Galune", "scpo")
    paired = result.tables["paired"].set_index(["country", "subset", "method", "against"])
    row = paired.loc["Galune", "full", "scpo", "global"]
    assert (told.difference, told.low, told.high, told.p) == tuple(row[["difference", "low", "high", "p_holm"]])
    assert told.accuracy - told.base == pytest.approx(told.difference) and (told.pairs, told.units) == (
        row["pairs"],
        row["units"],
    )


@pytest.mark.parametrize(
    "numbers, way, words",
    [
        ({"difference": 0.05, "low": 0.02, "high": 0.08, "p_holm": 0.01}, 1, "is ahead of the global one"),
        ({"difference": -0.05, "low": -0.08, "high": -0.02, "p_holm": 0.01}, -1, "is worse than the global one"),
        (
            {"difference": 0.05, "low": 0.01, "high": 0.09, "p_holm": 0.2},
            0,
            "is not shown to be ahead of the global one",
        ),
        ({"difference": -0.01, "low": -0.04, "high": 0.02, "p_holm": 0.6}, 0, "is not ahead of the global one"),
        ({"difference": 0.05, "low": np.nan, "high": np.nan, "p_holm": np.nan}, 0, "no interval, too few to tell"),
    ],
)
def test_card_and_command_say_whether_the_model_is_ahead_of_the_global_one(result, numbers, way, words):
    changed = with_numbers(result, **numbers)
    told = standing(changed, "Galune", "scpo")
    assert told.decided == way and words in told.sentence() and f"{told.pairs:,} test pairs" in told.sentence()
    assert told.sentence() in model_card(changed, "Galune", "scpo", "fp32", Asked(64, each=True))


def test_a_run_without_tests_goes_by_its_interval(result):
    told = standing(with_numbers(result, p_holm=np.nan), "Galune", "scpo")
    assert np.isnan(told.p) and told.decided == decided(told.difference, told.low, told.high)
    assert [decided(0.1, 0.01, 0.2), decided(-0.1, -0.2, -0.01), decided(0.1, -0.1, 0.3)] == [1, -1, 0]


def test_the_command_says_on_stderr_that_a_model_is_not_ahead(result, tmp_path, capsys):
    for country in ("Galune", "Alvoria"):
        assert main(["export", str(result.folder), "--country", country, "--out", str(tmp_path / country)]) == 0
        told, said = standing(result, country, "scpo"), capsys.readouterr().err
        assert (told.sentence() in said) == (told.decided <= 0)


def test_the_lines_that_load_a_model_name_the_folder_as_text(result):
    assert 'from_pretrained("my \\"model\\"")' in load_lines(result, 'my "model"')
