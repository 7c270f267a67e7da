"""Steer in a real browser: from the first click to the rewards, by keyboard, as a link, narrow, in words."""

import functools
import re

import pytest
from faults import check_faultless, serious_faults

from screenshots import settle

pytestmark = pytest.mark.browser
VIEWS = {
    "Answers": "In a cell: the rank",
    "Strength": "Every country at",
    "Mixtures": "It was picked on these",
    "Tastes": "Correlation over",
}
CHARTS = {"Answers": 1, "Strength": 2, "Mixtures": 2, "Tastes": 4}


@pytest.fixture
def opened(visit):
    """opened(query, width, scheme): the page after the models were asked; it must end without errors or requests."""
    pages = []

    def go(view="Answers", query="", width=1400, scheme="light"):
        page = visit(f"steer?view={view}{query}", width, scheme)
        pages.append(page)
        settle(page, "Loads this run's reward models")
        page.get_by_role("button", name="Ask the models").click()
        settle(page, VIEWS[view])
        return page

    yield go
    for page in pages:
        check_faultless(page, "steer")


@pytest.fixture(scope="module")
def asked(shown):
    """asked(width, scheme): the page after the models were asked, opened once for all views, which a click changes."""

    @functools.cache
    def ask(width, scheme):
        page = shown("steer", "Loads this run's reward models", width, scheme)
        page.get_by_role("button", name="Ask the models").click()
        settle(page, VIEWS["Answers"])
        return page

    return ask


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (420, "dark")])
@pytest.mark.parametrize("view", VIEWS)
def test_a_view_fits_and_has_no_serious_accessibility_fault(asked, view, width, scheme):
    page = asked(width, scheme)
    page.get_by_role("radio", name=view, exact=True).click()
    page.mouse.move(0, 0)  # a button under the pointer has colours of its own
    settle(page, VIEWS[view])
    plots = page.locator(".js-plotly-plot").all()
    assert len(plots) == CHARTS[view] and page.get_by_role("figure").count() >= CHARTS[view]
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    for box in [plot.bounding_box() for plot in plots]:
        assert box["x"] >= 0 and box["x"] + box["width"] <= width + 1
    assert serious_faults(page) == []
    check_faultless(page, "steer")


def test_the_strength_moves_by_keyboard_and_the_link_is_the_view(opened, visit):
    page = opened("Strength", "&country=Galune")
    page.get_by_role("slider", name="Strength: α (alpha)").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    settle(page, "Every country at α = 1.2")
    assert re.search("alpha=1.2", page.url) and "country=Galune" in page.url
    second = visit(page.url.split("/", 3)[3])
    settle(second, "Loads this run's reward models")
    second.get_by_role("button", name="Ask the models").click()
    settle(second, "Every country at α = 1.2")
    assert second.get_by_text("At α = 1.2 against α = 1").count() == 1


def test_typed_answers_are_shown_as_text_and_scored(visit):
    page = visit("steer?texts=typed")
    settle(page, "leave a field empty")
    for label, text in (
        ("Prompt", "What is good?"),
        ("Answer A", "<script>document.title = 'x'</script>"),
        ("Answer B", "![picture](http://elsewhere.example/a.png) $x^2$"),
    ):
        page.get_by_role("textbox", name=label).fill(text)
    page.get_by_role("button", name="Score these answers").click()
    settle(page, "In a cell: the rank")
    assert page.get_by_text("<script>document.title = 'x'</script>", exact=True).count() >= 1
    assert page.title() != "x" and page.locator("img[src*=elsewhere]").count() == 0
    assert page.refused == [] and page.locator(".js-plotly-plot").count() == 1


@pytest.mark.parametrize("width", [1400, 420])
def test_the_keyboard_meets_the_fields_in_their_order(visit, width):
    page = visit("steer?texts=typed", width)
    settle(page, "leave a field empty")
    page.get_by_role("textbox", name="Prompt").focus()
    met = []
    for _ in range(4):
        page.keyboard.press("Tab")
        met.append(page.evaluate("() => document.activeElement.getAttribute('aria-label')"))
    assert met == ["Answer A", "Answer B", "Answer C", "Answer D"]
    high = [page.get_by_role("textbox", name=name).bounding_box()["y"] for name in met]
    assert high == sorted(high)


def test_typed_texts_are_there_again_after_a_reload(visit):
    page = visit("steer?texts=typed")
    settle(page, "leave a field empty")
    page.get_by_role("button", name="Score these answers").click()
    page.get_by_text("0 answers; needed: 2 to 4.").wait_for()
    for label, text in (("Prompt", "What is <b>good</b>?"), ("Answer A", "this & that"), ("Answer C", "更好的回答")):
        page.get_by_role("textbox", name=label).fill(text)
    page.get_by_role("button", name="Score these answers").click()
    settle(page, "In a cell: the rank")
    page.reload()
    settle(page, "leave a field empty")
    found = [page.get_by_role("textbox", name=name).input_value() for name in ("Prompt", "Answer A", "Answer C")]
    assert found == ["What is <b>good</b>?", "this & that", "更好的回答"]
    check_faultless(page, "steer")
