"""The field Groups of the pages Data and Train: the columns of the file, and words that follow the choice."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from fakes import scored_rows

PAGES = Path(__file__).parents[2] / "pages"


@pytest.mark.parametrize("page", ["data", "train"])
def test_a_column_of_the_file_is_chosen_and_the_words_follow(page, tmp_path):
    rows = scored_rows(120)
    rows["language"] = rows["country"].map({"Aland": "English", "Borealis": "Spanish", "Cascadia": "Hindi"})
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows.to_dict("records"))))
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=300).run()
    next(box for box in app.segmented_control if box.label == "Source").set_value("file").run()
    next(box for box in app.text_input if "paths" in box.label).set_value(str(path)).run()
    field = next(box for box in app.multiselect if box.label.startswith("Groups"))
    assert field.options == ["country", "language"]
    field.set_value(["language"]).run()
    assert not app.exception and not app.error
    said = " ".join(
        [*(e.label for e in app.expander), *(e.value for e in app.caption), *(e.value for e in app.markdown)]
    )
    plan = next(frame.value for frame in app.dataframe if "seen from" in frame.value)
    assert "language" in plan and "country" not in plan
    assert "Holm's correction over the languages" in said and "Hindi" in said and "Cascadia" not in said
    if page == "train":
        assert "Reference languages" in " ".join(box.label for box in app.button_group)
