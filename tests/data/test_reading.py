"""A file is read whole or its every fault is told with the row an editor shows, and the file it is in."""

import csv
import json
import tracemalloc
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from scpo.data import text_files
from scpo.data.checks import check_numbers, check_texts
from scpo.data.faults import Faults
from scpo.data.reading import first_rows, read_table, read_tables
from scpo.errors import ConfigError, DataFaults

from fakes import tried


def read(*paths):
    """The tables of some files, and their faults as texts."""
    faults = Faults(*paths)
    tables = [read_table(str(path), faults) for path in paths]
    try:
        faults.raise_any()
    except DataFaults as error:
        return tables, [str(fault) for fault in error.faults]
    return tables, []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"prompt,chosen\nb,c\nx\xff,a\n\xfe,c\n", "row 3: byte 0xff at column 2 is not UTF-8"),
        (b"prompt,chosen\nb\x00,c\nb\x00,c\n", "row 2: a NUL character, and 1 more"),
    ],
)
def test_characters_that_cannot_be_read_are_one_fault_with_the_way_out(tmp_path, content, told):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert read(path)[1] == [f"{told}; needed: UTF-8 text: save the file as UTF-8 and load it again"]


def test_a_row_with_another_number_of_fields_is_told_in_the_singular_too(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("prompt,chosen\na,b\nonly one field\n")
    assert read(path)[1] == ["row 3: 1 field; needed: 2 fields, as in the header"]


def test_texts_are_kept_to_the_letter(tmp_path):
    texts = ["  two spaces ", 'a "quote", a comma', "line\r\nbreak\n", "emoji 😀", "עברית", "=1+1", "\ufeffmark"]
    frame = pd.DataFrame({"text": texts})
    frame.to_csv(tmp_path / "a.csv", index=False, lineterminator="\n")
    frame.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"text": t}) for t in texts))
    for name in ("a.csv", "a.parquet", "a.jsonl"):
        (table,), told = read(tmp_path / name)
        assert table["text"].tolist() == texts and told == [], name


def test_half_a_surrogate_pair_is_a_fault_and_a_whole_one_is_a_letter(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "\\ud83d\\ude00"}\n{"text": "\\ud83d"}\n{"\\udc00": 1}\n')
    (table,), told = read(path)
    assert table["text"].tolist() == ["😀"]
    assert [t.split(";")[0] for t in told] == ["row 2: half of a surrogate pair", "row 3: half of a surrogate pair"]


def test_with_several_files_each_fault_names_its_own_in_order(tmp_path):
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    first.write_text('{"a": 1}\n{broken\n')
    second.write_text('[]\n{"a": 1}\n')
    told = read(first, second)[1]
    assert ["first.jsonl" in told[0], "second.jsonl" in told[1]] == [True, True]
    assert told[0].startswith("row 2") and told[1].startswith("row 1")


def test_checks_of_columns_name_row_and_file(tmp_path):
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path in paths:
        path.write_text('{"text": "x", "score": 1}\n\n{"text": " ", "score": true}\n')
    faults = Faults(*paths)
    table = pd.concat([read_table(str(path), faults) for path in paths])
    check_texts(table["text"], faults)
    check_numbers(table["score"], faults)
    with pytest.raises(DataFaults) as caught:
        faults.raise_any()
    assert [(f.row, f.got) for f in caught.value.faults] == [
        (3, "text is empty (a.jsonl)"),
        (3, "score is True (a.jsonl)"),
        (3, "text is empty (b.jsonl)"),
        (3, "score is True (b.jsonl)"),
    ]


@pytest.mark.parametrize(
    "value", ["nan", "inf", "-inf", "", "1,5", "high", None, True, float("nan"), 10**400, 1e39, [1], {}]
)
def test_what_is_no_finite_number_is_a_fault(value):
    faults = Faults("a")
    numbers = check_numbers(pd.Series([1, value, "2.5", 2**70], index=[1, 2, 3, 4], dtype=object, name="score"), faults)
    assert faults and numbers.tolist()[::2] == [1, 2.5] and np.isnan(numbers[1]) and numbers[3] == 2.0**70


@pytest.mark.parametrize("value", ["abc", "", "-1", "0", "1.5", "٣"])
def test_a_limit_that_is_no_number_is_refused_with_what_is_needed(tmp_path, monkeypatch, value):
    (tmp_path / "a.jsonl").write_text('{"a": 1}')
    monkeypatch.setenv("SCPO_MAX_FILE_MB", value)
    with pytest.raises(ConfigError, match="whole number of megabytes"):
        read(tmp_path / "a.jsonl")


def test_parquet_that_unpacks_past_the_limit_is_refused_unread(tmp_path, monkeypatch):
    """Two million equal numbers are a few hundred bytes on disk and 16 MB in memory."""
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"score": np.zeros(2_000_000)}), path)
    monkeypatch.setenv("SCPO_MAX_FILE_MB", "1")
    assert path.stat().st_size < 20_000
    tracemalloc.start()
    (table,), told = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table.empty and "unpacks to 15 MB; needed: at most 4 MB (SCPO_MAX_FILE_MB" in told[0] and peak < 1 << 20


def test_one_long_text_repeated_in_parquet_is_kept_once(tmp_path):
    """A million letters, 3,000 rows: 3 GB if each row had its own."""
    one = pa.DictionaryArray.from_arrays(pa.array(np.zeros(3000, np.int32)), pa.array(["x" * 1_000_000]))
    pq.write_table(pa.table({"text": one}), tmp_path / "a.parquet", store_schema=False)
    (table,), told = read(tmp_path / "a.parquet")
    assert told == [] and len(table) == 3000 and table["text"].iloc[0] is table["text"].iloc[2999]


def test_parquet_keeps_the_columns_of_a_saved_index(tmp_path):
    pd.DataFrame({"user": ["u"], "text": ["t"]}).set_index("user").to_parquet(tmp_path / "a.parquet")
    (table,), _ = read(tmp_path / "a.parquet")
    assert set(table.columns) == {"user", "text"}


def test_whole_numbers_of_parquet_stay_whole_where_a_row_has_none(tmp_path):
    ids = [2**53, 2**53 + 1, None]  # as floats the first two are one
    rows = [{"user": one, "who": {"id": one}, "turns": [{"id": one}]} for one in ids]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (table,), told = read(tmp_path / "a.parquet")
    assert told == [] and table["user"].tolist() == ids
    assert [who["id"] for who in table["who"]] == [turns[0]["id"] for turns in table["turns"]] == ids


def test_parquet_with_a_column_twice_is_a_fault(tmp_path):
    pq.write_table(pa.table([["p"], ["x"]], names=["prompt", "prompt"]), tmp_path / "a.parquet")
    assert "two columns named prompt" in read(tmp_path / "a.parquet")[1][0]


def test_parquet_texts_that_are_not_utf8_are_a_fault(tmp_path):
    broken = pa.array([b"\xff\xfe"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": broken}), tmp_path / "a.parquet")
    assert len(read(tmp_path / "a.parquet")[1]) == 1


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@tried(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(texts.filter(str.strip), texts), min_size=1, max_size=5))
def test_any_texts_come_back_to_the_letter_from_every_kind_of_file(tmp_path, rows):
    frame = pd.DataFrame(rows, columns=["first", "second"], dtype=object)
    with open(tmp_path / "a.csv", "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, quoting=csv.QUOTE_ALL)
        out.writerows([frame.columns, *rows])
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in frame.to_dict("records")))
    frame.to_parquet(tmp_path / "a.parquet")
    for name in ("a.csv", "a.jsonl", "a.parquet"):
        (table,), told = read(tmp_path / name)
        assert told == [] and table[["first", "second"]].to_numpy().tolist() == [list(row) for row in rows], name


def test_a_line_of_a_megabyte_is_a_text_like_any_other(tmp_path):
    long = "wörd " * 200_000
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": long}, ensure_ascii=False))
    (tmp_path / "a.csv").write_text(f'text\n"{long}"\n')
    for name in ("a.csv", "a.jsonl"):
        (table,), told = read(tmp_path / name)
        assert told == [] and table["text"].tolist() == [long], name


def test_a_damaged_parquet_file_is_a_fault_and_does_not_end_the_process():
    """Found by tests/tools/fuzz.py: asked for a column's metadata in damaged.parquet, pyarrow 26 ends the process."""
    assert "is not parquet" in read(Path(__file__).with_name("damaged.parquet"))[1][0]


@pytest.mark.parametrize("path", ["~nobody-of-this-name/a.csv", "x" * 5000 + ".csv", "a\0.csv", "\ud800.csv"])
def test_a_path_that_no_file_system_takes_is_a_fault(path):
    assert "does not exist" in read(path)[1][0]


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", lambda t: t.replace("|", ";")),
        ("a.csv", lambda t: t.replace("|", "\t")),
        ("a.tsv", lambda t: t.replace("|", "\t")),
        ("a.csv", lambda t: t),
    ],
)
def test_a_table_separated_by_something_else_than_commas_is_read(tmp_path, name, write):
    (tmp_path / name).write_text(write('prompt|chosen\n"a, b"|c, d\n'))
    (table,), told = read(tmp_path / name)
    assert told == [] and table.to_dict("records") == [{"prompt": "a, b", "chosen": "c, d"}]


def test_a_comma_in_a_quoted_name_of_a_column_separates_nothing(tmp_path):
    (tmp_path / "a.csv").write_text('"prompt, in full";chosen\nx;y\n')
    assert list(read(tmp_path / "a.csv")[0][0].columns) == ["prompt, in full", "chosen"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_with_its_mark_is_read_as_excel_saves_it(tmp_path, encoding):
    mark = "" if encoding == "utf-16" else "\ufeff"
    (tmp_path / "a.csv").write_bytes(f"{mark}text\tb\nżółć 😀\tx\n".encode(encoding))
    assert read(tmp_path / "a.csv")[0][0]["text"].tolist() == ["żółć 😀"]


PACKED = {
    ".gz": lambda b: __import__("gzip").compress(b),
    ".bz2": lambda b: __import__("bz2").compress(b),
    ".xz": lambda b: __import__("lzma").compress(b),
    ".zst": lambda b: pa.compress(b, codec="zstd", asbytes=True),
}


@pytest.mark.parametrize("packer", PACKED)
def test_packed_texts_are_read_and_damaged_or_huge_ones_refused(tmp_path, packer, monkeypatch):
    path = tmp_path / f"a.csv{packer}"
    path.write_bytes(PACKED[packer](b"text\nx\n"))
    assert read(path)[0][0]["text"].tolist() == ["x"]
    path.write_bytes(PACKED[packer](b"text\n" + b"x" * (5 << 20)))
    monkeypatch.setenv("SCPO_MAX_FILE_MB", "1")
    assert "unpacks to more than 4 MB" in read(path)[1][0]
    path.write_bytes(b"no such thing")
    assert "cannot be unpacked" in read(path)[1][0]


ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=1),
        json.dumps({"data": ROWS}),
        "\n".join(map(json.dumps, ROWS)),
        pd.DataFrame(ROWS).to_json(),
    ],
)
def test_json_lists_and_json_lines_under_the_name_json_are_read(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    (table,), told = read(tmp_path / "a.json")
    assert told == [] and table.to_dict("records") == ROWS


def test_what_is_no_object_in_a_json_list_is_told_by_its_number(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([ROWS[0], 7, {"a": "\ud800"}]))
    assert [t.split(";")[0] for t in read(tmp_path / "a.json")[1]] == [
        "row 2: a json int",
        "row 3: half of a surrogate pair",
    ]


def test_a_folder_is_read_as_its_parts_and_faults_name_them(tmp_path):
    (tmp_path / "part-1.csv").write_text("a\n1\n")
    (tmp_path / "part-0.jsonl").write_text('{"a": 0}\n{broken\n')
    (tmp_path / "README.md").write_text("not a part")
    faults = Faults(str(tmp_path))
    tables = read_tables([str(tmp_path)], faults)
    assert [str(v) for table in tables for v in table["a"]] == ["0", "1"]
    with pytest.raises(DataFaults, match=r"row 2: not json: .*\(part-0.jsonl\)"):
        faults.raise_any()


@pytest.mark.parametrize(
    ("name", "way"),
    [("a.xlsx", "save the sheet as csv"), ("a.zip", "unpack it"), ("a.parquet.gz", "a file name ending in csv")],
)
def test_a_kind_that_is_not_read_is_one_line_with_the_way_out(tmp_path, name, way):
    (tmp_path / name).write_bytes(b"x")
    (told,) = read(tmp_path / name)[1]
    assert way in told


def test_a_folder_without_a_file_of_a_known_kind_is_told(tmp_path):
    faults = Faults(str(tmp_path))
    (table,) = read_tables([str(tmp_path)], faults)
    assert table.empty and faults


def test_a_row_is_of_one_file_where_two_have_the_same_name(tmp_path):
    paths = [tmp_path / part / "a.jsonl" for part in ("one", "two")]
    for path in paths:
        path.parent.mkdir()
        path.write_text('{"text": "x"}\n{"text": "y"}\n{"text": "z"}\n')
    faults = Faults(*map(str, paths), strict=False)
    table = pd.concat(read_tables(map(str, [*paths, paths[0]]), faults))
    faults.at([("two/a.jsonl", 2)], "empty", "a text", "rows with an empty text")
    assert faults.kept(table)["text"].tolist() == ["x", "y", "z", "x", "z", "x", "y", "z"]


SHEET = """<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1" t="inlineStr"><is><t>text</t></is></c><c r="B1" t="inlineStr"><is><t>score</t></is></c></row>
<row r="2"><c r="A2" t="inlineStr"><is><t>tea</t></is></c><c r="B2"><v>3</v></c></row></sheetData></worksheet>"""


def workbook(path):
    """A workbook of one sheet, made by hand: no package of the tests writes one."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="one" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": SHEET,
    }
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)


def test_a_workbook_is_read_by_its_first_sheet(tmp_path):
    workbook(tmp_path / "a.xlsx")
    (table,), told = read(tmp_path / "a.xlsx")
    assert told == [] and table.to_dict("list") == {"text": ["tea"], "score": ["3"]} and table.index[0][1] == 2


def test_a_json_list_is_searched_once_however_many_rows_it_has(tmp_path, monkeypatch):
    searched = []
    monkeypatch.setattr(text_files, "SURROGATE", SimpleNamespace(search=lambda text: searched.append(len(text))))
    (tmp_path / "a.json").write_text(json.dumps([{"text": "tea"}] * 50))
    (table,), told = read(tmp_path / "a.json")
    assert len(table) == 50 and told == [] and len(searched) == 1


def test_of_a_json_list_above_the_limit_no_first_rows_are_read(tmp_path, monkeypatch):
    (tmp_path / "a.json").write_text(json.dumps([{"text": "x" * 2000}] * 1000))
    assert len(first_rows(str(tmp_path / "a.json"), 5)) == 5
    monkeypatch.setenv("SCPO_MAX_FILE_MB", "1")
    assert first_rows(str(tmp_path / "a.json"), 5).empty


def test_a_zip_that_is_no_workbook_is_a_fault(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as packed:
        packed.writestr("readme.txt", "no sheet")
    (table,), told = read(tmp_path / "a.xlsx")
    assert not len(table) and "save the sheet as csv" in told[0]


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "csv.zst", "tsv", "jsonl", "json", "parquet"])
def test_the_first_rows_are_those_of_the_whole_file(tmp_path, kind):
    frame = pd.DataFrame({"text": [f"line\n{n} " + "x" * 300 for n in range(9000)], "number": range(9000)})
    path = tmp_path / f"a.{kind}"
    if kind == "csv.zst":
        with pa.output_stream(str(path), compression="zstd") as file:
            file.write(frame.to_csv(index=False).encode())
    elif kind.startswith(("csv", "tsv")):
        frame.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    elif kind == "parquet":
        frame.to_parquet(path, row_group_size=500)
    else:
        frame.to_json(path, orient="records", lines=kind == "jsonl")
    first = first_rows(str(path), 50)
    assert first["text"].tolist() == frame["text"].tolist()[:50] and len(first) == 50
    assert first["number"].astype(int).tolist() == list(range(50))


def test_the_first_rows_of_a_folder_are_those_of_its_first_part_and_of_nothing_none(tmp_path):
    (tmp_path / "part-1.csv").write_text("a\n1\n")
    (tmp_path / "part-0.jsonl").write_text('{broken\n{"a": 0}\n')
    assert first_rows(str(tmp_path))["a"].tolist() == [0] and first_rows(str(tmp_path / "gone.csv")).empty
