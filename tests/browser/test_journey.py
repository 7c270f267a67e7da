"""What a new user does, from the first click to the charts."""

import re

import pytest

from scpo import runs

from fakes import scored_rows
from screenshots import app_server, open_page, settle

pytestmark = pytest.mark.browser
AT = "document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow') ?? 'no bar'"
MOVED = f"([text, before]) => document.body.innerText.includes(text) || ({AT}) !== before"


def settle_after_the_bar(page, text):
    """Wait for a text as long as the bar moves on, however slow the machine is."""
    while text not in page.locator("body").inner_text():
        at = page.evaluate(AT)
        page.wait_for_function(MOVED, arg=[text, at])
        page.wait_for_timeout(500)
    settle(page, text)


def test_one_click_runs_the_demo_and_a_reload_in_the_middle_loses_nothing(browser, tmp_path):
    with app_server(tmp_path) as address:
        page = open_page(browser, address)
        page.goto(address)
        settle(page, "Run it yourself")
        page.get_by_role("button", name="Run it yourself").click()
        page.get_by_role("progressbar").first.wait_for()
        page.reload()
        page.get_by_role("progressbar").first.wait_for()
        settle_after_the_bar(page, "Gain of SCPO (paper) over the global model")
        assert len(runs.list_runs(tmp_path)) == 1 and re.search(r"\?run=[0-9a-f]{12}", page.url)
        assert page.get_by_text("not reached").or_(page.get_by_text("times as efficient")).count() > 0

        second = open_page(browser, address)
        second.goto(page.url)
        settle(second, "Gain of SCPO (paper) over the global model")
        assert second.url == page.url and second.locator(".js-plotly-plot").count() == 3
        assert page.problems == page.refused == second.problems == []
        page.context.close()
        second.context.close()


def test_the_numbers_of_a_chart_can_be_downloaded_and_say_that_they_are_simulated(visit):
    page = visit()
    settle(page, "The numbers behind this chart")
    page.get_by_text("The numbers behind this chart").first.click()
    settle(page, "Download these numbers")  # the table above the button has its height then
    with page.expect_download() as download:
        page.get_by_role("button", name="Download these numbers").first.click()
    text = download.value.path().read_text()
    assert text.startswith("country,") and text.count("simulated data") == text.count("\n") - 1


def test_a_bad_and_then_a_good_file_can_be_uploaded(visit, tmp_path):
    scored_rows(90).to_csv(tmp_path / "good.csv", index=False)
    scored_rows(30).assign(score="x").to_csv(tmp_path / "bad.csv", index=False)
    for name, words in (("bad.csv", "270 faults in bad.csv"), ("good.csv", "Read the pairs")):
        page = visit("data")
        settle(page, "The numbers behind this chart")
        page.get_by_text("Your own file").click()
        settle(page, "Choose a file to go on")
        page.locator("input[type=file]").set_input_files(tmp_path / name)
        settle(page, words)
        assert page.refused == []
