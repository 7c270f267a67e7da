"""Whatever carries information can be seen: 3 : 1 for marks, 4.5 : 1 for text, on light and dark pages and on paper."""

import json
import re
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from contrasts import THEME, channels, contrast
from plotly.colors import sample_colorscale

from scpo import runs
from scpo.charts import colours
from scpo.charts.colours import DARK, LIGHT, METHOD, ON_PAPER, PLACE, SCALES, SEQUENCE, TEXT
from scpo.charts.style import LINES, finish, on_paper
from scpo.export.report import report
from scpo.export.report_figures import parts_of
from scpo.ui.theme import LOOK, ON_LIGHT

ROOT = Path(__file__).parents[2]
PALETTES = {"light": LIGHT, "dark": DARK}
MARKS = [name for name in LIGHT if name not in ("text", "land")]
DRAWING = [
    *sorted(path for path in (ROOT / "scpo/charts").glob("*.py") if path.name != "colours.py"),
    ROOT / "scpo/ui/run_status.py",
    ROOT / "scpo/ui/lesson.py",
]


def pages(theme):
    return THEME[theme]["backgroundColor"], THEME[theme]["secondaryBackgroundColor"]


def test_contrast_is_what_the_standard_says():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert contrast("#332288", "#14181D") == pytest.approx(1.46, abs=0.01)


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("name", MARKS)
def test_every_mark_stands_out_by_3_to_1(theme, name):
    assert min(contrast(PALETTES[theme][name], page) for page in pages(theme)) >= 3


@pytest.mark.parametrize("theme", PALETTES)
def test_every_text_stands_out_by_four_and_a_half_to_1(theme):
    for page in pages(theme):
        assert min(contrast(text, page) for text in (PALETTES[theme]["text"], THEME[theme]["textColor"])) >= 4.5
    for colour in ("textColor", "linkColor"):
        faded = 0.6 * channels(THEME[theme][colour]) + 0.4 * channels(pages(theme)[0])  # in captions
        assert contrast(faded, pages(theme)[0]) >= 4.5


@pytest.mark.parametrize("theme", PALETTES)
def test_both_ends_of_the_scale_stand_out_from_the_page_and_from_land_without_data(theme):
    scale = sample_colorscale(list(SCALES[theme]), np.linspace(0, 1, 101).tolist(), colortype="tuple")
    for colour in scale:
        assert contrast(colour, pages(theme)[0]) >= 3 and contrast(colour, PALETTES[theme]["land"]) >= 2.95
    steps = [contrast(colour, pages(theme)[0]) for colour in scale]
    assert steps == sorted(steps)  # more is always further from the page


@pytest.mark.parametrize("theme", PALETTES)
def test_the_theme_file_has_the_colours_of_every_place(theme):
    lists = colours.theme_lists(PALETTES[theme], SCALES[theme])
    assert {name: THEME[theme][name] for name in lists} == lists and {len(part) for part in lists.values()} == {10}
    shown = {f"#{1 + at:06d}": colour for at, colour in enumerate(lists["chartCategoricalColors"])}
    shown |= {f"#{21 + at:06d}": colour for at, colour in enumerate(lists["chartDivergingColors"])}
    assert {name: shown[place] for name, place in PLACE.items()} == PALETTES[theme]
    assert [place for _, place in SEQUENCE] == [f"#{11 + at:06d}" for at in range(10)]


@pytest.mark.parametrize("palette", PALETTES.values())
def test_no_two_colours_are_the_same_and_both_themes_name_the_same(palette):
    assert len(set(palette.values())) == len(palette) and list(palette) == list(LIGHT)
    assert len(set(LINES)) == len(LINES) and len(set(METHOD.values())) == len(METHOD)


@pytest.mark.parametrize("path", DRAWING, ids=lambda path: path.name)
def test_a_chart_names_colours_by_their_place_and_never_fades_one(path):
    text = path.read_text()
    ring = ('"#000000"', '"#FFFFFF"')  # of the triangle: both together show on every colour
    found = [c for c in re.findall(r'"#[0-9A-Fa-f]{6}"', text) if c not in ring]
    assert found == [] and "Cividis" not in text and set(re.findall(r'opacity"?[:=] ?([\d.]+)', text)) <= {"1"}


def colours_in(value):
    if isinstance(value, dict):
        for part in value.values():
            yield from colours_in(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from colours_in(part)
    elif isinstance(value, str) and re.fullmatch("#[0-9A-Fa-f]{6,8}", value):
        yield value


@pytest.fixture(scope="module")
def result(demo_run):
    return runs.read(demo_run)


def test_figures_of_a_report_have_the_light_colours_and_no_places(result):
    drawn = [part.figure for part in parts_of(result)]
    assert len(drawn) > 10
    for figure in drawn:
        found = {c[:7].upper() for c in colours_in(figure.to_plotly_json()["data"])}
        assert not {c for c in found if c.startswith("#0000") and c != "#000000"}
        known = {*LIGHT.values(), *(c for scale in (colours.MORE, colours.AROUND_ZERO) for _, c in scale)}
        assert found - known - {colours.INK} == set()
        assert figure.layout.xaxis.tickfont.color == LIGHT["text"] and figure.layout.font.color == LIGHT["text"]


def test_a_figure_on_paper_keeps_its_numbers_and_its_words(result):
    before = go.Figure({"data": [{"y": np.arange(3.0), "name": "a country called #000001"}]})
    after = json.loads(on_paper(before).to_json())["data"]
    assert after == json.loads(before.to_json())["data"]
    assert ON_PAPER[PLACE["blue"]] == LIGHT["blue"]
    faded = on_paper(finish(go.Figure([{"type": "scatter", "fillcolor": PLACE["blue"] + "1F"}]), False))
    assert faded.data[0].fillcolor == LIGHT["blue"] + "1F" and faded.layout.font.color == ON_PAPER[TEXT]


def test_the_words_of_a_report_are_readable(result):
    whole = report(result, "run")["report.html"]
    said = dict(re.findall(r"--(\w+): (#\w{6})", whole))
    for page in ("#FFFFFF", said["tint"]):
        assert contrast(said["ink"], page) >= 4.5 and contrast(said["quiet"], page) >= 4.5
        assert contrast("#0550ae", page) >= 4.5
    assert "#000001" not in whole.split("<h2>Results</h2>")[1].replace("plotly.js", "")


def test_the_words_of_a_primary_button_are_readable_in_both_themes():
    assert contrast("#FFFFFF", THEME["light"]["primaryColor"]) >= 4.5
    assert contrast(ON_LIGHT, THEME["dark"]["primaryColor"]) >= 4.5 and ON_LIGHT in LOOK
