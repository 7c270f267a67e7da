#!/usr/bin/env bash
# safetensors 0.8.0, safetensors.numpy.save and save_file: an array that does not lie row after row in memory (a
# transposed one, one in column order, every second column) is written as it lies, under its own shape. It comes back
# with other numbers in other places, without an error or a warning. 0.7.0 wrote the right ones.
#
# Source: PyPI safetensors==0.8.0, safetensors==0.7.0; https://github.com/safetensors/safetensors/issues/825. Rewards of
#   answers by models, of which a product of matrices gives the transpose.
# Guess, written down before: it is copied into row order, as numpy's own files do, or refused, as the torch side of the
#   same library does ("non contiguous tensor").
# Seen: neither. The same rewards, asked from the file, belong to other answers.
# Output of 2026-11-30:
#   0.7.0 transposed: same, columns: same, every second: same
#   0.8.0 transposed: other, columns: other, every second: other
#   as described
# Exits with 1 when the behaviour has changed.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > look.py <<'PY'
import sys

import numpy as np
import safetensors
from safetensors.numpy import load, save

rewards = np.arange(6, dtype=np.float32).reshape(2, 3)
ways = {"transposed": rewards.T, "columns": np.asfortranarray(rewards), "every second": rewards[:, ::2]}
seen = {name: "same" if np.array_equal(load(save({"x": x}))["x"], x) else "other" for name, x in ways.items()}
print(safetensors.__version__, ", ".join(f"{name}: {what}" for name, what in seen.items()))
sys.exit(set(seen.values()) != {sys.argv[1]})
PY
for pair in 0.7.0=same 0.8.0=other; do
  python3 -m venv "venv-${pair%=*}"
  "venv-${pair%=*}/bin/pip" install --quiet --disable-pip-version-check "safetensors==${pair%=*}" numpy==2.4.6
  "venv-${pair%=*}/bin/python" look.py "${pair#*=}" || { echo "the behaviour has changed"; exit 1; }
done
echo "as described"
