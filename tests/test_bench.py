"""The bench prints every row beside its goal, and writes them with the machine's own rates."""

import json

from scpo.bench import bench, row


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
