#!/bin/bash
# transformers 5.23.0: AutoTokenizer on a model folder that has no file of a tokenizer.
# Source: transformers/models/bert/tokenization_bert.py, models/deberta_v2/tokenization_deberta_v2.py (vocab=None),
# tokenization_utils_tokenizers.py, models/auto/tokenization_auto.py.
#
# What one would guess: a folder written by model.save_pretrained alone (config.json and weights, as Trainer writes them
# when it is given no processing_class) has no tokenizer, and AutoTokenizer.from_pretrained(folder) raises OSError, as it
# did in transformers 4.
# What it does: for types whose tokenizer class can build itself, such as bert and deberta-v2, it hands back a tokenizer
# without a word, without an error. Every word becomes the unknown token, so that a reward model scores texts
# by nothing but how many words they have, and two answers of equal length tie.
# For a type without such a class (llama here) it raises.
#
# Output seen:
#   bert         5 tokens   [2, 1, 1, 1, 3]
#   deberta-v2   7 tokens   [5, 1, 1, 1, 4]
#   llama        refused
# What we do about it: a tokenizer that knows no word is refused, with the folder's name.
# Exits with 1 if transformers does something else by now.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q --disable-pip-version-check transformers==5.23.0
cat > "$place/try.py" <<'PY'
import sys
from pathlib import Path

from transformers import AutoTokenizer, BertConfig, DebertaV2Config, LlamaConfig

seen = {}
for config in (BertConfig(), DebertaV2Config(), LlamaConfig()):
    kind = config.model_type
    config.save_pretrained(Path(sys.argv[1]) / kind)
    try:
        tokenizer = AutoTokenizer.from_pretrained(Path(sys.argv[1]) / kind, local_files_only=True)
    except Exception:
        seen[kind] = "refused"
        print(f"{kind:<12} refused")
        continue
    ids = tokenizer("three more words")["input_ids"]
    seen[kind] = ids[1:-1] == [tokenizer.unk_token_id] * 3
    print(f"{kind:<12} {len(tokenizer)} tokens   {ids}")
sys.exit(seen["bert"] is not True or seen["deberta-v2"] is not True)
PY
HF_HUB_OFFLINE=1 "$place/venv/bin/python" -W ignore "$place/try.py" "$place" 2>/dev/null
