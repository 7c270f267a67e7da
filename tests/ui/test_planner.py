"""What data can tell, on the page Data: a table whose bars are the counts of the plan."""

import json
from pathlib import Path

from streamlit.testing.v1 import AppTest

from scpo.config import DataConfig
from scpo.data import load
from scpo.planner import plan_table

PAGE = Path(__file__).parents[2] / "pages" / "data.py"


def test_every_country_has_its_people_and_pairs_as_bars_and_what_can_be_seen(workspace):
    app = AppTest.from_file(str(PAGE), default_timeout=300).run()
    assert not app.exception and not app.error
    shown = next(frame for frame in app.dataframe if "seen from" in frame.value)
    plan = plan_table(load(DataConfig("demo")))
    plan = plan[plan["role"] != ""]
    assert list(shown.value["country"]) == list(plan["country"]) and "Meridia" in list(plan["country"])
    for heading, column in (("people", "units"), ("pairs", "pairs"), ("test pairs", "test_pairs")):
        assert list(shown.value[heading]) == list(plan[column])
        assert json.loads(shown.proto.columns)[heading]["type_config"]["type"] == "progress"
