"""Vectors of texts: encoded once, kept on disk, and safe against damage and a second process."""

import multiprocessing

import numpy as np
import pandas as pd
import pytest

from scpo.training.heads import features as features_module
from scpo.training.heads.features import cached_vectors, embed_texts, interplay

from fakes import CountingEncoder


def texts(prompts, responses):
    return pd.DataFrame({"prompt": pd.Categorical(prompts), "response": pd.Series(responses, dtype="str")})


def shards(cache):
    return sorted(cache.rglob("*.safetensors"))


def test_each_distinct_string_is_encoded_once(tmp_path):
    encoder = CountingEncoder()
    embed_texts(texts(["p", "p", "q"], ["a", "b", "a"]), encoder, tmp_path)
    assert sorted(encoder.asked) == ["a", "b", "p", "q"]


def test_a_second_run_encodes_nothing_and_gets_equal_vectors(tmp_path):
    strings, second = ["one", "two", "three"], CountingEncoder()
    first = cached_vectors(strings, CountingEncoder(), tmp_path)
    assert np.array_equal(first, cached_vectors(strings, second, tmp_path)) and second.asked == []


def test_only_new_strings_are_encoded(tmp_path):
    cached_vectors(["one", "two"], CountingEncoder(), tmp_path)
    encoder = CountingEncoder()
    vectors = cached_vectors(["two", "three", "one"], encoder, tmp_path)
    assert encoder.asked == ["three"]
    assert np.array_equal(vectors, CountingEncoder().encode(["two", "three", "one"]))


def test_another_encoder_has_a_cache_of_its_own(tmp_path):
    cached_vectors(["one"], CountingEncoder(), tmp_path)
    other = CountingEncoder()
    other.key = "other"
    cached_vectors(["one"], other, tmp_path)
    assert other.asked == ["one"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_file_is_found_removed_and_rebuilt(tmp_path, damage, caplog):
    strings = ["one", "two"]
    expected = cached_vectors(strings, CountingEncoder(), tmp_path)
    (path,) = shards(tmp_path)
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes({"cut": content[:-5], "flipped": content, "empty": b""}[damage])
    encoder = CountingEncoder()
    assert np.array_equal(cached_vectors(strings, encoder, tmp_path), expected)
    assert sorted(encoder.asked) == strings and "damaged" in caplog.text
    again = CountingEncoder()
    cached_vectors(strings, again, tmp_path)
    assert again.asked == []


def test_a_kill_in_the_middle_loses_at_most_one_file(tmp_path, monkeypatch):
    monkeypatch.setattr(features_module, "SHARD", 2)

    class Dies(CountingEncoder):
        def encode(self, strings, on_tokens=None, tails=None):
            if len(self.asked) >= 4:
                raise KeyboardInterrupt
            return super().encode(strings, on_tokens)

    strings = [f"text {i}" for i in range(7)]
    with pytest.raises(KeyboardInterrupt):
        cached_vectors(strings, Dies(), tmp_path)
    encoder = CountingEncoder()
    cached_vectors(strings, encoder, tmp_path)
    assert len(encoder.asked) == 3


def fill(folder, first):
    cached_vectors([f"text {i}" for i in range(first, first + 300)], CountingEncoder(), folder)


def test_two_processes_fill_one_cache_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=fill, args=(tmp_path, first)) for first in (0, 150)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    assert [worker.exitcode for worker in workers] == [0, 0]
    encoder, strings = CountingEncoder(), [f"text {i}" for i in range(450)]
    vectors = cached_vectors(strings, encoder, tmp_path)
    assert encoder.asked == [] and np.array_equal(vectors, CountingEncoder().encode(strings))


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path, caplog):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert cached_vectors(["one"], CountingEncoder(), tmp_path / "cache").shape == (1, 8)
    assert "cannot be written" in caplog.text


def test_features_are_the_response_and_its_product_with_the_prompt():
    """d = 1: [e(y), 0.3 * (e(x) - mean) * e(y)] with e(y) = 2, e(x) = 3, mean = 1: [2, 1.2]."""
    phi = interplay(np.array([[3.0]]), np.array([[2.0]]), np.array([1.0]))
    assert phi.tolist() == [pytest.approx([2.0, 1.2])]


def test_features_of_some_texts_are_rows_of_the_features_of_all(tmp_path):
    made = embed_texts(texts(["p", "q", "q"], ["a", "b", "a"]), CountingEncoder(), None)
    assert made.of().shape == (3, made.width) == (3, 16)
    assert np.array_equal(made.of(np.array([2, 0])), made.of()[[2, 0]])
