"""How much an encoder attends to each sentence of a text: what attention weights would give as a reason.

Attention is what many tools show as an explanation; here it is only a baseline that reasons are held against.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from scpo.training.encoder_reading import longest_of
from scpo.training.encoders import Encoder


@torch.inference_mode()
def sentence_attention(
    encoder: Encoder, answers: Sequence[str], sentences: Sequence[Sequence[str]]
) -> list[np.ndarray]:
    """Per answer, the share of attention that the tokens of each of its consecutive sentences get, (n,).

    Mean over layers, heads and the tokens that attend. Sentences that the encoder cuts off have 0.
    """
    from transformers import AutoModel, AutoTokenizer

    local = {"local_files_only": True, "trust_remote_code": False}
    tokenizer, longest = AutoTokenizer.from_pretrained(encoder.folder, **local), longest_of(encoder.folder)
    # The fast kernels give no weights.
    model = AutoModel.from_pretrained(encoder.folder, use_safetensors=True, attn_implementation="eager", **local).eval()
    shares = []
    for answer, parts in zip(answers, sentences, strict=True):
        batch = tokenizer(answer, truncation=True, max_length=longest, return_offsets_mapping=True, return_tensors="pt")
        offsets = batch.pop("offset_mapping")[0].numpy()
        weights = torch.stack(model(**batch, output_attentions=True).attentions)
        seen = weights.mean((0, 1, 2, 3)).numpy()
        ends = np.cumsum([len(part) for part in parts]) + (len(answer) - sum(map(len, parts)))
        place = np.searchsorted(ends, offsets[:, 0], side="right")
        of_text = offsets[:, 1] > offsets[:, 0]  # not the marks around it
        shares.append(np.bincount(place[of_text], seen[of_text], len(parts))[: len(parts)] / seen[of_text].sum())
    return shares
