"""The choice of a ruler on the page Bias, in the link, and in the report."""

import shutil
from pathlib import Path

from streamlit.testing.v1 import AppTest

from scpo import runs
from scpo.export.report_figures import parts_of
from scpo.rulers import under
from scpo.runs.judges import read_judges
from scpo.runs.outcomes import read_held_out, read_outcomes

from fakes import chance_judge

PAGE = str(Path(__file__).parents[2] / "pages" / "bias.py")


def test_a_ruler_of_the_link_rules_every_figure_of_the_page_and_all_stand_side_by_side(demo_run, workspace):
    folder = shutil.copytree(demo_run, workspace / "runs" / "demo")
    ruler = chance_judge(folder)
    app = AppTest.from_file(PAGE, default_timeout=300)
    app.query_params["ruler"] = ruler
    app.run()
    assert not app.exception
    (choice,) = [box for box in app.selectbox if box.label == "Distinct and consensus by"]
    assert choice.value == ruler and "the majority of the other countries' models" in choice.options
    assert any("by another ruler" in box.value for box in app.info)
    result = runs.read(folder)
    ruled, _ = under(result, read_outcomes(folder), read_held_out(folder), ruler, read_judges(folder))
    kept = ruled.tables["bias"].set_index(["method", "measure"]).loc[("scpo", "consensus retention"), "value"]
    assert next(m.value for m in app.metric if m.label == "Consensus kept") == f"{100 * kept:.1f} %"
    assert "Would another ruler say the same?" in [head.value for head in app.header]
    parts = {part.name: part for part in parts_of(result)}
    table = parts["under-another-ruler-consensus"].table
    assert set(table["ruler"]) >= {"global", "majority", ruler} and "under-another-ruler-distinct" in parts
    row = table[(table["ruler"] == ruler) & (table["method"] == "scpo")]
    assert row["value"].item() == kept


def test_a_run_without_margins_says_why_another_ruler_has_no_frontier(demo_run):
    def page(folder):
        import dataclasses
        from pathlib import Path

        import pandas as pd

        from scpo import runs
        from scpo.ui.frontier import frontier

        run = runs.read(Path(folder))
        ruled = dataclasses.replace(run, tables=run.tables | {"frontier": pd.DataFrame(), "edge": pd.DataFrame()})
        frontier(ruled, run, ["scpo"], "mean")

    app = AppTest.from_function(page, args=(str(demo_run),), default_timeout=300).run()
    assert not app.exception and not app.get("plotly_chart")
    (told,) = [caption.value for caption in app.caption]
    assert "kept no margin of each test pair" in told and "Run it again" in told
