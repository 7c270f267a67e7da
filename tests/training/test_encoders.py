"""Encoders: batching changes nothing, the known weights are checked, what is missing is explained."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scpo.errors import ConfigError, SourceMissing
from scpo.training import encoders
from scpo.training.encoders import length_batches, load_encoder

from fakes import WORDS


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 100))
def test_batches_hold_every_row_once_in_order_of_length_within_the_budget(lengths, budget):
    lengths = np.array(lengths, dtype=np.int64)
    batches = length_batches(lengths, budget)
    rows = np.concatenate([*batches, np.empty(0, int)]).astype(int)
    assert sorted(rows) == list(range(len(lengths))) and (np.diff(lengths[rows]) >= 0).all()
    assert all(len(b) == 1 or len(b) * lengths[b].max() <= budget for b in batches)


def slow_vector(folder, string):
    """The slow twin: one string, the published recipe of mean pooling and normalising."""
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(string, return_tensors="pt")
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(folder).eval()(
            input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
        )
    mean = hidden.last_hidden_state[0].mean(0)
    return (mean / mean.norm()).numpy()


def test_batched_vectors_equal_vectors_made_one_at_a_time(tiny_encoder):
    strings = ["yes", " ".join(WORDS), "I maybe please", "warm home", "no"]
    vectors = load_encoder(str(tiny_encoder), "fp32").encode(strings)
    for string, vector in zip(strings, vectors, strict=True):
        assert vector == pytest.approx(slow_vector(tiny_encoder, string), abs=1e-5)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)


def test_vectors_are_the_same_bytes_on_any_number_of_threads(tiny_encoder, monkeypatch):
    monkeypatch.setitem(encoders.TOKENS_PER_BATCH, "cpu", 24)
    strings, found = [" ".join(WORDS[first:last]) for first in range(12) for last in range(first, 20)], []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        monkeypatch.setattr("scpo.threads._cores", lambda: 3)
        found.append(load_encoder(str(tiny_encoder), "bf16").encode(strings).tobytes())
    assert found == [found[0]] * 3


def test_a_text_longer_than_the_positions_is_cut_not_refused(tiny_encoder):
    assert np.isfinite(load_encoder(str(tiny_encoder), "fp32").encode(["yes " * 500])).all()


def test_bf16_stays_close_to_fp32(tiny_encoder):
    exact, fast = (load_encoder(str(tiny_encoder), p).encode(WORDS) for p in ("fp32", "bf16"))
    assert np.abs(exact - fast).max() < 0.03


def test_keys_differ_by_arithmetic_and_by_weights(tiny_encoder, tmp_path):
    import shutil

    other = shutil.copytree(tiny_encoder, tmp_path / "other")
    weights = other / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    keys = {load_encoder(str(f), p).key for f in (tiny_encoder, other) for p in ("fp32", "bf16")}
    assert len(keys) == 4


def test_progress_counts_tokens_up_to_their_total(tiny_encoder):
    seen = []
    load_encoder(str(tiny_encoder), "fp32").encode(["yes no", "maybe"], lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] == 7  # [CLS] and [SEP] count


def test_the_packaged_model_is_the_known_one_and_places_like_with_like():
    vectors = load_encoder("minilm").encode(["a small cat", "a little kitten", "monetary policy"])
    assert vectors.shape == (3, 384) and vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


def test_a_folder_with_pickled_weights_only_is_refused(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"never read")
    with pytest.raises(SourceMissing, match="safetensors"):
        load_encoder(str(tmp_path))


def test_a_hub_name_without_the_hub_says_how_to_bring_a_folder():
    with pytest.raises(SourceMissing, match="local folder"):
        load_encoder("someone/some-encoder")


@pytest.mark.parametrize("name", ["../nowhere", "/no/such/folder", "a/b/c", "word"])
def test_a_name_that_is_neither_folder_nor_hub_name_is_refused(name):
    with pytest.raises(ConfigError, match="no such folder"):
        load_encoder(name)
