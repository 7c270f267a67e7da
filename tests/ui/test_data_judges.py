"""Scores of judges on a whole data set, on the page Data: whom does each serve?"""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from scpo import data
from scpo.config import DataConfig
from scpo.data.scores import texts_to_score

PAGE = str(Path(__file__).parents[2] / "pages" / "data.py")


def test_two_judges_are_compared_on_every_pair_without_a_run(workspace):
    pairs = data.load(DataConfig("demo"))
    table = texts_to_score(pairs, range(len(pairs.pairs)))
    length = table.assign(reward=table["response"].str.len())
    files = [("length.csv", length), ("<b>.csv", length.assign(reward=-length["reward"]).iloc[50:])]
    app = AppTest.from_file(PAGE, default_timeout=300).run()
    assert any("one row per text" in block.value for block in app.markdown)
    app.get("file_uploader")[-1].set_value(
        [(name, t.to_csv(index=False).encode(), "text/csv") for name, t in files]
    ).run()
    assert not app.exception and not app.error
    (served,) = [frame.value for frame in app.dataframe if "Judge B minus Judge A" in frame.value.columns]
    assert {"Galune", "Meridia"} <= {*served["country"]} and len(served) == 9  # the mean too
    told = " ".join(block.value for kind in (app.markdown, app.caption) for block in kind)
    assert "Judge A serves" in told and r"\<b\>" in told and "Only a part of the pairs" in told


def test_a_file_without_scores_says_what_it_lacks(workspace):
    app = AppTest.from_file(PAGE, default_timeout=300).run()
    app.get("file_uploader")[-1].set_value([("a.csv", b"prompt,response\nWhy?,So.\n", "text/csv")]).run()
    assert not app.exception and any("fault" in block.value for block in app.error)
