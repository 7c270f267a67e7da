"""Speed of fine-tuning, for `python -m scpo bench`: the authors' way is written anew from its description."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification
from trl.trainer.utils import disable_dropout_in_model

from scpo import data as sources
from scpo.bench import Row, row, seconds
from scpo.config import DataConfig
from scpo.hub import model_folder
from scpo.training.finetune.formats import InputFormat
from scpo.training.finetune.one import Texts
from scpo.training.finetune.pairs import SCPOCollator


def bench_steps(pairs: int = 64, batch: int = 8) -> Iterator[Row]:
    """Steps of fine-tuning a reward model of MiniLM's size, against the authors' way on the same pairs and weights.

    Theirs: every text tokenized and padded to 512 in each step, chosen and rejected in two passes.
    """
    data, folder = sources.load(DataConfig()), model_folder("minilm")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = BertConfig.from_pretrained(folder, num_labels=1)
    rows = np.random.default_rng(0).choice(len(data.pairs), pairs, replace=False)
    weight = np.linspace(0.2, 1, pairs)

    def fresh():
        torch.manual_seed(0)
        model = BertForSequenceClassification(config)
        disable_dropout_in_model(model)
        return model, torch.optim.SGD(model.parameters(), lr=1e-3)

    def step(model, optimizer, margins, w):
        loss = -(w * torch.nn.functional.logsigmoid(margins)).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    def lengths(taken):
        table = Texts(data, InputFormat(tokenizer, 512)).pairs(taken, np.zeros(len(data.pairs)))
        return np.array(table["length"])

    order = np.argsort(lengths(rows), kind="stable")  # length-grouped batches, the same ones for both ways
    batches = [rows[order[at : at + batch]] for at in range(0, pairs, batch)]
    weights = [torch.tensor(weight[order[at : at + batch]], dtype=torch.float32) for at in range(0, pairs, batch)]

    def ours():
        model, optimizer = fresh()
        made, collate = Texts(data, InputFormat(tokenizer, 512)), SCPOCollator(tokenizer.pad_token_id)
        found = []
        for taken, w in zip(batches, weights, strict=True):
            inputs = collate(list(made.pairs(taken, np.zeros(len(data.pairs)), w.numpy())))
            kept = {name: inputs[name] for name in ("input_ids", "attention_mask", "token_type_ids")}
            chosen, rejected = model(**kept).logits[:, 0].chunk(2)
            found.append(step(model, optimizer, chosen - rejected, w))
        return found

    def theirs():
        model, optimizer = fresh()
        found = []
        for taken, w in zip(batches, weights, strict=True):
            rewards = []
            for side in ("chosen", "rejected"):
                texts = data.texts.iloc[data.pairs[side].to_numpy()[taken]]
                inputs = tokenizer(texts["prompt"].tolist(), texts["response"].tolist(), padding="max_length",
                                   truncation=True, max_length=512, return_tensors="pt")  # fmt: skip
                rewards.append(model(**inputs).logits[:, 0])
            found.append(step(model, optimizer, rewards[0] - rewards[1], w))
        return found

    results: dict[str, list[float]] = {}
    fast = seconds(lambda: results.update(ours=ours()))
    slow = seconds(lambda: results.update(theirs=theirs()))
    apart = float(np.abs(np.array(results["ours"]) - np.array(results["theirs"])).max())
    mean = lengths(rows).mean()
    yield row(f"fine-tuning step, against the authors' way (mean {mean:.0f} tokens)", slow / fast, "times", 3,
              at_most=False)  # fmt: skip
    yield row("fine-tuning, largest difference of a step's loss", apart, "", 1e-4, at_most=True)
