#!/usr/bin/env bash
# pyarrow 26.0.1, Table.to_pandas (pandas 3.1.1, its read_parquet too): where one row lacks a whole number of a struct,
# those of all other rows become floats, inside Python dicts that could hold both; ids above 2^53 are changed.
#
# Source: PyPI pyarrow==26.0.1, pandas==3.1.1. Conversations with the annotator's id in a struct, as nested data of
#   preferences have it; one annotator has no id.
# Guess, written down before: in a struct whole numbers stay int, since a dict has None for the one that is missing;
#   only a column of its own becomes one of floats.
# Seen: all are floats and two annotators are one; the missing one is None beside them, no warning. Whether a value is
#   int or float hangs on another row. Lists of structs do the same. `to_pylist` keeps them, and so does
#   `to_pandas(integer_object_nulls=True)`, whose description tells of columns.
# Output of 2026-11-30:
#   all known: [9007199254740992, 9007199254740993]
#   one missing: [9007199254740992.0, 9007199254740992.0, None]
#   in a list: [9007199254740992.0, 9007199254740992.0, None]
#   to_pylist: [9007199254740992, 9007199254740993, None]
#   integer_object_nulls: [9007199254740992, 9007199254740993, None]
#   as described
# Exits with 1 when the behaviour has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyarrow==26.0.1 pandas==3.1.1 numpy==2.4.6
cat > look.py <<'PY'
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet

IDS = [2**53, 2**53 + 1]
WHO = pa.struct([("id", pa.int64()), ("language", pa.string())])


def table(ids):
    who = [{"id": one, "language": "en"} for one in ids]
    parquet.write_table(pa.table({"who": pa.array(who, WHO), "turns": [[one] for one in who]}), "a.parquet")
    return parquet.read_table("a.parquet")


seen = {"all known": [who["id"] for who in table(IDS).to_pandas()["who"]]}
whole = table([*IDS, None])
seen["one missing"] = [who["id"] for who in pd.read_parquet("a.parquet")["who"]]
seen["in a list"] = [turns[0]["id"] for turns in whole.to_pandas()["turns"]]
seen["to_pylist"] = [row["who"]["id"] for row in whole.to_pylist()]
seen["integer_object_nulls"] = [who["id"] for who in whole.to_pandas(integer_object_nulls=True)["who"]]
for name, ids in seen.items():
    print(f"{name}: {ids}")
floats = [float(IDS[0]), float(IDS[0]), None]
as_described = seen["all known"] == IDS and all(type(one) is int for one in seen["all known"])
for name in ("one missing", "in a list"):
    as_described &= seen[name] == floats and type(seen[name][0]) is float
for name in ("to_pylist", "integer_object_nulls"):
    as_described &= seen[name] == [*IDS, None] and type(seen[name][0]) is int
print("as described" if as_described else "the behaviour has changed")
sys.exit(not as_described)
PY
venv/bin/python look.py
