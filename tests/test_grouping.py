"""A run that is steered to languages: nothing that is shown of it speaks of countries; the noun is the column's."""

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from scpo import DataConfig, ExperimentConfig, runs
from scpo.cli import main
from scpo.config import flag
from scpo.errors import ConfigError
from scpo.export.huggingface import export
from scpo.export.report import report
from scpo.export.templates import TEMPLATES
from scpo.format import counted
from scpo.grouping import crossed, noun_of, speaking_of, worded
from scpo.ui.group_choice import HELP

from fakes import job_of, run_apart, scored_rows

ROOT = Path(__file__).parents[1]
PAGES = ("overview", "data", "selection", "train", "accuracy", "bias", "efficiency", "steer", "runs")
LANGUAGES = {"Aland": "English", "Borealis": "Spanish", "Cascadia": "Hindi"}
COUNTRY = re.compile(r"countr(y|ies)", re.IGNORECASE)
CODE = re.compile(
    r"`[^`]*`|--country|\b(?:sort_)?country\b(?==)|countries\.csv|https?://\S+"
)  # names of settings, columns, places
OF_THE_PAPER = (
    "few rich countries",
    "minority countries",
    "mean of 7 countries",
    "votes and becomes a country",
    "How SCPO steers a model to a country",
    "a global reward model to one country",
)
UNREAD = {"id", "key", "columns", "url", "query_string", "page_script_hash", "form_id", "file_urls_json", "data"}


@pytest.fixture(scope="module")
def of_languages(tmp_path_factory, tiny_encoder):
    """The finished run: a file with a column `language` and none of countries."""
    folder = tmp_path_factory.mktemp("languages")
    rows = scored_rows(150)
    rows["language"] = rows.pop("country").map(LANGUAGES)
    rows["age"] = [f"{20 + int(user[4:]) % 2}" for user in rows["user"]]
    rows.to_csv(folder / "answers.csv", index=False)
    data = DataConfig("file", (str(folder / "answers.csv"),), group=("language",), test_share=0.4)
    config = ExperimentConfig(data, ("global", "full", "scpo"), seeds=1, steps=10, encoder=str(tiny_encoder))
    return run_apart(config, folder).folder


@pytest.fixture
def job(workspace, of_languages):
    return job_of(of_languages, workspace, "file-languages")


def texts_of(message):
    """Every text of an element that a reader may see."""
    for spec, value in message.ListFields():
        values = [value] if not hasattr(value, "__iter__") or isinstance(value, (str, bytes)) else value
        for one in values if spec.name not in UNREAD else ():
            if isinstance(one, str):
                yield one
            elif hasattr(one, "ListFields"):
                yield from texts_of(one)


def spoken_of(text):
    """Where a text speaks of countries: codes, and what the paper says of its own, aside."""
    for said in OF_THE_PAPER:
        text = text.replace(said, "")
    text = CODE.sub("", text)
    return [text[max(0, at.start() - 60) : at.end() + 40] for at in COUNTRY.finditer(text)]


def elements(node):
    for child in getattr(node, "children", {}).values():
        yield from elements(child)
    if getattr(node, "proto", None) is not None:
        yield node.proto


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_a_run_on_languages_speaks_of_no_country(job, page):
    app = AppTest.from_file(str(ROOT / "pages" / f"{page}.py"), default_timeout=300)
    app.query_params["run"] = job.id
    app.run()
    assert not app.exception and not app.error
    said = [text for proto in elements(app._tree) for text in texts_of(proto)]
    assert any("anguage" in text for text in said)
    found = [found for text in said for found in spoken_of(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("view", ["Answers", "Why", "Phrases", "Strength", "Mixtures", "Tastes"])
def test_no_view_of_the_page_steer_speaks_of_countries(job, view):
    app = AppTest.from_file(str(ROOT / "pages" / "steer.py"), default_timeout=300)
    app.query_params["run"] = job.id
    app.run()
    views = next(box for box in app.segmented_control if "Answers" in str(box.options))
    views.set_value(view).run()
    next(button for button in app.button if button.label == "Ask the models").click().run()
    assert not app.exception and not app.error
    assert [found for proto in elements(app._tree) for text in texts_of(proto) for found in spoken_of(text)] == []


def test_the_form_of_such_a_run_speaks_of_countries_only_where_it_offers_them(job):
    app = AppTest.from_file(str(ROOT / "pages" / "train.py"), default_timeout=300)
    app.query_params["like"] = job.id
    app.run()
    assert not app.exception and not app.error
    said = [text for proto in elements(app._tree) for text in texts_of(proto)]
    assert {text for text in said if spoken_of(text)} == {"country", HELP, "Country of the person"}
    assert any(text.startswith("Reference languages") for text in said)


def test_report_and_model_card_of_it_speak_of_no_country(of_languages, tmp_path):
    page = report(runs.read(of_languages), "languages")["report.html"]
    seen = re.sub(r"<style>.*?</style>|<script.*?</script>", "", page, flags=re.DOTALL)
    seen = seen.partition("To make it again")[0]  # the settings as they are
    assert spoken_of(re.sub("<[^>]+>", " ", seen)) == [] and "Is a language&#39;s taste learned?" in seen
    drawn = re.findall(r'Plotly\.newPlot\(\s*"[^"]+",\s*(\[.*?\]),\s*(\{.*?\}),\s*\{"', page, flags=re.DOTALL)
    assert drawn and [found for figure in drawn for part in figure for found in spoken_of(part)] == []
    card = (export(of_languages, "hindi", tmp_path / "model") / "README.md").read_text()
    assert spoken_of(card) == [] and "steered to one language by" in card


def test_the_command_line_speaks_of_languages_where_it_is_steered_to_them(of_languages, capsys):
    file = str(json.loads((of_languages / "config.json").read_text())["data"]["data_files"][0])
    asked = ["--dataset", "file", "--data-file", file, "--group", "Language"]
    for command in (["data", "check", *asked, "--encoder", "none"], ["plan", *asked]):
        assert main(command) == 0
        told = capsys.readouterr().out
        assert "language" in told and spoken_of(told) == []
    assert main(["data", "check", *asked, "--countries", "French", "--encoder", "none"]) == 2
    assert "countries has 'French', which has no pairs in the data; near:" in capsys.readouterr().err


def test_the_run_and_its_command_name_the_column_and_other_runs_stay_what_they_were(of_languages):
    config = runs.read_config(of_languages)
    assert config.data.group == ("language",) and "--group language" in config.command()
    assert "group" not in ExperimentConfig().as_dict()["data"]
    assert runs.read(of_languages).card["countries"] == ["Hindi", "Spanish"]


@pytest.mark.parametrize(
    "group, one, two",
    [
        ((), "1 country", "2 countries"),
        (("country",), "1 country", "2 countries"),
        (("language",), "1 language", "2 languages"),
        (("annotator_ethnicity",), "1 ethnicity", "2 ethnicities"),
        (("assigned_lang",), "1 assigned language", "2 assigned languages"),
        (("age",), "1 age group", "2 age groups"),
        (("EducationLevel",), "1 education level", "2 education levels"),
        (("gender", "age"), "1 gender x age group", "2 gender x age groups"),
    ],
)
def test_the_noun_is_the_columns_with_its_plural(group, one, two):
    assert (counted(1, noun_of(group)), counted(2, noun_of(group))) == (one, two)


@pytest.mark.parametrize("column", ["***", "$$", "\x00"])
def test_a_column_without_a_letter_gives_no_markup_for_a_noun(column):
    assert (noun_of((column,)), noun_of((column, "age"))) == ("group", "group x age group")


def test_a_column_called_by_a_whole_question_gives_a_short_noun():
    question = "What is the highest level of education that you have completed, or the highest degree?"
    assert noun_of((question,)) == "what is the highest level of education… group"


def test_a_text_keeps_its_articles_capitals_and_genitives():
    text = "A country's taste. Countries differ; no country is a country of countries' means."
    with speaking_of(("age",)):
        assert worded(text) == (
            "An age group's taste. Age groups differ; no age group is an age group of age groups' means."
        )
    assert worded(text) == text


def test_crossed_columns_are_written_as_they_are_shown():
    assert crossed("gender x age") == crossed("gender × age") == ["gender", "age"] and crossed("max") == ["max"]


def test_the_demo_world_and_a_column_named_twice_are_refused():
    with pytest.raises(ConfigError, match="'demo' is steered to its countries"):
        DataConfig(group=("language",))
    with pytest.raises(ConfigError, match="names each column once"):
        DataConfig("prism", group=("age", "Age "))
    assert flag(DataConfig.__dataclass_fields__["group"]) == "--group"


def test_a_template_says_the_noun_of_each_rendering_also_where_it_was_compiled_under_another():
    template = TEMPLATES.from_string('{{ "no country"|worded }}')
    assert template.render() == "no country"
    with speaking_of(["language"]):
        assert template.render() == "no language"
    assert template.render() == "no country"
