"""Colours that colour-blind readers can tell apart (after Okabe and Ito), the same everywhere, one palette per theme.

https://jfly.uni-koeln.de/color/

A chart names a colour by its place, "#000001" for the first, and the browser puts the colour of the theme in force
there: Streamlit replaces these very values in every figure by the lists `chart...Colors` of `.streamlit/config.toml`
(see `scpo.ui.theme`). `scpo.charts.style.on_paper` does the same for a figure outside the app, which is on white.

Each mark has a contrast of 3 : 1 and each text of 4.5 : 1 on both backgrounds of its theme's pages.
"""

from scpo.methods import METHODS

LIGHT = {
    "blue": "#0072B2",
    "vermilion": "#C65600",
    "orange": "#A87200",
    "purple": "#B8578F",
    "indigo": "#332288",
    "brown": "#6F5318",
    "green": "#00875F",
    "sky": "#2787BF",
    "grey": "#66717D",
    "ash": "#7D7D7D",
    "stone": "#8D8D8D",
    "text": "#1F2933",
    "land": "#EAEDF0",
    "teal": "#0B7A75",
    "rose": "#A63D57",
    "olive": "#66701C",
    "lime": "#3F7A1A",
    "violet": "#7B3FB5",
    "crimson": "#B00040",
}
DARK = {
    "blue": "#3F9BDC",
    "vermilion": "#F0762E",
    "orange": "#E6A91E",
    "purple": "#DB8ABD",
    "indigo": "#9F92F2",
    "brown": "#BF9B5F",
    "green": "#23B98A",
    "sky": "#8FD0FA",
    "grey": "#8B96A3",
    "ash": "#A8A8A8",
    "stone": "#CFCFCF",
    "text": "#D5DBE2",
    "land": "#262D35",
    "teal": "#4FC4BE",
    "rose": "#E5899F",
    "olive": "#B4BE58",
    "lime": "#8FCB4F",
    "violet": "#C79BFF",
    "crimson": "#FF7A93",
}
SCALES = {  # from few to many, seen on the page and on the land of a map
    "light": (
        "#54967A",
        "#448B81",
        "#338087",
        "#23758E",
        "#2B678D",
        "#32588D",
        "#3A4A8C",
        "#353574",
        "#2F205D",
        "#2A0B45",
    ),
    "dark": (
        "#577C9F",
        "#638BA5",
        "#7099AA",
        "#7FA7AE",
        "#90B4B0",
        "#A3C1B2",
        "#B7CDB4",
        "#CCD9B7",
        "#E3E5BB",
        "#FDF3C0",
    ),
}
LISTS = {"chartCategoricalColors": slice(0, 10), "chartDivergingColors": slice(10, 20)}  # ten each, the last repeated
PLACE = {name: f"#{at + 1 + 10 * (at >= 10):06d}" for at, name in enumerate(LIGHT)}
SEQUENCE: list[tuple[float, str]] = [(at / 9, f"#{at + 11:06d}") for at in range(10)]
PAGE = "#000038"  # the page itself
ON_PAPER: dict[str, str] = {
    **{PLACE[name]: colour for name, colour in LIGHT.items()},
    **{place: colour for (_, place), colour in zip(SEQUENCE, SCALES["light"], strict=True)},
    PAGE: "#FFFFFF",
}


def theme_lists(palette: dict[str, str], scale: tuple[str, ...]) -> dict[str, list[str]]:
    """What `.streamlit/config.toml` says of one theme, so that every place above has its colour."""
    colours = list(palette.values())
    found = {name: (colours[part] + colours[-1:] * 10)[:10] for name, part in LISTS.items()}
    return found | {"chartSequentialColors": list(scale)}


METHOD = {name: PLACE[row.colour] for name, row in METHODS.items()}
SYMBOL = {name: row.mark for name, row in METHODS.items()}
KEPT, DROPPED = PLACE["blue"], PLACE["grey"]
TEXT, LAND, QUIET = PLACE["text"], PLACE["land"], PLACE["grey"]  # quiet: rules and helping lines
INK = "#000000"  # numbers in the cells of a heat map
# Colours of cells with a number in them: light enough that INK stands out on each by at least 6 : 1.
MORE = [[0.0, "#FBFDFF"], [0.35, "#C6DBEF"], [0.7, "#7FB8DC"], [1.0, "#4A9BCB"]]
AROUND_ZERO = [[0.0, "#F0975A"], [0.5, "#F7F7F7"], [1.0, "#6BAED6"]]  # worse, the same, better
