"""Where models compute: a GPU if torch sees one, else the processor."""

from __future__ import annotations

import torch


def device() -> torch.device:
    """The device that encodes, scores and fine-tunes. Heads train on the processor, where they fit its caches."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_bf16() -> bool:
    """True if that device has bf16 arithmetic (of processors, those with AVX512-BF16 or AMX)."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
