"""A short run of tests/tools/fuzz.py; `python tests/tools/fuzz.py --inputs 1000000` is the long one."""

import json
import random
import subprocess
import sys
from pathlib import Path

import mutations

ROOT = Path(__file__).parents[1]
INPUTS = 1500


def test_no_mutated_file_is_more_than_read_or_refused(tmp_path):
    """In a process of its own, as the command runs it; every target has its turn, and each kind has files that are
    still read, or the mutations would say nothing."""
    command = [sys.executable, "tests/tools/fuzz.py", "--inputs", str(INPUTS), "--json", str(tmp_path / "fuzz.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads((tmp_path / "fuzz.json").read_text())
    print(f"\n{found['inputs']} inputs, slowest {found['slowest']:.2f} s", end="")
    assert found["inputs"] == INPUTS and found["crashes"] == {}
    assert all(row["read"] + row["refused"] > 0 for row in found["targets"].values())
    for kind in ("csv", "jsonl", "parquet", "safetensors", "json"):
        assert sum(row["read"] for name, row in found["targets"].items() if name.endswith(kind)) > 0, kind


def test_mutations_follow_from_the_seed_and_leave_what_they_were_given():
    tree = {"a": [1, {"b": "text"}], "c": None}
    kept = json.dumps(tree)
    for change in (mutations.of_tree, lambda tree, rng: mutations.of_bytes(mutations.as_json(tree), rng)):
        first, again = (repr([change(tree, random.Random(n)) for n in range(50)]) for _ in range(2))
        assert first == again and json.dumps(tree) == kept
