"""A checkpoint is written whole or not at all, and never taken for another training's."""

import errno
import os

import pytest
import torch

from scpo.training import checkpoint
from scpo.training.checkpoint import Checkpoint


def state(value):
    return {"theta": torch.full((3, 4), float(value)), "scored": torch.tensor(value)}


def files(folder):
    return sorted(folder.glob("*"))


def value_of(loaded):
    return None if loaded is None else (loaded[0], float(loaded[1]["theta"][0, 0]), int(loaded[1]["scored"]))


def test_the_last_state_comes_back_with_its_step_and_no_other_file_stays(tmp_path):
    kept = Checkpoint(tmp_path, "key", every=0)
    assert kept.load() is None
    for step in (10, 20, 30):
        kept.save(step, state(step))
    assert len(files(tmp_path)) == 1 and value_of(Checkpoint(tmp_path, "key").load()) == (30, 30.0, 30)
    kept.remove()
    assert files(tmp_path) == []


def test_an_equal_state_saved_twice_stays(tmp_path):
    kept = Checkpoint(tmp_path, "key", every=0)
    kept.save(10, state(1))
    kept.save(10, state(1))
    assert value_of(kept.load()) == (10, 1.0, 1)


def test_a_state_soon_after_another_is_not_written(tmp_path, monkeypatch):
    assert checkpoint.SECONDS == 5
    kept = Checkpoint(tmp_path, "key", every=3600)
    kept.save(10, state(1))
    assert files(tmp_path) == []
    monkeypatch.setattr(checkpoint, "SECONDS", 0)
    Checkpoint(tmp_path, "key").save(10, state(1))
    assert len(files(tmp_path)) == 1


def test_another_trainings_state_is_not_read(tmp_path):
    one = Checkpoint(tmp_path, "key", every=0).narrowed(b"start", b"pool")
    one.save(10, state(1))
    same = Checkpoint(tmp_path, "key", every=0).narrowed(b"start", b"pool")
    assert value_of(same.load()) == (10, 1.0, 1)
    for other in (
        Checkpoint(tmp_path, "key"),
        Checkpoint(tmp_path, "other").narrowed(b"start", b"pool"),
        Checkpoint(tmp_path, "key").narrowed(b"start", b"other"),
        Checkpoint(tmp_path, "key").narrowed(b"startpool"),
        Checkpoint(tmp_path, "key").narrowed(b"star", b"tpool"),
    ):
        assert other.load() is None


def test_a_state_of_another_version_of_the_program_is_not_read(tmp_path, monkeypatch):
    Checkpoint(tmp_path, "key", every=0).narrowed(b"start").save(10, state(1))
    monkeypatch.setattr("scpo.__version__", "99.0")
    assert Checkpoint(tmp_path, "key").narrowed(b"start").load() is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
        lambda content: content + b"\0",
    ],
)
def test_a_damaged_file_is_left_out_and_the_one_before_it_is_taken(tmp_path, damage):
    """Killed between the new file and the removal of the old one, there are two."""
    kept = Checkpoint(tmp_path, "key", every=0)
    kept.save(10, state(1))
    (first,) = files(tmp_path)
    before = first.read_bytes()
    kept.save(20, state(2))
    (second,) = files(tmp_path)
    first.write_bytes(before)
    assert value_of(kept.load()) == (20, 2.0, 2)
    second.write_bytes(damage(second.read_bytes()))
    assert value_of(kept.load()) == (10, 1.0, 1)
    first.write_bytes(damage(before))
    assert kept.load() is None
    kept.save(30, state(3))
    assert len(files(tmp_path)) == 1 and value_of(kept.load()) == (30, 3.0, 3)


def test_a_file_that_no_training_wrote_is_left_out(tmp_path):
    content = b"not a tensor in it"
    (tmp_path / f"checkpoint-{checkpoint._hash(content)}.safetensors").write_bytes(content)
    (tmp_path / "checkpoint-0.safetensors").mkdir()
    assert Checkpoint(tmp_path, "key").load() is None


def test_a_full_disk_leaves_the_state_before(tmp_path, monkeypatch):
    kept = Checkpoint(tmp_path, "key", every=0)
    kept.save(10, state(1))

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        kept.save(20, state(2))
    assert len(files(tmp_path)) == 1 and value_of(kept.load()) == (10, 1.0, 1)


def test_what_is_kept_is_no_view_of_what_is_trained_on(tmp_path):
    kept, tensors = Checkpoint(tmp_path, "key", every=0), state(1)
    kept.save(10, {**tensors, "turned": tensors["theta"].T})  # not contiguous
    tensors["theta"].zero_()
    assert value_of(kept.load()) == (10, 1.0, 1) and kept.load()[1]["turned"].shape == (4, 3)
