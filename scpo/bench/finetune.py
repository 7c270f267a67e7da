"""Speed of fine-tuning, for `python -m scpo bench`: the authors' way is written anew from its description."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification, PreTrainedTokenizerBase
from trl.trainer.utils import disable_dropout_in_model

from scpo import data as sources
from scpo.bench import Row, row, seconds
from scpo.bench.reference import select_by_pair, step_padded
from scpo.config import PRISM_SIZED, DataConfig, ExperimentConfig
from scpo.data.preferences import Preferences
from scpo.hub import model_folder
from scpo.selection import keep_mask, pair_weights
from scpo.training.device import device
from scpo.training.finetune.dataset import SCPOCollator, Texts
from scpo.training.finetune.formats import InputFormat
from scpo.training.finetune.scoring import score
from scpo.training.loss import weighted_bradley_terry


@dataclass(frozen=True)
class Steps:
    """The same steps for both ways: fresh models of one start, the same batches, the same weights."""

    data: Preferences
    tokenizer: PreTrainedTokenizerBase
    model: BertConfig
    batches: list[np.ndarray]  # rows of the pair table
    weights: Sequence[torch.Tensor]  # of each batch's pairs

    def ours(self) -> list[float]:
        """The loss of each step of SCPOTrainer's way: texts tokenized once, batches as long as their longest pair."""
        model, optimizer = self._fresh()
        made, collate = Texts(self.data, InputFormat(self.tokenizer, 512)), SCPOCollator(self.tokenizer.pad_token_id)
        losses = []
        for rows, weight in zip(self.batches, self.weights, strict=True):
            inputs = collate(list(made.pairs(rows, np.zeros(len(self.data.pairs)), weight.numpy())))
            kept = {name: inputs[name].to(device()) for name in ("input_ids", "attention_mask", "token_type_ids")}
            chosen, rejected = model(**kept).logits[:, 0].chunk(2)
            losses.append(_step(optimizer, weighted_bradley_terry(chosen, rejected, weight.to(device()))))
        return losses

    def theirs(self) -> list[float]:
        """The loss of each step of the authors' way."""
        model, optimizer = self._fresh()
        return [
            _step(optimizer, step_padded(model, self.tokenizer, pairs_of(self.data, rows), weight.to(device())))
            for rows, weight in zip(self.batches, self.weights, strict=True)
        ]

    def _fresh(self) -> tuple[BertForSequenceClassification, torch.optim.Optimizer]:
        torch.manual_seed(0)
        model = BertForSequenceClassification(self.model).to(device())
        disable_dropout_in_model(model)
        return model, torch.optim.SGD(model.parameters(), lr=1e-3)


def _step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> float:
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


def bench_steps(pairs: int = 64, batch: int = 8, **sizes: int) -> Iterator[Row]:
    """Steps of fine-tuning a reward model of MiniLM's size, against the authors' way on the same pairs and weights.

    Theirs: every text tokenized and padded to 512 in each step, chosen and rejected in two passes.
    sizes   of the model, where it is not to be of MiniLM's
    """
    data, folder = sources.load(DataConfig(demo_world=PRISM_SIZED)), model_folder("minilm")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = BertConfig.from_pretrained(folder, num_labels=1, **sizes)
    rows = np.random.default_rng(0).choice(len(data.pairs), pairs, replace=False)
    lengths = np.array(Texts(data, InputFormat(tokenizer, 512)).pairs(rows, np.zeros(len(data.pairs)))["length"])
    order = np.argsort(lengths, kind="stable")  # length-grouped batches, the same ones for both ways
    batches = [rows[order[at : at + batch]] for at in range(0, pairs, batch)]
    weights = torch.tensor(np.linspace(0.2, 1, pairs)[order], dtype=torch.float32).split(batch)
    steps = Steps(data, tokenizer, config, batches, weights)

    results: dict[str, list[float]] = {}
    fast = seconds(lambda: results.update(ours=steps.ours()))
    slow = seconds(lambda: results.update(theirs=steps.theirs()))
    apart = float(np.abs(np.array(results["ours"]) - np.array(results["theirs"])).max())
    name = f"fine-tuning step, against the authors' way (mean {lengths.mean():.0f} tokens)"
    yield row(name, slow / fast, "times", 3, at_most=False)
    yield row("fine-tuning, largest difference of a step's loss", apart, "", 1e-4, at_most=True)


def bench_scoring(pairs: int = 200, **sizes: int) -> Iterator[Row]:
    """Filter and weight of pairs by a reward model of MiniLM's size, against the authors' way, a pair per batch."""
    data, folder = sources.load(DataConfig(demo_world=PRISM_SIZED)), model_folder("minilm")
    tokenizer, defaults = AutoTokenizer.from_pretrained(folder), ExperimentConfig()
    torch.manual_seed(0)
    model = BertForSequenceClassification(BertConfig.from_pretrained(folder, num_labels=1, **sizes)).eval().to(device())
    taken = np.arange(pairs)  # pairs of a country stand together, so that they share answers as they do in a run
    texts = pairs_of(data, taken)

    def ours():
        prompts = texts["prompt"].tolist()
        both = [*zip(prompts, texts["chosen"], strict=True), *zip(prompts, texts["rejected"], strict=True)]
        chosen, rejected = score(model, InputFormat(tokenizer, 512), both).astype(np.float64).reshape(2, -1)
        return keep_mask(chosen - rejected, defaults.tau), pair_weights(chosen - rejected, defaults.beta)

    results: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    fast = seconds(lambda: results.update(ours=ours()))
    slow = seconds(lambda: results.update(theirs=select_by_pair(model, tokenizer, texts, defaults.tau, defaults.beta)))
    apart = max(float(np.abs(a.astype(float) - b).max()) for a, b in zip(*results.values(), strict=True))
    yield row("filter and weight by a whole model, against a pair per batch", slow / fast, "times", 2, at_most=False)
    yield row("filter and weight by a whole model, largest difference", apart, "", 1e-4, at_most=True)


def pairs_of(data: Preferences, rows: np.ndarray) -> pd.DataFrame:
    """Prompt and both answers of these rows of the pair table, in words."""
    texts = {side: data.texts.iloc[data.pairs[side].to_numpy()[rows]] for side in ("chosen", "rejected")}
    answers = {side: table["response"].to_numpy() for side, table in texts.items()}
    return pd.DataFrame({"prompt": texts["chosen"]["prompt"].astype(str).to_numpy(), **answers})
