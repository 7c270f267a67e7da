"""Colours that colour-blind readers can tell apart (Okabe and Ito), the same everywhere.

https://jfly.uni-koeln.de/color/
"""

METHOD = {
    "global": "#7F8A96", "full": "#0072B2", "scpo": "#D55E00", "weight": "#E69F00", "filter": "#CC79A7",
    "shared": "#332288", "inverse": "#8C6D31", "pooled": "#009E73", "scratch": "#56B4E9", "longer": "#9E9E9E",
    "random": "#BDBDBD",
}  # fmt: skip
SYMBOL = {
    "global": "circle-open", "full": "square", "scpo": "circle", "weight": "triangle-up", "filter": "diamond",
    "shared": "star", "inverse": "triangle-down", "pooled": "pentagon", "scratch": "cross", "longer": "x-thin-open",
    "random": "asterisk-open",
}  # fmt: skip
SEQUENCE = "Cividis"
KEPT, DROPPED = "#0072B2", "#7F8A96"
