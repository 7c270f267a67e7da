"""The report of a run in a real browser that has no network."""

import pytest

from scpo.export.report import write_report

from screenshots import watched_page

pytestmark = pytest.mark.browser
ALL_DRAWN = "n => document.querySelectorAll('.plotly-graph-div:has(.main-svg)').length === n"


@pytest.mark.parametrize("width", [1400, 420])
def test_the_report_draws_every_figure_without_a_network_and_fits(browser, demo_run, tmp_path, width):
    file = write_report(demo_run, tmp_path / "report")
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    page = watched_page(context, "file:")
    page.goto(file.as_uri())
    figures = len(list(file.parent.glob("*.csv")))
    assert page.locator(".plotly-graph-div").count() == figures > 15
    page.wait_for_function(ALL_DRAWN, arg=figures, timeout=240_000)
    assert page.problems == [] and page.refused == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#chance").scroll_into_view_if_needed()
    mark = page.locator("#chance + p + figure .scatterlayer .point").first
    mark.hover(force=True)
    page.locator("#chance + p + figure .hovertext").first.wait_for(timeout=240_000)  # figures answer the pointer
    context.close()
