#!/bin/bash
# sentence-transformers 6.2.0, transformers 5.23.0: CrossEncoder on a chat reward model.
# Source: sentence_transformers/base/modality.py (pair_to_messages), base/modules/transformer.py (infer_modalities).
#
# What one would guess: CrossEncoder(folder).predict([(prompt, answer)]) reads a pair either with the tokenizer's pair
# form, as the pipeline of transformers does, or as a user's turn and an assistant's, the roles that a reward model's
# chat template is made for.
# What it does: where the tokenizer has a chat template, the pair goes through it as the roles "query" and "document".
# A template of the usual form "<|{role}|>content", or "user, else assistant", renders that without an error, so that
# each reward is of a text the model was never trained on, and answers may change their order. The check for templates
# that cannot carry the pair finds nothing, since both texts are there. Without the template, the same folder is read by
# the tokenizer's pair form.
#
# Output seen (token ids that the model is given):
#   user/assistant turns    [2, 6, 4, 3, 7]
#   CrossEncoder            [1, 6, 4, 1, 7]  modality message
#   without the template    [6, 7]           modality text
# What our exports do about it: the template they save reads query as user and document as assistant.
# Exits with 1 if CrossEncoder does something else by now.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 transformers==5.23.0 sentence-transformers==6.2.0
cat > "$place/try.py" <<'PY'
import shutil
import sys
from pathlib import Path

from sentence_transformers import CrossEncoder
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForSequenceClassification, PreTrainedTokenizerFast

folder, bare = Path(sys.argv[1]) / "chat", Path(sys.argv[1]) / "bare"
words = ["<pad>", "<other>", "<|user|>", "<|assistant|>", "<eos>", "query", "ask", "say"]
tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, unk_token="<other>"))
tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", unk_token="<other>",
                               model_input_names=["input_ids", "attention_mask"])
model = LlamaForSequenceClassification(LlamaConfig(
    vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, num_labels=1,
    pad_token_id=0, eos_token_id=4, bos_token_id=None))
model.save_pretrained(bare)
fast.save_pretrained(bare)
shutil.copytree(bare, folder)
fast.chat_template = "{% for m in messages %}<|{{ m['role'] }}|> {{ m['content'] }} {% if not loop.last %}<eos> {% endif %}{% endfor %}"
fast.save_pretrained(folder)
turns = [{"role": "user", "content": "ask"}, {"role": "assistant", "content": "say"}]
meant = fast(fast.apply_chat_template(turns, tokenize=False), add_special_tokens=False)["input_ids"]
with_template = CrossEncoder(str(folder), local_files_only=True).preprocess([("ask", "say")])
without = CrossEncoder(str(bare), local_files_only=True).preprocess([("ask", "say")])
seen = with_template["input_ids"][0].tolist()
print("user/assistant turns   ", meant)
print("CrossEncoder           ", seen, "modality", with_template.get("modality"))
print("without the template   ", without["input_ids"][0].tolist(), "modality", without.get("modality"))
roles = [{"role": "query", "content": "ask"}, {"role": "document", "content": "say"}]
as_roles = fast(fast.apply_chat_template(roles, tokenize=False), add_special_tokens=False)["input_ids"]
sys.exit(not (seen == as_roles != meant))
PY
HF_HUB_OFFLINE=1 "$place/venv/bin/python" -W ignore "$place/try.py" "$place" 2>/dev/null
