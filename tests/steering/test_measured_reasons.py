"""The kept figures of the study of reasons are those that the documentation tells."""

from pathlib import Path

import pytest

from scpo.format import brackets, fixed
from scpo.steering.measured_reasons import measured, measured_reasons

DOCS = Path(__file__).parents[2] / "docs" / "why.md"


@pytest.mark.parametrize("method", ["full", "scpo", "shared"])
@pytest.mark.parametrize("way", ["shares", "words"])
def test_the_documentation_has_the_kept_figures(method, way):
    found = measured(method, way)
    told = [f"{fixed(100 * m.value)} {brackets(m.low, m.high, lambda v: fixed(100 * v))}" for m in found.values()]
    assert f"| {way} | {' | '.join(told)} |" in DOCS.read_text()


def test_what_was_not_measured_is_not_told():
    assert measured("filter") is None and measured("scpo", "guesses") is None


def test_chance_is_what_pointing_at_random_gives():
    found = measured("scpo")
    assert found["sign"].chance == found["auc"].chance == 0.5 and 0.3 < found["precision"].chance < 0.45
    assert (measured_reasons()["low"] <= measured_reasons()["high"]).all()
