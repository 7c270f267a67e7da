"""Small stand-ins that the tests share: a tiny encoder, a counting one, tiny data."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import traceback
import warnings
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from scpo.data.pairing import scored_pairs, split_units
from scpo.data.preferences import DataCard, Preferences
from scpo.runs.progress_log import add_progress

TRAINING = {  # an entry of a run's progress
    "stage": "train",
    "done": 30,
    "total": 300,
    "fraction": 0.4,
    "seconds_left": 12.0,
    "accuracy": {"Alvoria": {"full": 0.61}},
}
RATIO = {  # of a table of data efficiency: a method that gets there with fewer pairs
    "target": 0.7,
    "pairs_full": 280.0,
    "pairs_method": 100.0,
    "ratio": 2.8,
    "low": 1.5,
    "high": 4.0,
    "reached": True,
    "share_reached": 1.0,
    "note": "",
}
WORDS = "yes no maybe please thanks we I you they good bad kind direct polite long short warm cold home away".split()


def tried(examples: int, **more) -> settings:
    """Settings of a property tried on so many examples where others are on 100, and so in proportion in a search."""
    return settings(max_examples=max(1, examples * settings.default.max_examples // 100), **more)


class CountingEncoder:
    """Gives each string a vector made from its own letters, and remembers what it was asked."""

    key = "counting"

    def __init__(self, width: int = 8):
        self.width, self.asked = width, []

    @property
    def reader(self):
        return self

    def cut(self, strings):
        return [False] * len(strings)

    def encode(self, strings, on_tokens=None, tails=None):
        self.asked += list(strings)
        if on_tokens:
            on_tokens(1, 1)
        rows = [np.random.default_rng(list(s.encode())).normal(size=self.width) for s in strings]
        vectors = np.array(rows, dtype=np.float32).reshape(len(strings), self.width)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def tiny_encoder_folder(folder: Path) -> Path:
    """A BERT of 2 layers and 16 dimensions with random weights, saved as a model folder."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    vocabulary = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    fast.save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
        )
        BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def scored_rows(users: int = 40, prompts: int = 6, seed: int = 0) -> pd.DataFrame:
    """Scored responses in the user's second file form: three countries, each with its own favourite words."""
    rng = np.random.default_rng(seed)
    taste = {c: rng.normal(size=len(WORDS)) for c in ("Aland", "Borealis", "Cascadia")}
    rows = []
    for user in range(users):
        country = list(taste)[user % 3]
        for prompt in rng.choice(prompts, size=3, replace=False):
            for _ in range(3):
                words = rng.choice(len(WORDS), size=5)
                score = taste[country][words].sum() + rng.normal()
                rows.append(
                    {
                        "prompt": f"question {prompt} {WORDS[prompt]}",
                        "response": " ".join(WORDS[w] for w in words),
                        "score": round(float(score), 3),
                        "country": country,
                        "user": f"user{user}",
                    }
                )
    return pd.DataFrame(rows)


def tiny_preferences(users: int = 40, seed: int = 0) -> Preferences:
    """The same rows as `Preferences`: Aland is the reference, Borealis and Cascadia are steered to."""
    rows = scored_rows(users, seed=seed)
    unit, names = pd.factorize(rows["user"])
    group = pd.factorize(rows["user"] + rows["prompt"])[0]
    texts, pairs = scored_pairs(rows.assign(unit=unit, group=group))
    units = pd.DataFrame({"name": names, "split": split_units(len(names), 0, 0.25, 0.25)})
    card = DataCard("file", "tiny", False, "user", "made by the tests", "none", ("Aland",), ("Borealis", "Cascadia"))
    return Preferences(texts, pairs, units, card)


def card_rewards(folder: Path, texts=()) -> list[dict[tuple[str, str], float]]:
    """Rewards by each piece of Python in the model card of an export, run as it stands in a process of its own.

    The first of each is of the card's own texts; texts are put into the same lines in their place.
    """
    blocks = [part.partition("```")[0] for part in (folder / "README.md").read_text().split("```python\n")[1:]]
    given = [("a prompt", "an answer"), *texts]
    # What a card imports takes seconds, so it is imported once; each card runs in a fork of that process.
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["card_imports"])
    ours, theirs = forks.Pipe()
    reader = forks.Process(target=_read_card, args=(blocks, given, folder.parent, theirs))
    reader.start()
    theirs.close()
    try:
        told = ours.recv()
    except EOFError:
        told = "it ended without a word"
    reader.join()
    assert isinstance(told, list), told
    return [dict(zip(given, rewards, strict=True)) for rewards in told]


def _read_card(blocks: list[str], given: list[tuple[str, str]], folder: Path, answer) -> None:
    """Send the rewards of the texts by each block, or the trace of what went wrong."""
    warnings.simplefilter("ignore")
    os.chdir(folder)
    try:
        told: list[list[float]] = []
        for block in blocks:
            told.append([])
            for prompt, text in given:
                code, names = block.replace('"a prompt"', json.dumps(prompt)), {}
                exec(code.replace('"an answer"', json.dumps(text)), names)
                told[-1].append(float(names["reward"]))
        answer.send(told)
    except BaseException:
        answer.send(traceback.format_exc())


def run_apart(config, folder: Path):
    """A run in `run` of a folder, in a workspace of its own: a fixture of a module may not leave it in a test's."""
    from scpo import run

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(folder / "space"))
        return run(config, folder / "run")


def job_of(finished: Path, workspace: Path, name: str, called: str = ""):
    """A copy of a finished run's folder in a workspace that has no other, as its job; renamed where `called` says."""
    from scpo.jobs.store import open_store

    shutil.copytree(finished, workspace / "runs" / name)
    with closing(open_store(workspace)) as store:
        (job,) = store.jobs()
        return store.rename(job.id, called) if called else job


def unfinished(workspace: Path, worker: str, *entries: dict):
    """A job that a process works on, or did until it went, with its progress so far; the store, and the job."""
    from scpo import runs
    from scpo.config import ExperimentConfig
    from scpo.jobs.leases import Leases
    from scpo.jobs.store import open_store

    store, folder, config = open_store(workspace), workspace / "runs" / "demo-unfinished", ExperimentConfig(seeds=7)
    runs.create(folder, config)
    for entry in entries:
        add_progress(folder, entry)
    return store, Leases(store.table).begin(config, folder, worker)


def chance_judge(folder: Path, name: str = "J") -> str:
    """Puts a judge beside a finished run that is right on two pairs of three by chance; what it is called."""
    from scpo.judging import beside
    from scpo.metrics.accuracy import accuracy_table
    from scpo.metrics.bias import bias_table
    from scpo.metrics.paired import paired_table
    from scpo.runs.judges import Judge, brought, write_judge
    from scpo.runs.outcomes import read_outcomes

    rng, outcomes, called = np.random.default_rng(0), read_outcomes(folder).outcomes, brought(name)
    signs = {c: np.where(rng.random(len(o.each.known)) < 2 / 3, 1, -1).astype(np.int8) for c, o in outcomes.items()}
    read = beside(outcomes, signs, called, False)
    tables = {"accuracy": accuracy_table(read), "paired": paired_table(read, (called,)), "bias": bias_table(read, None)}
    countries = {country: [len(of), len(of)] for country, of in signs.items()}
    about = {"name": name, "source": "made up", "texts": 9, "matched": 9, "left_out": {}, "rows": 9, "unread": []}
    write_judge(folder, Judge(about | {"countries": countries}, tables, signs))
    return called


def falsified(*rows: tuple) -> pd.DataFrame:
    """Results of altered groups: kind, draw, method, quantity, difference, p; an interval that goes with p."""
    table = pd.DataFrame(rows, columns=["kind", "draw", "method", "quantity", "difference", "p"])
    half = np.where(table["p"] < 0.05, 0.9, 1.5) * table["difference"].abs() + 0.001 * (table["p"] >= 0.05)
    known = table["p"].notna()
    low, high = (table["difference"] + side * half for side in (-1, 1))
    country = np.where(table["kind"] == "flipped", "Galune", "mean")
    return table.assign(country=country, low=low.where(known), high=high.where(known), units=40, pairs=800)


def demo_questions():
    """What a room asks that is opened on the built-in demo run."""
    from scpo import runs
    from scpo.rooms.questions import Questions

    return Questions.from_json((Path(runs.__file__).parents[1] / "demo_run" / "questions.json").read_text())


def planted_votes(questions, population, voters, seed=0, noise=0.5):
    """Votes on every pair by people who differ around the taste of a country, or of `global`."""
    rng = np.random.default_rng(seed)
    margins = np.vstack([questions.base, questions.own])[["global", *questions.countries].index(population)]
    own = margins + noise * rng.normal(size=(voters, len(questions)))
    voter, pair = np.indices(own.shape).reshape(2, -1)
    left = rng.uniform(size=own.size) < 1 / (1 + np.exp(-own.ravel()))
    return pd.DataFrame({"voter": voter, "pair": pair, "left": left})
