"""The first screen of a fresh clone in a browser: what it tells without a click, and what one click tells."""

import re

import pytest
from faults import serious_faults

from screenshots import DRAWN, QUIET, app_server, open_page, settle

pytestmark = pytest.mark.browser


def test_the_first_screen_tells_who_is_served_worst_and_a_click_what_steering_there_costs_the_others(browser, tmp_path):
    with app_server(tmp_path) as address:
        page = open_page(browser, address)
        page.goto(address)
        settle(page, "Run it yourself")
        sentence = page.get_by_text(re.compile("The global model serves .* worst"))
        above_the_fold = (
            sentence,
            page.get_by_test_id("stPlotlyChart").first,
            page.get_by_role("slider"),
            page.get_by_role("button", name="Run it yourself"),
            page.get_by_text("the global model prefers"),
        )
        for part in above_the_fold:
            box = part.bounding_box()
            assert box["y"] >= 0 and box["y"] + box["height"] <= 900, part
        assert serious_faults(page) == []
        page.locator(".js-plotly-plot .point").nth(3).click(force=True)
        page.wait_for_url(re.compile("country="))
        page.wait_for_function(DRAWN, arg=QUIET)
        country = re.search("country=([A-Za-z]+)", page.url)[1]
        assert f"Steering to {country}" in sentence.inner_text() and "costs" in sentence.inner_text()
        page.emulate_media(color_scheme="dark")  # charts are drawn anew: nothing is clicked after it
        page.wait_for_function(DRAWN, arg=QUIET)
        assert serious_faults(page) == []
        page.set_viewport_size({"width": 420, "height": 900})
        page.wait_for_function(DRAWN, arg=QUIET)
        tops = [part.bounding_box()["y"] for part in (sentence, above_the_fold[1], above_the_fold[4])]
        assert tops == sorted(tops)
        assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 420
        assert page.problems == page.refused == []
        page.context.close()
