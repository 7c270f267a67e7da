"""Rewards of a whole model: batching changes nothing, each text is scored once, kept rewards are found again."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from models import tiny_model
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from scpo.errors import ConfigError
from scpo.training.finetune.formats import Encoded, InputFormat
from scpo.training.finetune.scoring import rewards_of, score


@pytest.fixture(params=["bert", "deberta", "chat"])
def loaded(request, tmp_path):
    return loaded_as(tmp_path, request.param)


def loaded_as(tmp_path, kind):
    folder = tiny_model(tmp_path / "model", kind)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    return model, InputFormat(AutoTokenizer.from_pretrained(folder), 48)


def texts(n=20):
    rng = np.random.default_rng(0)
    said = [" ".join(f"w{k}" for k in rng.integers(0, 40, size)) for size in rng.integers(1, 20, 2 * n)]
    return list(zip(said[:n], said[n:], strict=True))


def test_batches_give_the_rewards_of_one_at_a_time(loaded):
    model, inputs = loaded
    model.train()
    got = score(model, inputs, texts(), tokens_per_batch=128)
    assert model.training, "the mode of the model is given back"
    model.eval()
    for reward, (prompt, response) in zip(got, texts(), strict=True):
        one = inputs.encode(prompt, response)
        tensors = {"input_ids": torch.tensor([one.ids])}
        if one.segments:
            tensors["token_type_ids"] = torch.tensor([one.segments])
        with torch.inference_mode():
            assert reward == pytest.approx(model(**tensors).logits.item(), abs=1e-5)


def test_equal_texts_are_scored_once_and_kept_rewards_are_found(loaded, tmp_path, monkeypatch):
    model, inputs = loaded
    seen = []
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda **batch: seen.append(len(batch["input_ids"])) or forward(**batch))
    first = score(model, inputs, texts() * 3, cache=tmp_path)
    assert sum(seen) == 20 and (first[:20] == first[40:]).all()
    again = score(model, inputs, texts() * 3, cache=tmp_path)
    assert sum(seen) == 20 and (again == first).all()
    next(model.parameters()).data.add_(0.1)
    assert (score(model, inputs, texts() * 3, cache=tmp_path) != first).any() and sum(seen) == 40


def test_batches_are_in_order_of_length_and_each_process_takes_every_second(loaded, monkeypatch):
    model, inputs = loaded
    seen, forward = [], model.forward
    monkeypatch.setattr(model, "forward", lambda **batch: seen.append(batch["attention_mask"]) or forward(**batch))
    whole, parts = score(model, inputs, texts(), tokens_per_batch=96), []
    longest = [mask.sum(1).max() for mask in seen]
    assert longest == sorted(longest) and len(seen) > 3
    for rank in range(2):
        seen.clear()
        process = SimpleNamespace(process_index=rank, num_processes=2, reduce=lambda t, how: t, device="cpu")
        parts.append(score(model, inputs, texts(), tokens_per_batch=96, accelerator=process))
        assert len(seen) == -(-len(longest) // 2)
    assert sum(parts) == pytest.approx(whole, abs=1e-6) and all((part == 0).any() for part in parts)


def test_equal_ids_with_other_segments_are_two_inputs(tmp_path):
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model(tmp_path / "model"))
    ids = [2, 10, 3, 11, 3, 12, 3]
    both = [Encoded(ids, [0] * 3 + [1] * 4), Encoded(ids, [0] * 5 + [1] * 2)]
    assert rewards_of(model, both)[0] != rewards_of(model, both)[1]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content[:-5],
        lambda content: b"",
        lambda content: content.replace(b"rewards", b"awardst"),
    ],
)
def test_damaged_kept_rewards_are_found_and_made_anew(tmp_path, damage, caplog):
    model, inputs = loaded_as(tmp_path, "bert")
    first = score(model, inputs, texts(), cache=tmp_path / "cache")
    (path,) = (tmp_path / "cache").iterdir()
    content = path.read_bytes()
    path.write_bytes(damage(content))
    assert (score(model, inputs, texts(), cache=tmp_path / "cache") == first).all() and path.read_bytes() == content
    assert "damaged" in caplog.text


def test_rewards_that_cannot_be_kept_cost_only_time(tmp_path, caplog):
    model, inputs = loaded_as(tmp_path, "bert")
    (tmp_path / "file").write_text("not a folder")
    assert (
        len(score(model, inputs, texts(), cache=tmp_path / "file" / "cache")) == 20 and "cannot be kept" in caplog.text
    )


class Rounded(torch.nn.Module):
    """A reward model as accelerate leaves it after training in bfloat16: autocast around its forward."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.config = inner, inner.config
        self._original_forward = self.forward
        self.forward = torch.autocast("cpu", dtype=torch.bfloat16)(self.forward)

    def get_input_embeddings(self):
        return self.inner.get_input_embeddings()

    def forward(self, **batch):
        return self.inner(**batch)


def test_a_model_that_trains_in_bfloat16_is_scored_in_the_precision_of_its_weights(loaded):
    model, inputs = loaded
    expected, rounded = score(model, inputs, texts()), Rounded(model)
    wrapped = rounded.forward
    assert np.array_equal(score(rounded, inputs, texts()), expected)
    assert rounded.forward is wrapped, "it goes on training as it did"
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert np.array_equal(score(model, inputs, texts()), expected), "nor does an autocast around the call matter"
    one = inputs.encode(*texts()[0])
    rewards = [each(input_ids=torch.tensor([one.ids])).logits.dtype for each in (rounded, model)]
    assert rewards == [torch.bfloat16, torch.float32], "what is undone here is there"


def test_scoring_with_dropout_takes_no_chance_from_the_training_around_it(tmp_path):
    model, inputs = loaded_as(tmp_path, "bert")
    torch.manual_seed(3)
    first = score(model, inputs, texts(), dropout=True)
    after = torch.rand(1)
    torch.manual_seed(3)
    assert torch.rand(1) == after and (first != score(model, inputs, texts())).all()


def test_tokens_that_the_model_has_no_weights_for_are_told_with_both_numbers(loaded):
    model, inputs = loaded
    size = model.get_input_embeddings().num_embeddings
    with pytest.raises(ConfigError, match=f"number {size}, .* {size} tokens, numbered 0 to {size - 1}"):
        rewards_of(model, [Encoded([1, size])])


def test_damaged_weights_are_refused(loaded):
    model, inputs = loaded
    for weight in model.parameters():
        weight.data.fill_(float("nan"))
    with pytest.raises(ConfigError, match="not a finite number"):
        score(model, inputs, texts())
