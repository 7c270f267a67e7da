"""In a browser: the run of a link stays through the whole menu, reloads and the way back; a link to no page says so."""

import re
import shutil

import pytest

from scpo.jobs.store import open_store
from scpo.ui.router import TITLES

from screenshots import DRAWN as STILL
from screenshots import QUIET, app_server, watched_page

pytestmark = pytest.mark.browser
MENU = {
    "Overview": "",
    "Data": "data",
    "Filter and weight": "selection",
    "The paper": "paper",
    "Train": "train",
    "Accuracy": "accuracy",
    "Bias": "bias",
    "Efficiency": "efficiency",
    "Steer": "steer",
    "Runs": "runs",
    "Study": "study",
    "Lesson": "learn",
}
OF_A_RUN = ("Overview", "Filter and weight", "Accuracy", "Bias", "Efficiency", "Steer")


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory, demo_run, survey_run, browser):
    """Address of the app over a run of the demo and one of a survey, and the older of them."""
    space = tmp_path_factory.mktemp("two")
    for name, run in (("survey", survey_run), ("demo", demo_run)):
        shutil.copytree(run, space / "runs" / name)
    store = open_store(space)
    newest, older = store.jobs()
    store.rename(older.id, "the older run")
    store.rename(newest.id, "the newest run")
    store.close()
    with app_server(space) as address:
        yield address, older


@pytest.fixture
def served(two_runs):
    """What `visit` visits in this file."""
    return two_runs[0]


def drawn(page, path):
    page.wait_for_url(re.compile(rf"/{path}(\?|$)"))
    page.get_by_text("Run: ").first.wait_for()
    page.evaluate("() => delete window.drawnSince")
    page.wait_for_function(STILL, arg=QUIET)


def figures(page):
    """The name at the head, and the figures in the tiles."""
    head = page.get_by_text("Run: ").first.inner_text().splitlines()[-1]
    return head, page.locator("[data-testid=stMetricValue]").all_inner_texts()


def test_the_run_of_a_link_stays_on_every_page_of_the_menu_after_a_reload_and_on_the_way_back(visit, two_runs):
    address, older = two_runs
    page = visit(f"accuracy?run={older.id}")
    alone = watched_page(page.context, address)
    drawn(page, "accuracy")
    for name, path in MENU.items():
        page.get_by_role("link", name=name, exact=True).first.click()
        drawn(page, path)
        seen = figures(page)
        assert "the older run" in seen[0] and f"run={older.id}" in page.url, name
        if name in OF_A_RUN:
            alone.goto(f"{address}/{path}?run={older.id}")
            drawn(alone, path)
            assert figures(alone) == seen, name
        if name in ("Bias", "Train", "Lesson"):
            page.reload()
            drawn(page, path)
            assert figures(page) == seen, name
    page.go_back()
    drawn(page, "learn|study")
    assert "the older run" in figures(page)[0]
    alone.close()


def test_two_tabs_have_a_run_each(visit, two_runs):
    page = visit(f"bias?run={two_runs[1].id}")
    drawn(page, "bias")
    other = visit("bias")
    drawn(other, "bias")
    page.get_by_role("link", name="Accuracy", exact=True).first.click()
    drawn(page, "accuracy")
    assert "the older run" in figures(page)[0] and "the newest run" in figures(other)[0]


def test_a_link_to_no_page_says_so_and_lists_the_pages(visit, served):
    page = visit()  # the first link after a start is taken in Streamlit's older way, with a note of its own
    drawn(page, "")
    page.goto(f"{served}/overview")  # the page that opens first has a name too
    drawn(page, "")
    page.goto(f"{served}/nosuchpage")
    page.get_by_text("There is no such page").wait_for()
    links = page.locator("[data-testid=stPageLink]")
    links.nth(len(TITLES) - 1).wait_for()
    assert links.count() == len(TITLES) and page.locator("[role=dialog]").count() == 0
    links.get_by_text("Runs").click()
    page.get_by_text("Find in name").first.wait_for()
