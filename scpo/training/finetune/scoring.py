"""Rewards of (prompt, response) by a whole reward model: each distinct input once, in length order, kept on disk.

Sharded over the processes of `accelerate launch`: each scores every n-th batch, and all of them
get all rewards. The model is in evaluation mode, so that dropout plays no part, and in the
precision of its weights, trained or not: rewards rounded to bfloat16 would tie.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import safetensors
import torch

from scpo.errors import ConfigError
from scpo.runs.files import tensor_bytes, write_bytes
from scpo.training.encoders import length_batches
from scpo.training.finetune.checks import check_tokens
from scpo.training.finetune.formats import Encoded, InputFormat

TOKENS_PER_BATCH = 16_384
log = logging.getLogger("scpo")


def score(model, inputs: InputFormat, texts: Sequence[tuple[str, str]], **how) -> np.ndarray:
    """Rewards (n,) float32 of n (prompt, response); equal ones are encoded and scored once. See `rewards_of`."""
    encoded = {text: inputs.encode(*text) for text in dict.fromkeys(texts)}
    return rewards_of(model, [encoded[text] for text in texts], **how)


def rewards_of(
    model,
    encoded: Sequence[Encoded],
    *,
    cache: Path | None = None,
    accelerator=None,
    tokens_per_batch: int = TOKENS_PER_BATCH,
    on_progress: Callable[[int, int], None] | None = None,
    dropout: bool = False,
) -> np.ndarray:
    """Rewards (n,) float32 of n encoded texts; equal ones are scored once.

    cache        folder of kept rewards, keyed by weights and token ids; None to keep nothing
    accelerator  of `accelerate`, to share the work between its processes
    on_progress  on_progress(done, total), in batches
    dropout      on only to do as others did
    Raises `ConfigError` if a reward is not finite, or a token is none of the model's.
    """
    distinct, place = _distinct(encoded)
    check_tokens(model, max((max(one.ids) for one in distinct if one.ids), default=0))
    path = cache / f"{_key(model, distinct)}.safetensors" if cache else None
    kept = read_kept(path, len(distinct)) if path else None
    if _have_all(kept is not None, accelerator) and kept is not None:
        return kept[place]
    rewards = _forward(model, distinct, accelerator, tokens_per_batch, on_progress, dropout)
    if not np.isfinite(rewards).all():
        raise ConfigError(
            f"the model gives {int((~np.isfinite(rewards)).sum())} of {len(rewards)} texts a reward that is not a "
            "finite number. Its training diverged (lower the learning rate), its weights are damaged, or its "
            "precision is too low (try float32)."
        )
    if path and (accelerator is None or accelerator.is_main_process):
        _keep(path, rewards)
    return rewards[place]


@torch.no_grad()
def _forward(model, encoded: Sequence[Encoded], accelerator, tokens_per_batch, on_progress, dropout) -> np.ndarray:
    """Rewards (n,) float32 by the model, in length order, each process every n-th batch."""
    rank, processes = (accelerator.process_index, accelerator.num_processes) if accelerator else (0, 1)
    device, pad = next(model.parameters()).device, model.config.get_text_config().pad_token_id or 0
    batches = length_batches(np.array([len(one.ids) for one in encoded]), tokens_per_batch)
    rewards, was_training = torch.zeros(len(encoded), device=device), model.training
    # A model that is cut over the processes needs all of them in every call, so each makes as many.
    rounds = -(-len(batches) // processes) * processes
    model.train(dropout)
    try:
        # Dropout draws chance of its own here, so that a training goes on as it would without being judged.
        with torch.random.fork_rng([device] if device.type == "cuda" else [], enabled=dropout):
            for at in range(rounds):
                rows = batches[min(at, len(batches) - 1)]
                if at % processes == rank:
                    batch = padded([encoded[row] for row in rows], pad)
                    with in_weights_precision(model):
                        logits = model(**{name: tensor.to(device) for name, tensor in batch.items()}).logits
                    if at < len(batches):
                        rewards[torch.from_numpy(rows).to(device)] = logits[:, 0].float()
                if on_progress and at < len(batches):
                    on_progress(at + 1, len(batches))
    finally:
        model.train(was_training)
    if accelerator and processes > 1:
        rewards = accelerator.reduce(rewards, "sum")
    return rewards.cpu().numpy()


@contextlib.contextmanager
def in_weights_precision(model) -> Iterator[None]:
    """The model computes in the precision of its weights, whatever it is trained in.

    accelerate puts autocast around the forward of a model that is trained in bfloat16, and leaves it there. It goes
    back afterwards: evaluations lie between steps of training.
    """
    trained_in, plain = model.__dict__.get("forward"), model.__dict__.get("_original_forward")
    if plain is not None:
        model.forward = plain
    try:
        with torch.autocast(next(model.parameters()).device.type, enabled=False):
            yield
    finally:
        if plain is not None:
            model.forward = trained_in


def padded(encoded: Sequence[Encoded], pad: int, multiple: int = 1) -> dict[str, torch.Tensor]:
    """A batch, padded on the right to its longest: input_ids, attention_mask and, where told apart, token_type_ids."""
    width = -(-max(len(one.ids) for one in encoded) // multiple) * multiple
    ids = torch.full((len(encoded), width), pad, dtype=torch.int64)
    mask, segments = torch.zeros_like(ids), torch.zeros_like(ids)
    for at, one in enumerate(encoded):
        ids[at, : len(one.ids)] = torch.tensor(one.ids)
        mask[at, : len(one.ids)] = 1
        if one.segments:
            segments[at, : len(one.ids)] = torch.tensor(one.segments)
    batch = {"input_ids": ids, "attention_mask": mask}
    return batch | ({"token_type_ids": segments} if encoded[0].segments else {})


def _distinct(encoded: Sequence[Encoded]) -> tuple[list[Encoded], np.ndarray]:
    """The different ones, and for each its place among them."""
    keys = [(tuple(one.ids), tuple(one.segments or ())) for one in encoded]
    number = {key: at for at, key in enumerate(dict.fromkeys(keys))}
    distinct = dict(zip(keys, encoded, strict=True))
    return [distinct[key] for key in number], np.array([number[key] for key in keys], dtype=np.int64)


def _have_all(found: bool, accelerator) -> bool:
    """True if every process found it: one that did not needs the others to score."""
    if accelerator is None or accelerator.num_processes == 1:
        return found
    count = accelerator.reduce(torch.tensor([float(found)], device=accelerator.device), "sum")
    return int(count.item()) == accelerator.num_processes


def _key(model, encoded: list[Encoded]) -> str:
    """Names weights, precision and inputs: equal keys give equal rewards."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(f"{name} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    for one in encoded:
        digest.update(np.array(one.ids, dtype=np.int32).tobytes() + b"|")
        digest.update(bytes(one.segments or b""))
    return digest.hexdigest()[:32]


def _keep(path: Path, rewards: np.ndarray) -> None:
    content = tensor_bytes({"rewards": rewards}, {"sha256": _hash(rewards)})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)
    except OSError as error:
        log.warning("the rewards cannot be kept in %s (%s); the run goes on without it", path.parent, error.strerror)


def read_kept(path: Path, n: int) -> np.ndarray | None:
    """The n rewards of a kept file; None if there is none, or one that was cut or altered: it is written anew."""
    if not path.is_file():
        return None
    try:
        with safetensors.safe_open(path, "np") as file:
            rewards, written = file.get_tensor("rewards"), (file.metadata() or {}).get("sha256")
    except (OSError, safetensors.SafetensorError):
        rewards, written = np.empty(0), None
    if rewards.shape == (n,) and _hash(rewards) == written:
        return rewards
    log.warning("the kept rewards %s are damaged; the texts are scored again", path.name)
    return None


def _hash(rewards: np.ndarray) -> str:
    return hashlib.sha256(rewards.tobytes()).hexdigest()
