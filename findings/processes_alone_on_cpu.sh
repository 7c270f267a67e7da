#!/bin/bash
# Several training processes on a machine without a GPU work alone, and nothing says so.
#
# torch 2.13.0, transformers 5.23.0, accelerate 1.15.0.
# Source: transformers/training_args.py (`_setup_devices`), accelerate/state.py (`PartialState`),
# accelerate/commands/launch.py (`simple_launcher`).
#
# Guess: `torchrun --nproc_per_node 2` joins its two processes whatever the device. (That accelerate's launcher starts
# one was known before.)
# Behaviour: without `use_cpu=True` each of torchrun's two processes takes itself for the only one (rank 0 of 1), so both
# train on all data and write the same folder; and accelerate's launcher starts a single process.
#
# Output seen:
#   torchrun                      0 of 1, 0 of 1
#   torchrun, use_cpu=True        0 of 2, 1 of 2
#   accelerate launch --cpu       0 of 1
#
# Exits 1 if this has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q torch==2.13.0 transformers==5.23.0 accelerate==1.15.0 numpy
cat > "$folder/who.py" <<'PY'
import sys

from transformers import TrainingArguments

settings = TrainingArguments("out", use_cpu=sys.argv[1] == "cpu", report_to=[])
print(f"RANK {settings.process_index} of {settings.world_size}", flush=True)
PY
cd "$folder"
export CUDA_VISIBLE_DEVICES="" OMP_NUM_THREADS=1
ranks() { sed -n 's/^RANK //p' | sort | paste -sd, ; }
plain=$(venv/bin/torchrun --nproc_per_node 2 --master_port 29831 who.py auto 2>/dev/null | ranks)
told=$(venv/bin/torchrun --nproc_per_node 2 --master_port 29832 who.py cpu 2>/dev/null | ranks)
launched=$(PATH="$folder/venv/bin:$PATH" venv/bin/accelerate launch --cpu --num_processes 2 who.py cpu 2>/dev/null | ranks)
printf '%-30s%s\n' torchrun "$plain" "torchrun, use_cpu=True" "$told" "accelerate launch --cpu" "$launched"
test "$plain" = "0 of 1,0 of 1" && test "$told" = "0 of 2,1 of 2" && test "$launched" = "0 of 1"
