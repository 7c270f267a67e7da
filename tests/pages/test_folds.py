"""A run with folds on every page: what is told of it, and what its models cannot show."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from scpo import runs
from scpo.cli import main
from scpo.config import DataConfig, ExperimentConfig
from scpo.errors import InputError
from scpo.training.experiment import run
from scpo.training.saved import held_out_rewards

from fakes import scored_rows

PAGES = Path(__file__).parents[2] / "pages"


@pytest.fixture(scope="module")
def space(tmp_path_factory, tiny_encoder):
    """A workspace with one run of three folds."""
    space = tmp_path_factory.mktemp("space")
    scored_rows(60).to_csv(space / "rows.csv", index=False)
    data = DataConfig("file", (str(space / "rows.csv"),), folds=3)
    config = ExperimentConfig(data, ("global", "full", "scpo"), seeds=1, steps=10, encoder=str(tiny_encoder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(space))
        run(config, space / "runs" / "folds")
    return space


@pytest.fixture
def opened(space, monkeypatch):
    monkeypatch.setenv("SCPO_WORKSPACE", str(space))
    monkeypatch.setenv("SCPO_WORKERS", "0")

    def open_page(page, **query):
        app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=300)
        app.query_params.update(query)
        app.run()
        assert not app.exception and not app.error, page
        return app

    return open_page


def told(app):
    return "\n".join(str(part.value) for part in (*app.markdown, *app.caption, *app.info))


@pytest.mark.parametrize("page", ["accuracy", "bias", "efficiency", "overview", "selection"])
def test_the_head_of_every_page_says_that_there_are_folds(opened, page):
    assert "3 folds" in told(opened(page))


def test_accuracy_says_how_folds_test_and_which_models_are_kept(opened):
    assert "3 folds by user: every pair is tested once" in told(opened("accuracy"))


def test_steer_shows_answers_and_reasons_alone_and_says_why(opened):
    app = opened("steer")
    assert "no pair is left to measure" in told(app)
    assert [view for view in app.segmented_control if view.label == "Look at"][0].options == ["Answers", "Why"]


def test_the_first_screen_asks_no_model_for_other_strengths(opened):
    app = opened("overview")
    assert "At strength 1 alone" in told(app) and not any("Ask the models" in b.label for b in app.button)


def test_what_takes_held_out_people_is_refused_of_the_kept_models(space, monkeypatch):
    from scpo import data as sources

    monkeypatch.setenv("SCPO_WORKSPACE", str(space))
    result = runs.read(space / "runs" / "folds")
    with pytest.raises(InputError, match="trained on all pairs"):
        held_out_rewards(result, "scpo", sources.load(result.config.data))


@pytest.mark.parametrize("command", [["falsify"], ["study", "wording"]])
def test_what_trains_again_on_one_split_is_refused_with_the_reason_and_not_offered(space, opened, command, capsys):
    assert main([*command, str(space / "runs" / "folds")]) == 2
    assert "this run tests by 3 folds" in capsys.readouterr().err
    assert not any(button.key == "falsify" for button in opened("accuracy").button)


def test_the_card_of_an_exported_model_says_that_folds_estimate_its_accuracy(space, monkeypatch, tmp_path):
    monkeypatch.setenv("SCPO_WORKSPACE", str(space))
    main(["export", str(space / "runs" / "folds"), "--country", "Borealis", "--out", str(tmp_path / "rm")])
    assert "estimated by 3 folds" in (tmp_path / "rm" / "README.md").read_text()


def test_folds_are_offered_where_few_people_are_tested_and_only_there(space, capsys):
    where = ["--dataset", "file", "--data-file", str(space / "rows.csv")]
    main(["data", "check", *where, "--encoder", "none"])
    assert "with `--folds 5` everyone is tested once (Cascadia: 20 in place of 2)" in capsys.readouterr().out
    main(["plan", *where])
    assert "with `--folds 5` everyone is tested once" in capsys.readouterr().out
    main(["plan", *where, "--folds", "5"])
    assert "--folds 5" not in capsys.readouterr().out


def test_train_offers_folds_where_few_are_tested_and_has_a_field_for_them(opened):
    app = opened("train", new="1", world="prism")
    assert "(More settings on the page Train) everyone is tested once" in told(app)
    assert any("Folds" in str(field.label) for field in app.number_input)
