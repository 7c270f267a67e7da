"""A run's results as text: every number stands under the name of its method."""

import dataclasses

from scpo import runs
from scpo.cli.result_table import result_table


def test_a_long_name_of_a_method_has_a_column_of_its_own_width(demo_run):
    result = runs.read(demo_run)
    accuracy = result.tables["accuracy"].replace({"method": {"weight": "interpolated"}})
    lines = result_table(dataclasses.replace(result, tables=result.tables | {"accuracy": accuracy})).splitlines()
    head = next(line for line in lines if line.startswith("country"))
    mean = lines[lines.index(head) + 1]
    assert "  interpolated" in head and len(mean) == len(head)
    row = accuracy[(accuracy["country"] == "mean") & (accuracy["subset"] == "full")].set_index("method")
    end = head.index("interpolated") + len("interpolated")
    assert mean[:end].split()[-1] == f"{100 * row.loc['interpolated', 'accuracy']:.1f}"
    gains = [line for line in lines if line.startswith(("interpolated", "global"))]
    assert len({len(line) for line in gains}) == 1
