"""A file of one's own on the page Data: recognised, asked about, or mapped, with the guess filled in."""

import json
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from scpo.ui.column_choice import ASKED

PAGE = Path(__file__).parents[2] / "pages" / "data.py"
COUNTRIES = ("Chile", "Kenya")


@pytest.fixture(autouse=True)
def no_workers(monkeypatch):
    monkeypatch.setenv("SCPO_WORKERS", "0")


def opened(path):
    app = AppTest.from_file(str(PAGE), default_timeout=300).run()
    app.segmented_control[0].set_value("file").run()
    app.text_input[0].set_value(str(path)).run()
    assert not app.exception
    return app


def words(app):
    return " ".join(str(one.value) for kind in (app.markdown, app.caption, app.info, app.error) for one in kind)


def mapped(tmp_path, **more):
    rows = [
        {"question": f"Why {n}?", "good": f"yes {n}", "worse": f"no {n}", "nation": c}
        for n in range(60)
        for c in COUNTRIES
    ]
    path = tmp_path / "mine.csv"
    pd.DataFrame(rows).assign(**more).to_csv(path, index=False, sep=";")
    return path


def box(app, role):
    return next(one for one in app.selectbox if one.label == ASKED[role])


def test_a_published_layout_is_recognised_and_read(tmp_path):
    rows = [
        {
            "annotator_id": f"{c}{n % 20}",
            "annotator_country": c,
            "first_turn_prompt": f"Why {n}?",
            "first_turn_preferred_response": "response_c",
            **{f"first_turn_response_{letter}": f"{letter} {n}" for letter in "abcd"},
        }
        for n in range(60)
        for c in COUNTRIES
    ]
    path = tmp_path / "votes.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    said = words(opened(path))
    assert "This looks like **Community Alignment**" in said
    assert "Read as Community Alignment: 120 picks of one answer out of four = 360 pairs." in said


def test_other_columns_are_asked_for_with_a_guess_that_can_be_pasted_and_changed(tmp_path):
    app = opened(mapped(tmp_path))
    assert [box(app, role).value for role in ("prompt", "chosen", "rejected", "country")] == [
        "question",
        "good",
        "worse",
        "nation",
    ]
    assert app.code[0].value == "--columns prompt=question,chosen=good,rejected=worse,country=nation"
    assert list(app.dataframe[0].value.columns) == ["question", "good", "worse", "nation"]
    assert "Chile" in str(app.dataframe[1].value) or "Chile" in words(app)
    box(app, "chosen").set_value("no column").run()
    assert "To go on, say which column is: Chosen answer." in words(app) and not app.exception


def test_a_mapping_that_makes_no_pair_says_why_on_the_page(tmp_path):
    app = opened(mapped(tmp_path))
    box(app, "rejected").set_value("good").run()
    assert "hold the same text in every row" in words(app)


def test_a_file_that_fits_two_layouts_asks(tmp_path):
    app = opened(mapped(tmp_path, prompt="p", pref="x", dispref="y", response="r", associated_culture="Chile"))
    assert "This file fits 2 layouts." in words(app) and "Choose the layout" in words(app)
    asked = next(one for one in app.segmented_control if one.label == "Layout")
    asked.set_value("plural").run()
    assert "Choose the layout" not in words(app) and not app.exception
