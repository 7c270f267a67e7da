"""Curves over people on the page Data efficiency, in its report and on a terminal."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from scpo.cli.result_table import result_table
from scpo.config import DataConfig, ExperimentConfig
from scpo.export.report_figures import parts_of

from fakes import job_of, run_apart, scored_rows

PAGE = str(Path(__file__).parents[2] / "pages" / "efficiency.py")


@pytest.fixture(scope="module")
def result(tmp_path_factory, tiny_encoder):
    """A small run with curves over people."""
    folder = tmp_path_factory.mktemp("people")
    scored_rows(120).to_csv(folder / "rows.csv", index=False)
    data = DataConfig("file", (str(folder / "rows.csv"),), test_share=0.3)
    methods, encoder = ("global", "full", "pooled"), str(tiny_encoder)
    asked = ExperimentConfig(data, methods, seeds=1, budgets=(20,), people=(1, 5), steps=10, lr=0.02, encoder=encoder)
    return run_apart(asked, folder)


def opened(**link):
    app = AppTest.from_file(PAGE, default_timeout=300)
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app, " ".join(str(e.value) for e in (*app.markdown, *app.caption))


def test_one_choice_turns_the_curves_to_people_and_says_with_how_many_a_method_is_ahead(result, workspace):
    job_of(result.folder, workspace, "small")
    app, words = opened()
    (choice,) = [c for c in app.button_group if c.label == "Curves over"]
    assert choice.value == "pairs" and "A person gives" not in words
    app, words = opened(over="people")
    assert "A person gives" in words and "of one model for all countries" in words
    assert "against as many pairs of everybody" in words
    assert any(
        "Each point is the accuracy after training on so many of the country's people" in c.value for c in app.caption
    )


def test_the_report_has_the_curve_with_its_csv_and_the_terminal_the_numbers_of_people(result):
    part = next(part for part in parts_of(result) if part.name == "people")
    assert part.title == "How many people does it need?" and {"people", "pairs", "spread_low"} <= set(part.table)
    assert any("of the global model" in line for line in part.lines)
    text = result_table(result)
    assert "Over people, each with all their pairs:" in text and "of the global model" in text
