"""Accuracy, Bias and Data efficiency in a real browser: links, narrow screens, contrast, words for screen readers."""

import re

import pytest
from faults import check_faultless, serious_faults

from scpo.ui.router import TITLES

from screenshots import DRAWN, QUIET, settle

pytestmark = pytest.mark.browser
LAST = {  # what stands below the last chart of each page
    "accuracy": "Country by country, in words",
    "bias": "Bold: a country's model",
    "efficiency": "Gain per training pair",
}
CHARTS = {"accuracy": 6, "bias": 8, "efficiency": 2}  # so small a run has no ratio to draw
PAGES = list(LAST)


@pytest.fixture
def opened(visit):
    """opened(name, query, width, scheme): a page with everything drawn; it must end without errors or requests."""
    pages = []

    def go(name, query="", width=1400, scheme="light"):
        page = visit(f"{name}{query}", width, scheme)
        settle(page, LAST[name])
        pages.append((page, name))
        return page

    yield go
    for page, name in pages:
        check_faultless(page, name)


def ticks(page, at, axis):
    """The labels along an axis of one chart."""
    return page.locator(".js-plotly-plot").nth(at).locator(f".{axis}tick text").all_text_contents()


@pytest.fixture
def drawn(shown):
    """drawn(name, width): a page as it is without a query, opened once on a wide light and on a narrow dark screen."""
    return lambda name, width=1400: shown(name, LAST[name], width, "light" if width == 1400 else "dark")


@pytest.mark.parametrize("width", [1400, 420])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_has_no_serious_accessibility_fault(drawn, name, width):
    page = drawn(name, width)
    plots = page.locator(".js-plotly-plot").all()
    assert len(plots) == CHARTS[name]
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    for box in [plot.bounding_box() for plot in plots]:
        assert box["x"] >= 0 and box["x"] + box["width"] <= width + 1
    assert serious_faults(page) == []
    check_faultless(page, name)


def test_the_first_chart_of_every_page_of_results_begins_high_and_the_tab_names_page_and_run(visit):
    for path, title in {**TITLES, "": "Overview"}.items():
        if path not in (*PAGES, "selection", ""):
            continue
        page = visit(path)
        chart = page.locator("[data-testid=stPlotlyChart]").first
        chart.wait_for()
        page.wait_for_function(DRAWN, arg=QUIET)
        assert chart.bounding_box()["y"] < 420, path
        assert page.title() == f"{title} · demo-finished · SCPO"


def test_the_button_of_the_menu_says_what_it_is_on_a_phone(drawn):
    word = "e => getComputedStyle(e, '::after').content"
    assert drawn("bias", 420).get_by_test_id("stExpandSidebarButton").evaluate(word) == '"Menu"'


def test_every_figure_has_words_for_a_screen_reader(drawn):
    for name, words in (
        (
            "accuracy",
            ("Accuracy per country and method", "minus the global model, every country", "minus every baseline, mean"),
        ),
        ("bias", ("Consensus kept against own taste", "Accuracy of every country", "models of each, by SCPO")),
        ("efficiency", ("Accuracy over the number of training pairs", "Points of accuracy gained per 100 pairs")),
    ):
        page = drawn(name)
        for part in words:
            assert page.get_by_role("figure", name=re.compile(part)).count() == 1, part


def test_the_view_of_accuracy_is_in_the_link_and_survives_a_reload(opened):
    page = opened("accuracy")
    page.get_by_role("radio", name="Where global is wrong").click()
    page.get_by_text("Each seed on its own").click()
    settle(page, "How much is luck in training?")
    page.wait_for_url(re.compile("seeds=true"), wait_until="commit")
    page.get_by_role("button", name="Methods").click()
    page.get_by_role("button", name="SCPO's weights alone weight").click()
    page.wait_for_url(re.compile("methods=weight"), wait_until="commit")
    settle(page, LAST["accuracy"])
    for _ in range(2):
        for part in ("run=", "subset=distinct", "seeds=true", "methods=weight"):
            assert part in page.url
        assert page.locator(".js-plotly-plot").count() == 7
        legend = page.locator(".js-plotly-plot").first.locator(".legendtext").all_text_contents()
        assert "SCPO's weights alone" in legend and "SCPO (paper)" in legend
        page.reload()
        settle(page, LAST["accuracy"])


def test_a_link_opens_one_country_one_method_and_one_reading(opened):
    page = opened("efficiency", "?country=Galune&reading=trained&method=weight")
    titles = page.locator(".js-plotly-plot .xtitle").all_text_contents()
    assert "after the filter" in titles[0]
    assert page.get_by_role("figure", name=re.compile("trained on, Galune")).count() == 1
    page = opened("bias", "?country=Galune&transferred=change")
    cells = page.locator(".js-plotly-plot .heatmap-label").all_text_contents()
    assert len(cells) == 64 and any(text.startswith("+") for text in cells)


@pytest.mark.parametrize("width", [1400, 420])
def test_numbers_in_the_heat_map_are_black_on_light_cells_in_either_scheme(drawn, width):
    numbers = drawn("bias", width).locator(".js-plotly-plot .heatmap-label text")
    colours = {text.evaluate("e => getComputedStyle(e).fill") for text in numbers.all()}
    assert colours == {"rgb(0, 0, 0)"}


def test_the_log_axis_has_whole_numbers(drawn):
    assert ticks(drawn("efficiency", 420), 0, "x")[:3] == ["50", "100", "200"]


def test_a_country_with_too_few_people_says_so_in_the_chart(drawn):
    page = drawn("accuracy", 420)
    for at in (0, 1):
        assert "Cindarano interval: 4 users" in ticks(page, at, "y")


def test_a_chart_can_be_downloaded_as_numbers_and_as_a_picture(opened):
    page = opened("efficiency")
    page.locator(".js-plotly-plot").first.hover()
    with page.expect_download() as picture:
        page.locator(".js-plotly-plot").first.locator("[data-title^=Download]").click()
    assert picture.value.suggested_filename.endswith(".svg")
    assert "nothing here is measured from real people" in picture.value.path().read_text()
    page.get_by_text("The numbers behind this chart").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download these numbers").first.click()
    text = download.value.path().read_text()
    assert text.startswith("country,method,") and text.count("simulated data") == text.count("\n") - 1


def test_the_formula_is_behind_an_expander(opened):
    page = opened("bias")
    formula = page.locator(".katex").first
    assert not formula.is_visible()
    page.get_by_text("The formula").first.click()
    formula.wait_for(state="visible")


@pytest.mark.parametrize("name", PAGES)
def test_a_link_straight_to_a_page_has_the_routers_navigation(drawn, name):
    assert drawn(name).get_by_role("link", name="Overview").is_visible()


def test_the_navigation_leads_from_one_page_to_another(opened):
    page = opened("bias")
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("heading", name="Whom does it serve?").wait_for()
