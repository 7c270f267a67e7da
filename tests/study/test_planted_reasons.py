"""The study of reasons: its counts by hand, the planted phrases of the demo world, and a whole small run."""

import dataclasses

import numpy as np
import pytest

from scpo.cli import main
from scpo.config import DataConfig
from scpo.data.demo import load
from scpo.data.demo_answers import AXIS_NAMES, phrase_levels
from scpo.errors import ConfigError
from scpo.metrics.accuracy import MEAN
from scpo.steering.reasons import Shortened
from scpo.study import planted_reasons as study
from scpo.training.attention import sentence_attention
from scpo.training.encoders import load_encoder


def test_the_counts_of_one_answer_by_hand():
    """Planted are sentences 1 (+) and 3 (-). Pointed at are 3 (-2) and 2 (1.5): one hit of two. Of the comparisons of a
    reason with another sentence, 3 is above both and 1 (1.0) above the last (0): three of four. Both signs hold."""
    planted, scores = np.array([0.5, 0, -0.3, 0]), np.array([1.0, 1.5, -2.0, 0.0])
    assert study._counted([planted], [scores])[0].tolist() == [[1, 2], [3, 4], [2, 2]]
    assert study._counted([planted], None)[0].tolist() == [[1, 2], [2, 4], [1, 2]]


def test_an_answer_without_a_planted_reason_or_of_nothing_else_tells_nothing_apart():
    for planted in (np.zeros(3), np.ones(3), np.zeros(0)):
        assert not study._counted([planted], [np.ones(len(planted))]).any()


def test_the_three_largest_shifts_have_the_reasons():
    assert study._strongest(np.array([0.1, -2, 0.5, 0, 1.0])).tolist() == [False, True, True, False, True]


def test_planted_phrases_are_found_where_the_demo_world_planted_them():
    """The levels of an answer's sentences add up to the levels that it was put together from."""
    data = load(DataConfig("demo"))
    styles = [name for name in AXIS_NAMES if name not in ("length", "helpfulness")]
    for row in range(0, len(data.texts), 97):
        text = data.texts.iloc[row]
        found = phrase_levels(Shortened.of(text["response"]).sentences).sum(0)
        planted = text[[f"axis_{name}" for name in styles]].to_numpy(float)
        assert found[[AXIS_NAMES.index(name) for name in styles]].tolist() == planted.tolist()


def test_attention_is_shared_out_over_all_sentences(tiny_encoder):
    encoder = load_encoder(str(tiny_encoder), "fp32")
    whole, empty = sentence_attention(encoder, ["Good day. Fine.", ""], [["Good day. ", "Fine."], []])
    assert whole.shape == (2,) and whole.sum() == pytest.approx(1) and (whole > 0).all() and empty.shape == (0,)


def test_a_run_of_the_demo_is_studied_whole(demo_run, capsys, tmp_path):
    assert (
        main(["study", "why", str(demo_run), "--methods", "scpo", "--answers", "12", "--out", str(tmp_path / "t.csv")])
        == 0
    )
    shown = capsys.readouterr().out
    assert "SIMULATED" in shown and all(way in shown for way in ("shares", "words", "attention", "chance"))
    table = study.planted_reasons(demo_run, "scpo", 12)
    mean = table[table["country"] == MEAN].set_index(["way", "measure"])["value"]
    of_countries = table[table["country"] != MEAN].groupby(["way", "measure"])["value"].mean()
    assert mean.to_dict() == pytest.approx(of_countries.to_dict())
    assert mean["chance", "auc"] == 0.5 and ("attention", "sign") not in mean.index
    assert table["value"].between(0, 1).all()


def test_where_no_reason_is_planted_the_study_says_so(demo_run, monkeypatch):
    load_planted = study.sources.load
    monkeypatch.setattr(study.sources, "load", lambda config: dataclasses.replace(load_planted(config), truth=None))
    with pytest.raises(ConfigError, match="is no run of heads in the demo world"):
        study.planted_reasons(demo_run, "scpo", 5)
    assert main(["study", "why", str(demo_run), "--answers", "0"]) == 2
