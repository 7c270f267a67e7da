"""The world map shows every country: labels of one code summed, shapes whole, small countries as dots."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pycountry
import pytest

from scpo.charts.places import PLACES
from scpo.charts.world_map import world_map


def drawn(table):
    return world_map(table, "user")


WORLD = json.loads((Path(__file__).parents[2] / "static" / "world_110m.json").read_text())
SHAPES = [shape["id"] for shape in WORLD["objects"]["countries"]["geometries"]]


def counts(**pairs):
    """One row per name, `name=(code, pairs)`."""
    rows = [(name, code, n, 2) for name, (code, n) in pairs.items()]
    return pd.DataFrame(rows, columns=["country", "iso3", "pairs", "units"])


def ticks(*pairs):
    figure = drawn(counts(**{f"c{at}": (code, n) for at, (code, n) in enumerate(zip(SHAPES, pairs, strict=False))}))
    axis = figure.layout.coloraxis
    return list(axis.colorbar.ticktext), axis.cmin, axis.cmax


def test_labels_of_one_country_are_summed_with_the_parts_on_hover():
    shapes, _ = drawn(counts(Britain=("GBR", 709), Chile=("CHL", 5), Scotland=("GBR", 214))).data
    told = dict(zip(shapes.locations, shapes.text, strict=True))
    assert dict(zip(shapes.locations, np.round(10**shapes.z), strict=True)) == {"GBR": 923, "CHL": 5}
    assert "923 pairs under 2 names" in told["GBR"] and "Britain: 709 pairs" in told["GBR"]
    assert "Scotland: 214 pairs" in told["GBR"] and told["CHL"] == "Chile: 5 pairs, 2 users"


def test_every_country_of_the_standard_and_kosovo_has_a_shape_or_a_dot():
    known = {country.alpha_3 for country in pycountry.countries} | {"XKX"}
    assert known - set(SHAPES) - set(PLACES) == set()


def test_dots_stand_on_the_earth_and_near_their_shape():
    middle = {s["id"]: s["properties"]["ct"] for s in WORLD["objects"]["countries"]["geometries"]}
    for code, (latitude, longitude) in PLACES.items():
        assert -60 < latitude < 85 and -180 <= longitude <= 180
        if code in middle:
            assert abs(latitude - middle[code][1]) < 5 and abs(longitude - middle[code][0]) < 7, code


def test_small_states_are_dots_on_the_colours_of_the_map():
    shapes, dots = drawn(counts(Chile=("CHL", 10), Singapore=("SGP", 100), Malta=("MLT", 40))).data
    assert (dots.lat[1], dots.lon[1]) == PLACES["SGP"] and list(dots.marker.color) == [np.log10(40), 2]
    assert dots.marker.coloraxis == shapes.coloraxis == "coloraxis" and dots.marker.size >= 8
    assert dots.text[1] == "Singapore: 100 pairs, 2 users"


def test_no_country_has_two_shapes_of_which_only_one_is_painted():
    assert len(SHAPES) == len(set(SHAPES))
    parts = {s["id"]: len(s["arcs"]) for s in WORLD["objects"]["countries"]["geometries"]}
    assert parts["SSD"] == parts["PSE"] == 2


@pytest.mark.parametrize(
    ("pairs", "shown"),
    [
        ((40, 80), ["20", "50", "100"]),
        ((61, 72), ["50", "100"]),
        ((100, 200), ["100", "200"]),
        ((25, 1999), ["20", "50", "100", "200", "500", "1,000", "2,000"]),
        ((3, 1999), ["10", "100", "1,000"]),
        ((1, 50861), ["1", "10", "100", "1,000", "10,000", "100,000"]),
    ],
)
def test_the_colour_bar_has_numbers_wherever_the_counts_lie(pairs, shown):
    assert ticks(*pairs)[0] == shown


def test_equal_counts_have_the_strongest_colour_and_their_number():
    words, low, high = ticks(110, 110, 110)
    assert words == ["110"] and high == pytest.approx(np.log10(110)) and low < high


def test_a_name_on_the_map_stays_text():
    told = drawn(counts(**{"<b>Chile</b>": ("CHL", 3)})).data[0].text[0]
    assert "<b>" not in told and "&lt;b&gt;Chile" in told


def test_what_is_on_no_map_is_left_out_of_the_figure():
    shapes, dots = drawn(counts(Nowhere=(None, 7), Chile=("CHL", 0))).data
    assert len(shapes.locations) == len(dots.lat) == 0
