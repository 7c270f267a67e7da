"""Features of (prompt, response) for a reward head, and the cache of vectors on disk.

A prompt and a response are encoded apart, each distinct string once, and joined as

    phi(x, y) = sqrt(d) * [ e(y),  sqrt(d) * PRODUCT * (e(x) - mean) * e(y) ]

so that a linear head sees the response, and through the product how response and prompt
interplay (the same answer to another question). `mean` is the mean prompt vector of the data.
docs/features.md has the measurement behind the choice. Knows nothing of pairs or heads.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
import safetensors.numpy

from scpo.runs.files import tensor_bytes, write_bytes

PRODUCT = 0.3
SLICE = 1024  # texts whose phi is made at a time
TAIL = b"\0end"  # in the name of a text of which the end is kept; no text holds a NUL
SHARD = 2048  # strings per cache file: a killed run loses at most this much work
log = logging.getLogger("scpo")


def cache_folder() -> Path:
    """Where vectors are kept: `SCPO_CACHE_DIR`, or `features` beside the runs."""
    from scpo.runs import workspace

    return Path(os.environ.get("SCPO_CACHE_DIR") or workspace() / "features").expanduser()


class CutsTexts(Protocol):
    """Says which texts are longer than what is read of them."""

    def cut(self, texts: Sequence[str]) -> np.ndarray:
        """(n,) bool."""


class TextEncoder(Protocol):
    """What turns texts into vectors: `scpo.training.encoders.Encoder`, or what stands in for one."""

    @property
    def key(self) -> str:
        """Names weights, tokenizer and arithmetic: equal keys give equal vectors."""

    @property
    def reader(self) -> CutsTexts:
        """What is read of a text."""

    def encode(
        self,
        strings: Sequence[str],
        on_tokens: Callable[[int, int], None] | None = None,
        tails: Sequence[bool] | None = None,
    ) -> np.ndarray:
        """(n,) strings to vectors (n, d) float32; tails: True where the end of a text is kept."""


@dataclass(frozen=True)
class Features:
    """Vectors of the texts of a data set, kept small: one row per distinct string.

    prompts (p, d), responses (q, d) float32; prompt_of, response_of (t,) rows of them for each
    text; prompt_mean (d,).
    """

    prompts: np.ndarray
    responses: np.ndarray
    prompt_of: np.ndarray
    response_of: np.ndarray
    prompt_mean: np.ndarray

    @property
    def width(self) -> int:
        """Length of phi, 2d."""
        return 2 * self.responses.shape[1]

    def of(self, texts: np.ndarray | slice = slice(None)) -> np.ndarray:
        """phi of these texts, (n, 2d) float32; made in slices, so that nothing else of that size is in memory."""
        prompts, responses = self.prompt_of[texts], self.response_of[texts]
        phi = np.empty((len(prompts), self.width), np.float32)
        for first in range(0, len(phi), SLICE):
            part = slice(first, first + SLICE)
            phi[part] = interplay(self.prompts[prompts[part]], self.responses[responses[part]], self.prompt_mean)
        return phi


def interplay(prompts: np.ndarray, responses: np.ndarray, prompt_mean: np.ndarray) -> np.ndarray:
    """phi of the module header: (n, d), (n, d), (d,) to (n, 2d)."""
    root = np.float32(np.sqrt(responses.shape[1]))
    product = (root * root * np.float32(PRODUCT)) * (prompts - prompt_mean) * responses
    return np.concatenate([root * responses, product], axis=1)


def embed_texts(
    texts: pd.DataFrame, encoder: TextEncoder, cache: Path | None, on_tokens: Callable | None = None
) -> Features:
    """Features of a table of texts, each distinct prompt and response encoded once.

    texts       `prompt` (category), `response` (str), as `Preferences` holds them
    cache       folder of the vector cache; None to keep nothing
    on_tokens   on_tokens(done, total), called while encoding
    """
    prompts = texts["prompt"].cat.categories.tolist()
    response_of, responses = pd.factorize(texts["response"])
    vectors = cached_vectors(prompts + list(responses), encoder, cache, on_tokens, len(prompts))
    of_prompts, of_responses = vectors[: len(prompts)], vectors[len(prompts) :]
    prompt_of = texts["prompt"].cat.codes.to_numpy(np.int32)
    return Features(of_prompts, of_responses, prompt_of, response_of.astype(np.int32), of_prompts.mean(0))


def cached_vectors(
    strings: Sequence[str],
    encoder: TextEncoder,
    cache: Path | None,
    on_tokens: Callable | None = None,
    prompts: int = 0,
) -> np.ndarray:
    """(n, d) vectors of n strings; what the cache lacks is encoded and added to it.

    prompts     how many of the first are prompts: of a prompt that is too long for the encoder the end is kept, where
                the question is; of any other text the beginning

    Each goes from its file straight to its place in the result, so that they are in memory once.
    """
    tails = np.zeros(len(strings), bool)
    tails[:prompts] = encoder.reader.cut(strings[:prompts]) if prompts else False
    keys = [_key(text, tail) for text, tail in zip(strings, tails.tolist(), strict=True)]
    text_of = dict(zip(keys, strings, strict=True))  # in the order of the first of equal ones
    tail_of = dict(zip(keys, tails.tolist(), strict=True))
    row_of, distinct = {key: row for row, key in enumerate(text_of)}, list(text_of.values())
    vectors, known = None, np.zeros(len(row_of), bool)

    def put(rows: np.ndarray, found: np.ndarray) -> None:
        nonlocal vectors
        vectors = np.empty((len(row_of), found.shape[1]), np.float32) if vectors is None else vectors
        vectors[rows], known[rows] = found, True

    folder = cache / encoder.key if cache else None
    for kept, found in read_cache(folder) if folder else ():
        rows = np.array([row_of.get(key, -1) for key in kept])
        put(rows[rows >= 0], found[rows >= 0])
    missing = sorted(np.flatnonzero(~known).tolist(), key=lambda row: len(distinct[row]))
    total, done, names = sum(len(distinct[row]) for row in missing), 0, list(row_of)
    for start in range(0, len(missing), SHARD):
        shard = missing[start : start + SHARD]
        size = sum(len(distinct[row]) for row in shard)

        def report(tokens: int, of: int, before=done, size=size) -> None:
            if on_tokens:
                on_tokens(before + size * tokens // of, total)

        encoded = encoder.encode([distinct[row] for row in shard], report, [tail_of[names[row]] for row in shard])
        put(np.array(shard), encoded)
        done += size
        if folder:
            _write_shard(folder, [names[row] for row in shard], encoded)
    if vectors is None:
        return np.empty((0, 0), np.float32)
    return vectors if len(row_of) == len(keys) else vectors[[row_of[key] for key in keys]]


def _key(text: str, tail: bool) -> bytes:
    """Names a text in the cache; one of which another part is kept has another name."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass") + TAIL * tail).digest()[:16]


def read_cache(folder: Path) -> Iterator[tuple[list[bytes], np.ndarray]]:
    """Keys of strings (n) and their vectors (n, d), file by file of a folder.

    A file is named by the hash of its content: one that was cut or altered is found, removed
    and its strings encoded again.
    """
    for path in sorted(folder.glob("*.safetensors")):
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest()[:32] != path.stem:
            log.warning("cache file %s is damaged; it is removed and its texts are encoded again", path.name)
            path.unlink(missing_ok=True)
            continue
        shard = safetensors.numpy.load(content)
        yield [key.tobytes() for key in shard["keys"]], shard["vectors"]


def _write_shard(folder: Path, keys: list[bytes], vectors: np.ndarray) -> None:
    """Add a file to the cache; two processes that do so at once both succeed."""
    table = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(len(keys), 16)
    content = tensor_bytes({"keys": table, "vectors": vectors})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / f"{hashlib.sha256(content).hexdigest()[:32]}.safetensors", content)
    except OSError as error:
        log.warning("the cache in %s cannot be written (%s); the run goes on without it", folder, error.strerror)
