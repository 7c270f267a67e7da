"""How far a colour stands out from another, and the theme file that says what the pages look like."""

import tomllib
from pathlib import Path

import numpy as np

THEME = tomllib.loads((Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text())["theme"]


def channels(colour):
    """'#0072B2' or what plotly gives for a point of a scale, as three numbers from 0 to 1."""
    if isinstance(colour, str):
        return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.array(colour)


def contrast(one, other):
    """WCAG 2: (L1 + 0.05) / (L2 + 0.05) of the relative luminances, the lighter one first."""
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in map(channels, (one, other))]
    light = sorted(float(c @ [0.2126, 0.7152, 0.0722]) for c in linear)
    return (light[1] + 0.05) / (light[0] + 0.05)
