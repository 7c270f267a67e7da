"""What came of altered groups, beside a run: read back as written, refused when it is something else."""

import json

import pytest

from scpo.errors import RunFolderError
from scpo.runs.falsifiers import COLUMNS, FILE, read_falsifiers, write_falsifiers

from fakes import falsified


def test_rows_are_read_back_and_none_is_no_row(tmp_path):
    assert list(read_falsifiers(tmp_path).columns) == COLUMNS and not len(read_falsifiers(tmp_path))
    table = falsified(
        ("shuffled", 0, "full", "others", 0.01, 0.5), ("flipped", 0, "full", "before", -0.2, float("nan"))
    )
    write_falsifiers(tmp_path, table)
    read = read_falsifiers(tmp_path)
    assert read["difference"].tolist() == [0.01, -0.2] and read["p"].isna().tolist() == [False, True]


@pytest.mark.parametrize("content", [{}, [1], [{"kind": "shuffled"}], [dict.fromkeys(COLUMNS, "x")]])
def test_another_file_is_refused_with_what_to_do(tmp_path, content):
    (tmp_path / FILE).write_text(json.dumps(content))
    with pytest.raises(RunFolderError, match="Delete the file"):
        read_falsifiers(tmp_path)
