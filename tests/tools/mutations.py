"""Mutations of files for tests/tools/fuzz.py: bytes turned, cut, doubled; values of json, csv and parquet replaced.

Every function takes a `random.Random` and gives the same result for the same state of it. Knows nothing of what
reads the files.
"""

from __future__ import annotations

import csv
import io
import json
import random

TOKENS = [
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b'"',
    b"'",
    b",",
    b"\n",
    b"\r\n",
    b"\r",
    b"\t",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[" * 400,
    b'{"a":' * 300,
    b"[" * 20_000,
    b"NaN",
    b"Infinity",
    b"-1e999",
    b"1e400",
    b"-0",
    b"null",
    b"true",
    b'""',
    b"\\ud83d",
    b"\\u0000",
    b"9" * 400,
    b"=1+1",
    b"<script>",
    "\u202e".encode(),
    "\U0001f600".encode(),
    b"PAR1",
    b"../",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\x00\x00\x00\x80",
    b"__class__",
    b"%s%n",
    b"$x^2$",
    b" ",
]
TEXTS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfff\ud800",
    "\u202eabc",
    "\U0001f600",
    "e\u0301",
    "\u2028",
    "x" * 3000,
    "=cmd|' /C calc'!A1",
    "+1",
    "-1",
    "@SUM(1)",
    "<img src=x onerror=alert(1)>",
    "**bold** $x^2$ [a](javascript:b)",
    "../../etc/passwd",
    "'; DROP TABLE jobs; --",
    "nan",
    "inf",
    "1e400",
    "null",
    "None",
    "True",
    "\r\n",
    '"',
    "a,b\nc",
    "Prefer not to say",
    "Côte d'Ivoire",
    "Türkiye",
    "{'reside_country': 'Chile'}",
    '{"a": [1, {"b": null}]}',
    "[" * 200,
    "[" * 9000,
    "defaultdict(<class 'list'>, {'A': [0.5, 0.5]})",
    "{'A': [0.5, 1e999]}",
    "['a', 'b']",
    "(" * 100,
    "1_000",
    "0x10",
]
NUMBERS = [
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63,
    -(2**63),
    10**400,
    0.5,
    -0.0,
    1e-320,
    1e308,
    float("nan"),
    float("inf"),
    float("-inf"),
    0.1 + 0.2,
    True,
    False,
]
NESTED = [None, [], {}, [None], [[]], {"": 0}, ["a", 1], [0.5, 0.5], {"A": [1.0]}, {"reside_country": None}, [1e999]]


def value(rng: random.Random) -> object:
    """A value that a file may hold where another was expected."""
    return rng.choice(rng.choice((TEXTS, TEXTS, NUMBERS, NESTED)))


def of_bytes(content: bytes, rng: random.Random) -> bytes:
    """One to eight changes of single places, or a cut."""
    data = bytearray(content)
    for _ in range(1 + min(int(rng.expovariate(0.7)), 7)):
        at, size = rng.randrange(len(data) + 1), 1 + int(rng.expovariate(0.1))
        how = rng.randrange(7)
        if how == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif how == 1 and at < len(data):
            data[at] = rng.randrange(256)
        elif how == 2:
            del data[at : at + size]
        elif how == 3:
            data[at:at] = data[at : at + size]
        elif how == 4:
            data[at:at] = rng.choice(TOKENS)
        elif how == 5:
            token = rng.choice(TOKENS)
            data[at : at + len(token)] = token
        elif rng.random() < 0.3:
            del data[at:]
    return bytes(data)


def of_tree(tree: object, rng: random.Random) -> object:
    """A json value in which one place was replaced, left out, doubled or renamed; the given one stays as it is."""
    if not isinstance(tree, (dict, list)) or not tree or rng.random() < 0.1:
        return value(rng)
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    key = rng.choice(list(copy)) if isinstance(copy, dict) else rng.randrange(len(copy))
    how = rng.randrange(8)
    if how == 0:
        del copy[key]
    elif how == 1 and isinstance(copy, list):
        copy.insert(rng.randrange(len(copy) + 1), copy[key])
    elif how == 1:
        copy[rng.choice(TEXTS)] = copy.pop(key)
    else:
        copy[key] = of_tree(copy[key], rng)
    return copy


def as_json(tree: object) -> bytes:
    """Json with NaN and halves of surrogate pairs, as other programs write it."""
    return json.dumps(tree).encode()


def as_jsonl(rows: object) -> bytes:
    return b"\n".join(map(as_json, rows)) if isinstance(rows, list) else as_json(rows)


def as_csv(rows: object) -> bytes:
    """Rows (list of dicts) as csv; what is no such list as the text it is."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return str(rows).encode("utf-8", "surrogatepass")
    columns = list(dict.fromkeys(str(name) for row in rows for name in row))
    text = io.StringIO(newline="")
    out = csv.DictWriter(text, columns, quoting=csv.QUOTE_ALL)
    out.writeheader()
    out.writerows({str(name): inner for name, inner in row.items()} for row in rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


def as_parquet(rows: object) -> bytes:
    """Rows (list of dicts) as parquet; a column of mixed types becomes one of texts, or is left out."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        for form in (lambda v: v, lambda v: None if v is None else str(v).encode("utf-8", "replace").decode()):
            try:
                columns[name.encode("utf-8", "replace").decode()] = pa.array([form(v) for v in values])
                break
            except (pa.ArrowException, ValueError, TypeError, OverflowError):
                continue
    out = io.BytesIO()
    try:
        parquet.write_table(pa.table(columns), out)
    except (pa.ArrowException, ValueError):  # a type that parquet cannot hold, such as a struct without fields
        return b"PAR1"
    return out.getvalue()
