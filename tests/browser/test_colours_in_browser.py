"""What charts draw is seen in both themes, in a real browser: the colours that stand there in the end."""

import re

import pytest
from contrasts import THEME, contrast
from faults import check_faultless

from scpo.charts.colours import DARK, LIGHT

from screenshots import settle

pytestmark = pytest.mark.browser
PALETTES = {"light": LIGHT, "dark": DARK}
LAST = {
    "accuracy": "Country by country, in words",
    "bias": "Bold: a country's model",
    "efficiency": "Gain per training pair",
    "learn": "Question.",
    "data": "Read the pairs",
}
# Numbers in the cells of a heat map stand on the cell and not on the page; hidden texts are nobody's.
TEXTS = """() => [...document.querySelectorAll('.js-plotly-plot text')]
    .filter(t => t.textContent.trim() && !t.closest('.heatmaplayer, .modebar') && t.getBoundingClientRect().width)
    .map(t => [t.textContent, getComputedStyle(t).fill, getComputedStyle(t).opacity])"""
MARKS = """() => [...document.querySelectorAll('.js-plotly-plot path.point, .js-plotly-plot path.js-line,'
        + '.js-plotly-plot path.xerror, .js-plotly-plot .bars path')]
    .map(p => { const s = getComputedStyle(p), kind = p.getAttribute('class') || 'bar';
                const line = kind === 'xerror' || s.fill === 'none' || s.fillOpacity < 0.5;
                return [kind, line ? s.stroke : s.fill, s.opacity]; })"""


def rgb(text):
    """'rgb(0, 114, 178)' as '#0072B2'."""
    return "#" + "".join(f"{int(part):02X}" for part in re.findall(r"\d+", text)[:3])


@pytest.mark.parametrize("scheme", PALETTES)
@pytest.mark.parametrize("name", LAST)
def test_marks_and_words_of_charts_stand_out_from_the_page(shown, name, scheme):
    page = shown(name, LAST[name], 1400, scheme)
    back = THEME[scheme]["backgroundColor"]
    texts, marks = page.evaluate(TEXTS), page.evaluate(MARKS)
    assert len(texts) > 5 and len(marks) > 5
    assert [t for t in texts if contrast(rgb(t[1]), back) < 4.5 or float(t[2]) < 1] == []
    assert [m for m in marks if "rgb" not in m[1] or contrast(rgb(m[1]), back) < 3 or float(m[2]) < 1] == []


def test_a_change_of_theme_changes_the_colours_of_a_chart_that_is_shown(visit):
    page = visit("accuracy?methods=shared&methods=full", 1400, "light")
    settle(page, LAST["accuracy"])

    def colours():
        return {rgb(mark[1]) for mark in page.evaluate(MARKS) if "point" in mark[0]}

    assert {LIGHT["indigo"], LIGHT["blue"]} <= colours() <= set(LIGHT.values())
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "() => getComputedStyle(document.querySelector('.stApp')).backgroundColor === 'rgb(20, 24, 29)'"
    )
    page.wait_for_timeout(1000)  # until the page runs again
    settle(page, LAST["accuracy"])
    assert {DARK["indigo"], DARK["blue"]} <= colours() <= set(DARK.values())
    page.emulate_media(color_scheme="light")
    check_faultless(page, "accuracy")
