"""What only a browser can tell: the map draws offline, nothing fails in the console, a phone can show it."""

import json
from urllib.parse import quote

import pytest

from fakes import scored_rows
from screenshots import settle

pytestmark = pytest.mark.browser
NUMBERS = "The numbers behind this chart"
# On a link to a page, Streamlit's own client looks for its server below that page first, and then at the root.
PROBES = ("/data/_stcore/health", "/data/_stcore/host-config")


def faultless(page):
    """No error in the console but Streamlit's two probes, and no request to another host."""
    mine = [p for p in page.problems if not ("404" in p and p.endswith(PROBES))]
    assert mine == [] and page.refused == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "data"])
def test_a_page_opens_without_console_errors_or_requests_to_other_hosts(visit, path, scheme):
    page = visit(path, scheme=scheme)
    settle(page, NUMBERS)
    assert page.locator(".js-plotly-plot").count() >= 1 and page.locator("[data-testid=stException]").count() == 0
    faultless(page)


@pytest.mark.parametrize("path", ["", "data"])
def test_a_narrow_screen_needs_no_sideways_scrolling(visit, path):
    page = visit(path, width=420)
    settle(page, NUMBERS)
    width = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth")
    assert width <= 420
    for box in [plot.bounding_box() for plot in page.locator(".js-plotly-plot").all()]:
        assert box["x"] >= 0 and box["x"] + box["width"] <= 421


def test_the_pages_follow_the_dark_theme_of_the_system(visit):
    colours = []
    for scheme in ("light", "dark"):
        page = visit(scheme=scheme)
        settle(page, NUMBERS)
        colours.append(page.evaluate("() => getComputedStyle(document.querySelector('.stApp')).backgroundColor"))
    assert colours == ["rgb(255, 255, 255)", "rgb(20, 24, 29)"]


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
    drawn.nth(2).wait_for(state="attached", timeout=60_000)
    assert drawn.count() == 3
    outlines = [shape.get_attribute("d") for shape in drawn.all()]
    assert all(outline and len(outline) > 50 for outline in outlines), "a country has no outline"
    land = page.locator(".layer.land path").first.get_attribute("d")
    assert len(land) > 5_000, "the continents are not drawn"
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
    settle(page, "fault(s) in the file")
    assert page.locator("[data-testid=stException]").count() == 0 and page.get_by_text("Traceback").count() == 0
