"""A run's results as text: every number stands under the name of its method."""

import dataclasses

import pandas as pd

from scpo import runs
from scpo.cli.result_table import result_table, write_table


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


def test_a_table_of_simulated_data_says_so_in_every_row_of_its_file_and_guards_formulas(tmp_path):
    table = pd.DataFrame({"word": ["=1+1", "we"], "effect": [0.5, -0.5]})
    write_table(str(tmp_path / "a.csv"), table, simulated=True)
    read = pd.read_csv(tmp_path / "a.csv")
    assert list(read["note"]) == ["simulated data"] * 2 and list(read["word"]) == ["'=1+1", "we"]
    write_table(str(tmp_path / "b.csv"), table, simulated=False)
    assert "note" not in pd.read_csv(tmp_path / "b.csv")
    write_table(None, table, simulated=True)
    assert len(list(tmp_path.iterdir())) == 2
