"""What people come for, in a real browser, with the clicks it takes: from a number to its pairs, two runs compared.

What a fresh clone tells without a click and with one stands in test_front_door_in_browser.py, the way from an own file
to a model in test_upload_in_browser.py, the lesson from the keyboard in test_learn_in_browser.py.
"""

import re
import shutil

import pytest
from faults import serious_faults

from scpo import runs
from scpo.jobs.store import open_store
from scpo.runs.files import write_json

from screenshots import app_server, open_page, settle

pytestmark = pytest.mark.browser


def test_two_clicks_lead_from_a_runs_number_to_the_pairs_behind_it(visit):
    page = visit("accuracy")
    settle(page, "Country by country, in words")
    page.get_by_role("button", name="Pairs behind the numbers").click()
    page.get_by_role("link", name="Galune").click()
    settle(page, "The test pairs of Galune")
    page.get_by_text(re.compile("^Of .* pairs the global model is right on")).wait_for()
    assert page.get_by_text(re.compile("right in . of 2 seeds")).count() > 1
    assert page.get_by_text(re.compile("^chosen")).first.is_visible() and serious_faults(page) == []


def test_two_clicks_compare_the_run_at_hand_with_another_on_the_consensus(browser, tmp_path, demo_run):
    for name, steps in (("first", 12), ("second", 13)):
        folder = shutil.copytree(demo_run, tmp_path / "runs" / name)
        config = runs.read_config(folder).as_dict() | {"steps": steps}
        write_json(folder / "config.json", config)
        runs.finish(folder, 1.0)
    assert len(open_store(tmp_path).jobs()) == 2
    with app_server(tmp_path) as address:
        page = open_page(browser, address)
        page.goto(address)
        settle(page, "How SCPO steers a model to a country")
        page.get_by_role("link", name="Runs", exact=True).click()
        settle(page, "How it trained")  # the run at hand, which is the newest, in the first row
        box = page.get_by_test_id("stDataFrame").first.bounding_box()
        page.mouse.click(box["x"] + 15, box["y"] + 35 * 2.5)
        settle(page, "Results side by side")
        page.get_by_text(re.compile("^consensus kept minus that of")).wait_for()
        results, settings = (page.get_by_role("heading", name=n) for n in ("Results side", "Settings side"))
        assert results.bounding_box()["y"] < settings.bounding_box()["y"] and serious_faults(page) == []
        page.context.close()
