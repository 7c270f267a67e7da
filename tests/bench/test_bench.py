"""The bench prints every row beside its goal; its slow twins do the same work; what it fits and predicts is right."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from scpo.bench import busy, memory, row
from scpo.bench.inputs import prism_files, scored_table
from scpo.bench.library import RandomPairs
from scpo.bench.reference import pairs_by_loop, vectors_by_interaction
from scpo.bench.scaling import curve, exponent
from scpo.bench.whole_runs import worst_prediction
from scpo.cli.bench import bench
from scpo.config import DataConfig
from scpo.data import load
from scpo.data.pairing import pairs_within_groups
from scpo.errors import ConfigError
from scpo.training.encoders import load_encoder

TINY = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


def test_rows_are_written_with_the_machine(tmp_path, capsys):
    bench(only=("pairs",), json_file=str(tmp_path / "bench.json"))
    written = json.loads((tmp_path / "bench.json").read_text())
    assert set(written) == {"machine", "rows"} and written["machine"]["gflops_fp32"] > 0
    assert all(set(r) == {"name", "value", "unit", "goal", "reached"} for r in written["rows"])
    assert "100,000 pairs" in capsys.readouterr().out


def test_a_missed_goal_is_not_reached():
    assert row("a", 61, "s", 60, at_most=True)["reached"] is False
    assert row("a", 19, "times", 20, at_most=False)["reached"] is False
    assert row("a", 20, "times", 20, at_most=False)["reached"] is True


# fast and slow do the same


def test_pairs_in_whole_arrays_are_those_of_a_loop_in_pandas():
    table = scored_table(15, 30)
    chosen, rejected = pairs_within_groups(table["group"].to_numpy(), table["score"].to_numpy())
    looped = pairs_by_loop(table)
    assert sorted(zip(chosen.tolist(), rejected.tolist(), strict=True)) == sorted(looped) and len(looped) > 100


def test_heads_trained_together_are_those_trained_one_at_a_time():
    work = RandomPairs(3, width=24)
    together, alone = work.together(40), work.one_at_a_time(40, 3)
    assert torch.allclose(together, alone, atol=1e-5) and together.abs().min() > 0


def test_vectors_in_length_order_are_those_of_one_interaction_per_batch(tiny_encoder):
    texts = ["yes no maybe", "we", "good bad kind direct polite long", "thanks you", "short warm cold home away yes"]
    encoder = load_encoder(str(tiny_encoder), "fp32")
    tokenizer, model = AutoTokenizer.from_pretrained(tiny_encoder), AutoModel.from_pretrained(tiny_encoder).eval()
    slow = vectors_by_interaction(model, tokenizer, texts)
    assert encoder.encode(texts) == pytest.approx(slow, abs=1e-5) and slow.shape == (5, 16)


def test_steps_of_fine_tuning_lose_what_the_authors_way_loses():
    from scpo.bench.finetune import bench_steps

    faster, apart = bench_steps(pairs=4, batch=2, **TINY)
    assert apart["reached"] and faster["value"] > 0


def test_filter_and_weight_by_a_whole_model_are_those_of_one_pair_at_a_time():
    from scpo.bench.finetune import bench_scoring

    _, apart = bench_scoring(pairs=12, **TINY)
    assert apart["reached"]


# growth


def test_an_exponent_is_the_slope_on_log_axes():
    sizes = [1, 10, 100, 1000]
    assert exponent(sizes, [7 * n for n in sizes]) == pytest.approx(1)
    assert exponent(sizes, [3 * n**2 for n in sizes]) == pytest.approx(2)


def test_memory_is_that_of_the_work_at_its_height():
    taken = memory(lambda: [np.ones(1 << 24).sum() for _ in range(3)])  # 128 MiB, three times one after another
    assert 0.9 < taken / (1 << 27) < 1.2


def test_a_curve_has_an_exponent_of_time_and_one_of_memory():
    rows = list(curve("numbers", (1 << 20, 1 << 22, 1 << 24), lambda n: lambda: np.ones(n).sum()))
    assert [r["goal"] for r in rows] == ["<= 1.1", "<= 1.1"] and "numbers, 1,048,576 to 16,777,216" in rows[0]["name"]
    top = float(re.search(r"\(to (\d+) MB\)", rows[1]["name"])[1])
    assert rows[1]["value"] == pytest.approx(1, abs=0.15) and top == pytest.approx((1 << 27) / 1e6, abs=5)


# PRISM's size


def test_files_of_prisms_shape_are_read_by_its_loader(tmp_path):
    files = prism_files(tmp_path, users=120, fours=150, twos=150, ones=10)
    data = load(DataConfig("prism", tuple(files), countries=("United Kingdom",)))
    assert len(data.texts) == 910 and 1000 < len(data.pairs) <= 1050 and data.card.reference == ("United States",)
    assert data.pairs["country"].nunique() > 20 and {"age", "religion"} <= set(data.units)


def test_a_prediction_is_off_by_what_it_says_of_the_whole():
    """A run of 100 s. At 5 s it is too early to count; at 50 s it says 70 s more: 120 s, 20 % too many."""
    entries = [
        {"time": 0.0, "seconds_left": 5.0},
        {"time": 5.0, "seconds_left": 900.0},
        {"time": 50.0, "seconds_left": 70.0},
        {"time": 90.0, "seconds_left": 5.0},
        {"time": 100.0},
    ]
    assert worst_prediction(entries) == pytest.approx(0.2)


# beside busy processes


@pytest.fixture
def two_builds(tmp_path, monkeypatch):
    """Two builds in the place of the app's, that of the second taking longer."""
    for name, seconds in (("ours", 0), ("other", 0.4)):
        (tmp_path / name / "scpo").mkdir(parents=True)
        (tmp_path / name / "scpo" / "__main__.py").touch()
        run = f"import os, time\ndef main(arguments):\n    time.sleep({seconds})\n    os.makedirs(arguments[-1])\n"
        (tmp_path / name / "scpo" / "cli.py").write_text(run)
    monkeypatch.setattr(busy, "ROOT", tmp_path / "ours")
    return str(tmp_path / "other")


def test_a_work_is_told_against_its_own_idle_time_and_the_other_build(two_builds):
    work = busy.Work("warm", "a run", busy.COMMAND, ("run",), True, {0: 0.65})
    rows = list(busy.bench_busy(work, two_builds, beside=(0, 1)))
    assert [(row["goal"], "of idle" in row["name"]) for row in rows] == [
        ("<= 0.65", False),
        ("<= 1.8", True),
        ("<= 1", False),
        ("<= 0.75", False),
    ]
    assert rows[0]["reached"] and rows[0]["name"].startswith("a run, beside 0: 0.") and "MiB" in rows[3]["name"]


def test_a_folder_without_the_app_is_no_build(tmp_path):
    with pytest.raises(ConfigError, match="with the app's source"):
        next(busy.bench_busy(busy.works()[0], str(tmp_path)))


def test_busy_processes_end_whatever_ends_the_work_and_with_whoever_started_them():
    with pytest.raises(KeyboardInterrupt), busy.busy(2) as spinning:
        assert [process.poll() for process in spinning] == [None, None]
        raise KeyboardInterrupt
    assert all(process.poll() is not None for process in spinning)
    orphan = subprocess.run([sys.executable, "-c", busy.SPIN, str(os.getppid())], timeout=300)
    assert orphan.returncode == 0, "one whose parent is another by now goes on"
