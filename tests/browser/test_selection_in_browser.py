"""Filter and weight in a real browser: sliders by keyboard, links, narrow screens, what a screen reader is given."""

import re

import pytest
from faults import check_faultless, serious_faults

from screenshots import settle

pytestmark = pytest.mark.browser
LAST = "Read some of the pairs"


@pytest.fixture
def opened(visit):
    """opened(query, width, scheme): the page with everything drawn; it must end without errors or foreign requests."""
    pages = []

    def go(query="", width=1400, scheme="light"):
        page = visit(f"selection{query}", width, scheme)
        settle(page, LAST)
        pages.append(page)
        return page

    yield go
    for page in pages:
        check_faultless(page, "selection")


@pytest.fixture
def drawn(shown):
    """drawn(width, scheme): the page as it is without a query, opened once."""
    return lambda width=1400, scheme="light": shown("selection", LAST, width, scheme)


def sentence(page):
    """The line that says what the last move changed."""
    return page.locator("p", has_text=re.compile(r"^Move a slider|^[τβ] \d")).first.inner_text()


def marks(page):
    """The words inside the figures: the cut of each, and the name of the curve."""
    return page.locator(".js-plotly-plot .annotation-text, .js-plotly-plot .legendtext").all_text_contents()


def bars(page):
    """The outlines of the bars of the histogram of F."""
    first = page.locator(".js-plotly-plot").first
    return [bar.get_attribute("d") for bar in first.locator(".barlayer .point path").all()]


def press(page, name, key, times=1):
    """Keys on a slider, and then what the page says."""
    before = sentence(page)
    page.get_by_role("slider", name=name).focus()
    for _ in range(times):
        page.keyboard.press(key)
    page.wait_for_function("was => !document.body.innerText.includes(was)", arg=before)
    settle(page, LAST)
    return sentence(page)


def test_the_tau_slider_moves_the_figures_by_keyboard_and_the_link_follows(opened):
    page = opened()
    before, metrics = bars(page), page.locator("[data-testid=stMetricValue]").all_inner_texts()
    assert "τ = 0.50" in marks(page)
    said = press(page, "Filter: τ (tau)", "ArrowLeft")
    assert said.startswith("τ 0.50 → 0.49:") and "fewer" in said and "loses most" in said
    assert "this run" in marks(page) and page.get_by_role("link", name="Train with τ = 0.49 and β = 1.1").count() == 1
    assert "τ = 0.49" in marks(page) and "τ = 0.49, kept to the left" in marks(page) and "τ = 0.50" not in marks(page)
    assert bars(page) != before and page.locator("[data-testid=stMetricValue]").all_inner_texts() != metrics
    page.wait_for_url(re.compile("tau=0.49"), wait_until="commit")
    assert "run=" in page.url
    page.get_by_role("button", name="Back to the run's settings").click()
    page.get_by_text("Move a slider").wait_for()
    page.wait_for_url(lambda url: "tau=" not in url, wait_until="commit")


def test_the_beta_slider_moves_the_weight_curve_by_keyboard(opened):
    page = opened()
    said = press(page, "Weight: β (beta)", "ArrowLeft")
    assert said.startswith("β 1.10 → 1.05:")
    assert any("β = 1.05" in words for words in marks(page))
    page.wait_for_url(re.compile("beta=1.05"), wait_until="commit")


def test_a_link_opens_the_same_view_and_survives_a_reload(opened):
    page = opened("?tau=0.6&beta=0.8&country=Galune&along=W")
    for _ in range(2):
        assert "τ = 0.60" in marks(page) and any("β = 0.80" in words for words in marks(page))
        assert page.get_by_text("Share kept, Galune").count() == 1 and page.get_by_text("nearest to W = 1").count() == 1
        for part in ("tau=0.6", "beta=0.8", "country=Galune", "along=W", "run="):
            assert part in page.url
        page.reload()
        settle(page, LAST)


def test_both_sliders_and_the_country_are_reached_by_the_tab_key(drawn):
    page = drawn()
    page.get_by_role("combobox", name="Country").focus()
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.getAttribute('aria-label')"))
    assert "Filter: τ (tau)" in reached and "Weight: β (beta)" in reached


def test_going_to_another_page_and_back_finds_the_same_view(opened):
    page = opened("?country=Galune&tau=0.6")
    page.get_by_role("link", name="Overview").click()
    settle(page, "How SCPO steers a model to a country")
    page.get_by_role("link", name="Filter and weight").click()
    settle(page, LAST)
    assert page.get_by_text("Share kept, Galune").count() == 1 and "τ = 0.60" in marks(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_needs_no_sideways_scrolling_and_has_every_figure(drawn, scheme):
    page = drawn(420, scheme)
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 420
    plots = page.locator(".js-plotly-plot").all()
    assert len(plots) == 5
    for box in [part.bounding_box() for part in (*plots, *page.get_by_role("slider").all())]:
        assert box["x"] >= 0 and box["x"] + box["width"] <= 421


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (420, "dark")])
def test_the_sliders_stay_in_sight_while_the_charts_scroll(drawn, width, scheme):
    page = drawn(width, scheme)
    page.get_by_role("figure", name=re.compile("How often the global model disagrees")).scroll_into_view_if_needed()
    for slider in page.get_by_role("slider").all():
        assert 0 < slider.bounding_box()["y"] < 900
    page.get_by_role("heading", name="Filter and weight").scroll_into_view_if_needed()


def test_a_slider_moves_on_a_narrow_screen(opened):
    page = opened(width=420)
    assert press(page, "Filter: τ (tau)", "ArrowRight").startswith("τ 0.50 → 0.51:")


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (420, "dark")])
def test_no_serious_accessibility_fault_and_every_figure_has_words(drawn, width, scheme):
    page = drawn(width, scheme)
    assert serious_faults(page) == []
    check_faultless(page, "selection")
    for words in (
        "training pairs of all countries have F below 0.50",
        "Share kept and effective share per country",
        "Histogram of F for every country",
        "How often the global model disagrees",
    ):
        assert page.get_by_role("figure", name=re.compile(words)).count() == 1
