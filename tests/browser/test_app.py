"""What only a browser can tell: the map draws offline, nothing fails in the console, a phone can show it."""

import json
import re
from urllib.parse import quote

import pytest
from faults import check_faultless, serious_faults

from fakes import scored_rows
from screenshots import settle

pytestmark = pytest.mark.browser
NUMBERS = "The numbers behind this chart"
LAST = {"": "How SCPO steers a model to a country", "data": "Read the pairs"}  # what stands below the last chart
WINDOWS = {"light": 1400, "dark": 420}  # the width of the screen that is looked at in each scheme


@pytest.fixture
def drawn(shown):
    """drawn(path, scheme): one of the pages, opened once in the window of each scheme."""
    return lambda path, scheme: shown(path, LAST[path], WINDOWS[scheme], scheme)


def faultless(page):
    check_faultless(page, "data")


@pytest.mark.parametrize("scheme", WINDOWS)
@pytest.mark.parametrize("path", LAST)
def test_a_page_opens_without_console_errors_or_requests_to_other_hosts(drawn, path, scheme):
    page = drawn(path, scheme)
    assert page.locator(".js-plotly-plot").count() >= 1 and page.locator("[data-testid=stException]").count() == 0
    faultless(page)


@pytest.mark.parametrize("scheme", WINDOWS)
@pytest.mark.parametrize("path", LAST)
def test_no_screen_needs_sideways_scrolling(drawn, path, scheme):
    page, wide = drawn(path, scheme), WINDOWS[scheme]
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= wide
    for box in [plot.bounding_box() for plot in page.locator(".js-plotly-plot").all()]:
        assert box["x"] >= 0 and box["x"] + box["width"] <= wide + 1


@pytest.mark.parametrize("scheme", WINDOWS)
@pytest.mark.parametrize("path", LAST)
def test_a_page_has_no_serious_accessibility_fault(drawn, path, scheme):
    assert serious_faults(drawn(path, scheme)) == []


def test_the_pages_follow_the_dark_theme_of_the_system(drawn):
    asked = "() => getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    assert [drawn("", scheme).evaluate(asked) for scheme in WINDOWS] == ["rgb(255, 255, 255)", "rgb(20, 24, 29)"]


def test_a_link_straight_to_a_page_has_the_routers_navigation(drawn):
    assert drawn("data", "light").get_by_role("link", name=re.compile("Overview")).first.is_visible()


def test_a_link_to_a_run_survives_a_reload(visit):
    page = visit()
    settle(page, NUMBERS)
    link = page.url
    page.reload()
    settle(page, NUMBERS)
    assert page.url == link and "?run=" in link
    faultless(page)


def own_file(page, path):
    """Give the data page a file by its path."""
    settle(page, NUMBERS)
    page.get_by_text("Your own file").click()
    field = page.get_by_label("or paths on this machine")
    field.fill(str(path))
    field.press("Enter")


def test_the_world_map_draws_without_internet(visit, tmp_path):
    names = {"Aland": "Chile", "Borealis": "Kenya", "Cascadia": "Japan"}
    rows = scored_rows(90)
    rows.assign(country=rows["country"].map(names)).to_csv(tmp_path / "own.csv", index=False)
    page = visit("data")
    own_file(page, tmp_path / "own.csv")
    drawn = page.locator(".choroplethlayer path.choroplethlocation")
    drawn.nth(2).wait_for(state="attached")
    assert drawn.count() == 3
    outlines = [shape.get_attribute("d") for shape in drawn.all()]
    assert all(outline and len(outline) > 50 for outline in outlines), "a country has no outline"
    land = page.locator(".layer.land path").first.get_attribute("d")
    assert len(land) > 5_000, "the continents are not drawn"
    faultless(page)


def test_small_and_split_countries_are_on_the_map(visit, tmp_path):
    rows = scored_rows(90)
    names = {"Aland": "South Sudan", "Borealis": "Singapore", "Cascadia": "Malta"}
    rows.assign(country=rows["country"].map(names)).to_csv(tmp_path / "own.csv", index=False)
    page = visit("data")
    own_file(page, tmp_path / "own.csv")
    shape = page.locator(".choroplethlayer path.choroplethlocation").first
    shape.wait_for(state="attached")
    settle(page, "Read the pairs")
    sizes = [p.bounding_box() for p in page.locator(".choroplethlayer path.choroplethlocation").all()]
    assert max(size["width"] * size["height"] for size in sizes if size) > 150  # South Sudan, and not its corner alone
    dots = [dot.bounding_box() for dot in page.locator(".scatterlayer path.point").all()]
    assert len(dots) == 2 and all(dot["width"] > 7 for dot in dots)
    faultless(page)


def test_texts_with_markup_stay_text_and_fetch_nothing(visit, tmp_path):
    hostile = '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 2">'
    hostile += " ![picture](https://evil.example/x.png) $\\frac{1}{0}$ **bold** " + "y" * 5_000
    rows = scored_rows(90)
    rows["prompt"], rows["response"] = hostile + rows["prompt"], hostile + rows["response"]
    (tmp_path / "own.jsonl").write_text("\n".join(json.dumps(row) for row in rows.to_dict("records")))
    page = visit("data")
    own_file(page, tmp_path / "own.jsonl")
    settle(page, "window.hacked = 1")
    assert page.evaluate("() => window.hacked") is None and page.refused == []
    assert page.locator("[data-testid=stText] :is(script, img, strong, .katex)").count() == 0


PICTURE = "![x](https://evil.example/x.png)"


def test_a_link_to_a_run_cannot_put_a_picture_on_the_page(visit):
    page = visit(f"?run={quote(PICTURE)}")
    settle(page, "of this link is not in the workspace")
    assert page.get_by_text(PICTURE).count() == 1
    faultless(page)


def test_the_name_of_a_country_cannot_put_a_picture_on_the_page(visit, tmp_path):
    rows = scored_rows(90)
    rows["country"] = rows["country"].replace("Cascadia", PICTURE)
    rows.to_csv(tmp_path / "own.csv", index=False)
    page = visit("data")
    own_file(page, tmp_path / "own.csv")
    settle(page, "Not on the map, but in the table")
    assert page.get_by_text(PICTURE).count() > 0
    faultless(page)


def test_a_bad_file_shows_its_faults_and_no_stack_trace(visit, tmp_path):
    scored_rows(30).assign(score="many").to_csv(tmp_path / "own.csv", index=False)
    page = visit("data")
    own_file(page, tmp_path / "own.csv")
    settle(page, "faults in ")
    assert page.locator("[data-testid=stException]").count() == 0 and page.get_by_text("Traceback").count() == 0
