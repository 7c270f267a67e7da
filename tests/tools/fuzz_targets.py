"""What tests/tools/fuzz.py puts mutated files to: files that a user brings, files of a run folder and of the caches."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.numpy

from scpo import data, runs
from scpo.config import DataConfig, ExperimentConfig
from scpo.data.checks import check_numbers, check_texts
from scpo.data.faults import Faults
from scpo.data.reading import read_table
from scpo.runs.files import file_hash, write_json
from scpo.runs.global_rewards import COLUMNS, read_margins
from scpo.runs.outcomes import read_outcomes
from scpo.runs.progress_log import read_progress

import mutations

KINDS = {
    "csv": mutations.as_csv,
    "jsonl": mutations.as_jsonl,
    "json": mutations.as_json,
    "parquet": mutations.as_parquet,
}
SETS, TABLES, FILES = 12, 96, 384  # inputs in a target's turn, by how long one takes: whole data sets, tables, files


@dataclass(frozen=True)
class Target:
    """One kind of file.

    file   its name; seeds: valid contents, as trees for `form` to write, or as bytes
    read   reads the folder in which it lies
    """

    file: str
    seeds: list
    read: Callable[[Path], object]
    form: Callable[[object], bytes] | None = None
    turn: int = FILES

    def content(self, rng: random.Random) -> bytes:
        """A mutated file: its values first, then often its bytes too."""
        seed = rng.choice(self.seeds)
        if self.form is None:
            return mutations.of_bytes(seed, rng)
        for _ in range(rng.randrange(4)):
            seed = mutations.of_tree(seed, rng)
        content = self.form(seed)
        return mutations.of_bytes(content, rng) if rng.random() < 0.5 else content


def _loading(dataset: str, *names: str) -> Callable[[Path], object]:
    def load(folder: Path) -> object:
        loaded = data.load(DataConfig(dataset, tuple(str(folder / name) for name in names)))
        data.counts(loaded)
        return data.content_hash(loaded)

    return load


def _user_rows() -> list:
    pairs = [{"prompt": f"p{i % 9}", "chosen": f"a{i}", "rejected": f"b{i}", "country": "Chile"} for i in range(4)]
    scored = [
        {
            "prompt": "p",
            "response": f"r{i}",
            "score": i / 2,
            "country": "Chile",
            "user": f"u{i // 2}",
            "group": i // 2,
            "age": "18-24",
        }
        for i in range(4)
    ]
    countries = ("Chile", "Kenya")
    whole = [{**pairs[0], "chosen": f"a{i}", "user": f"u{i}", "country": countries[i % 2]} for i in range(120)]
    return [pairs, scored, pairs, scored, whole, _messages(4), _picks(3), _picks(60)]


def _messages(rows: int) -> list:
    asked = [{"role": "user", "content": "Why?"}]
    return [
        {
            "chosen": [*asked, {"role": "assistant", "content": f"a{i}"}],
            "country": "Chile",
            "rejected": [*asked, {"role": "assistant", "content": [{"type": "text", "text": f"b{i}"}]}],
        }
        for i in range(rows)
    ]


def _picks(rows: int) -> list:
    answers = {f"first_turn_response_{letter}": f"answer {letter}" for letter in "abcd"}
    return [
        {
            "annotator_id": f"u{i % 20}",
            "annotator_country": ("india", "italy")[i % 2],
            "first_turn_prompt": f"p{i}",
            "first_turn_preferred_response": "response_b",
            **answers,
        }
        for i in range(rows)
    ]


def _survey_rows(questions: int) -> list:
    return [
        {"question": f"q{i}?", "country": c, "options": ["Yes", "No", "DK"], "distribution": [0.5, 0.3, 0.2]}
        for i in range(questions)
        for c in ("Mexico", "Germany")
    ]


def _published_rows(questions: int) -> list:
    shares = "defaultdict(<class 'list'>, {'Mexico': [0.5, 0.3, 0.2], 'Kenya': [0.2, 0.3, 0.5]})"
    row = {"selections": shares, "options": "['Yes', 'No', 'DK']", "source": "x"}
    return [{"question": f"q{i}?", **row} for i in range(questions)]


def _survey_seeds(kind: str) -> list:
    """Rows of either form; a csv has only the published one, whose cells are texts."""
    published = [_published_rows(2), _published_rows(40)]
    return published if kind == "csv" else [_survey_rows(2), *published, _survey_rows(30)]


def _people(users: int) -> list:
    places = ("Chile", "United States", "Prefer not to say")
    return [
        {
            "user_id": f"u{i}",
            "age": "25-34",
            "location": {"reside_country": places[i % 3]},
            "religion": {"simplified": "No"},
        }
        for i in range(users)
    ]


def _said(users: int) -> list:
    return [
        {
            "utterance_id": f"t{i}",
            "interaction_id": f"i{i // 2}",
            "user_id": f"u{i // 2}",
            "user_prompt": "p",
            "model_response": f"r{i}",
            "score": 1 + i % 100,
        }
        for i in range(2 * users)
    ]


def data_targets(folder: Path) -> dict[str, Target]:
    """Files that a user brings."""
    from scpo.cli.best_of_n import read_candidates

    for name, rows in (("people.jsonl", _people(120)), ("said.jsonl", _said(120))):
        (folder / name).write_bytes(mutations.as_jsonl(rows))
    found = {}
    for kind, form in KINDS.items():
        for name, seeds, read in (
            ("file", _user_rows(), _loading("file", f"file.{kind}")),
            (
                "survey",
                _survey_seeds(kind),
                _loading("globalopinionqa", f"survey.{kind}"),
            ),
            ("prism-people", [_people(120)], _loading("prism", f"prism-people.{kind}", "said.jsonl")),
            ("prism-said", [_said(3), _said(3), _said(120)], _loading("prism", "people.jsonl", f"prism-said.{kind}")),
            ("candidates", [_user_rows()[1]], lambda at, kind=kind: read_candidates(str(at / f"candidates.{kind}"))),
        ):
            found[f"{name}.{kind}"] = Target(f"{name}.{kind}", seeds, read, form, SETS)
        seeds = [*_user_rows()[:2], _survey_rows(2), _published_rows(2), _people(3), _said(3)]
        found[f"table.{kind}"] = Target(f"table.{kind}", seeds, _table(f"table.{kind}"), form, TABLES)
    return found


def _table(name: str) -> Callable[[Path], object]:
    """Reads a file as a table and checks each of its columns, without what the loaders make of it."""

    def read(folder: Path) -> None:
        faults = Faults(name)
        table = read_table(str(folder / name), faults)
        for column in table.columns:
            (check_numbers if column == "score" else check_texts)(table[column], faults)
        faults.raise_any()

    return read


def _run_files() -> dict[str, object]:
    record = dict.fromkeys(runs.METRIC_COLUMNS, 1) | {"country": "A", "method": "scpo", "subset": "full"}
    return {
        "config.json": ExperimentConfig(budgets=(5, 10)).as_dict(),
        "metrics.json": [record, record],
        "data.json": {"dataset": "demo", "countries": ["A"], "counts": [{"country": "A", "pairs": 3}]},
        "summary.json": dict.fromkeys(runs.TABLES, []) | {"accuracy": [{"country": "A", "accuracy": 0.5}]},
    }


def _sealed(folder: Path, name: str) -> Callable[[Path], object]:
    """Reads a run whose file was altered and its hash with it."""
    folder.mkdir()
    for other, value in _run_files().items():
        write_json(folder / other, value)
    hashes = {other: file_hash(folder / other) for other in _run_files()}

    def read(_: Path) -> object:
        hashes[name] = file_hash(folder / name)
        (folder / "done.json").write_text(json.dumps({"files": hashes}))
        return runs.read(folder)

    return read


def run_targets(folder: Path) -> dict[str, Target]:
    """Files of a run folder and of the caches."""
    from scpo.jobs.job import is_whole
    from scpo.training.checkpoint import Checkpoint
    from scpo.training.finetune.checkpoints import last_whole
    from scpo.training.finetune.scoring import read_kept
    from scpo.training.heads.features import read_cache
    from scpo.training.heads.global_model import load_global

    half, head = np.float32([[0.5] * 4]), {"method": ["full"], "seed": [0], "pairs": [3]}
    tensors = {
        "margins": ({name: np.zeros(2, kind) for name, kind in COLUMNS.items()}, {"countries": ["A"]}),
        "tallies": (
            {
                "0/units": np.arange(2),
                "0/wins": np.ones((1, 3, 2), int),
                "0/counts": np.ones((3, 2), int),
                "0/ties": np.zeros((1, 3), int),
            },
            {"countries": ["A"], "heads": [head], "test": {"A": "0"}},
        ),
        "heads": ({"global": half, "heads": half, "prompt_mean": half[0]}, {"encoder_key": "k", "hidden": 0}),
        "rewards": ({"rewards": np.zeros(3, np.float32)}, {}),
    }
    kept = {n: safetensors.numpy.save(t, metadata={"about": json.dumps(about)}) for n, (t, about) in tensors.items()}
    config, progress = (
        ExperimentConfig(),
        [{"stage": "train", "done": 3, "total": 9, "accuracy": {"A": {"full": 0.5}}}] * 3,
    )
    readers = {
        "margins": read_margins,
        "tallies": read_outcomes,
        "rewards": lambda at: read_kept(at / "rewards.safetensors", 3),
        "heads": lambda at: load_global(str(at / "heads.safetensors"), "k", config),
    }
    targets = {f"{n}.safetensors": Target(f"{n}.safetensors", [kept[n]], readers[n]) for n in kept}
    targets["cache.safetensors"] = Target(f"{'0' * 32}.safetensors", [kept["rewards"]], read_cache)
    targets["checkpoint.safetensors"] = Target(
        f"checkpoint-{'0' * 32}.safetensors", [kept["rewards"]], lambda at: Checkpoint(at, "k").load()
    )
    for name, tree in _run_files().items():
        place = f"run-{name.partition('.')[0]}"
        read = _sealed(folder / place, name)
        targets[f"run {name}"] = Target(f"{place}/{name}", [tree], read, mutations.as_json, TABLES)
    done = {"finished": 1.0, "files": {name: "0" for name in runs.RESULT_FILES}}
    targets["done.json"] = Target("done.json", [done], lambda at: (is_whole(at), runs.read(at)), mutations.as_json)
    targets["progress.jsonl"] = Target("progress.jsonl", [progress], read_progress, mutations.as_jsonl)
    (folder / "checkpoint-1").mkdir()
    targets["files.json"] = Target("checkpoint-1/files.json", [{"a": "0"}], last_whole, mutations.as_json)
    return targets


def all_targets(folder: Path) -> dict[str, Target]:
    """Every target by its name; what they read beside the mutated file lies in the folder."""
    return data_targets(folder) | run_targets(folder)
