"""Falsifiers on the page Accuracy: a button that alters groups, what came of it, and the report that carries it."""

import shutil
from pathlib import Path

from streamlit.testing.v1 import AppTest

from scpo import runs
from scpo.export.report import report
from scpo.runs.falsifiers import read_falsifiers, write_falsifiers
from scpo.text.falsifiers import falsifier_lines

from fakes import falsified

PAGE = str(Path(__file__).parents[2] / "pages" / "accuracy.py")
ROWS = (
    ("as it is", 0, "full", "others", 0.06, 0.001),
    ("shuffled", 0, "full", "others", -0.004, 0.5),
    ("equal", 0, "full", "others", 0.001, 0.8),
    ("flipped", 0, "full", "before", -0.2, 0.001),
    ("flipped", 0, "full", "global", -0.15, 0.001),
)


def opened():
    app = AppTest.from_file(PAGE, default_timeout=300).run()
    assert not app.exception
    return app


def test_the_button_alters_the_groups_and_the_page_and_the_report_tell_what_came_of_it(demo_run, workspace):
    folder = shutil.copytree(demo_run, workspace / "runs" / "demo")
    write_falsifiers(folder, falsified(*ROWS))
    app = opened()
    button = app.button(key="falsify")
    assert button.label == "One more draw" and "as it must be" in " ".join(m.value for m in app.markdown)
    app = button.click().run()
    assert not app.exception
    table = read_falsifiers(folder)
    assert set(table.loc[table["kind"] == "shuffled", "draw"]) == {0, 1} and {"scpo", "full"} <= set(table["method"])
    assert falsifier_lines(table)[1].replace("**", "") in " ".join(m.value for m in app.markdown).replace("**", "")
    files = report(runs.read(folder), "demo")
    assert "Groups shuffled among people" in files["report.html"] and "falsifiers.csv" in files


def test_a_run_that_nobody_altered_has_the_button_alone_and_its_report_no_figure(demo_run, workspace):
    folder = shutil.copytree(demo_run, workspace / "runs" / "demo")
    assert opened().button(key="falsify").label == "Alter the groups and train again"
    assert "falsifiers.csv" not in report(runs.read(folder), "demo")
