#!/bin/bash
# torch 2.13.0: torch.set_num_threads(1) and matrix products in threads that begin later.
# Source: aten/src/ATen/ParallelOpenMP.cpp (set_num_threads, get_num_threads, lazy_init_num_threads).
#
# What one would guess: torch.set_num_threads is said once per process ("sets the number of threads used for intraop
# parallelism on CPU"), so that a product in a Python thread that begins afterwards has one thread too; and
# torch.get_num_threads() in that thread tells how many its products have.
# What it does: it sets the number of the thread that calls it, and keeps it for others, who take it over when they first
# run an operator of torch's own kernels, or ask torch.get_num_threads(). A matrix product goes straight to MKL or oneDNN
# and takes OpenMP's default, which is all cores. So a new thread shares its first products between all cores, and asking
# it how many threads it has changes the answer: the same thread's products are not shared from then on.
#
# Output seen on 2 cores (threads that the operating system counts before and after a product in a new thread):
#   nothing said in it          4 to 5
#   torch.get_num_threads()     4 to 4, it says 1
#   torch.set_num_threads(1)    4 to 4
# What we do about it: scpo/training/threads.py, every thread that works says it for itself.
# Needs Linux and two cores. Exits with 1 if torch does something else by now.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cat > "$place/try.py" <<'PY'
import os
import sys
import threading
import time

import torch

square = torch.ones(256, 256)
torch.set_num_threads(1)


def threads_of_a_product(before):
    seen = []

    def work():
        first = len(os.listdir("/proc/self/task"))
        said = before()
        square @ square
        seen.append((first, len(os.listdir("/proc/self/task")), said))

    one = threading.Thread(target=work)
    one.start()
    one.join()
    time.sleep(0.5)  # until the threads that it had are gone
    return seen[0]


nothing = threads_of_a_product(lambda: None)
asked = threads_of_a_product(torch.get_num_threads)
said = threads_of_a_product(lambda: torch.set_num_threads(1))
print("nothing said in it         ", nothing[0], "to", nothing[1])
print("torch.get_num_threads()    ", asked[0], "to", asked[1], "it says", asked[2])
print("torch.set_num_threads(1)   ", said[0], "to", said[1])
sys.exit(not (nothing[1] > nothing[0] and asked[1] == asked[0] and asked[2] == 1 and said[1] == said[0]))
PY
unset OMP_NUM_THREADS MKL_NUM_THREADS
"$place/venv/bin/python" -W ignore "$place/try.py"
