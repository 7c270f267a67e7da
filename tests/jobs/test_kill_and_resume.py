"""A job killed at any point and resumed ends as one that never was; a frozen worker that wakes writes nothing.

Workers are real processes killed by a real SIGKILL (or SIGSTOP) that they send themselves, so the
points are exact (driver.py). With `-s` the table is shown: point, state seen after it, outcome.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scpo.config import DataConfig, ExperimentConfig

from fakes import scored_rows

ROOT, DRIVER = Path(__file__).parents[2], Path(__file__).with_name("driver.py")
RESULTS = ("metrics.json", "heads.safetensors", "margins.safetensors", "tallies.safetensors", "summary.json")
FILES = {*RESULTS, "config.json", "data.json", "done.json", "progress.jsonl", "log.txt"}


def point(call, seen="", nth=1, side="before"):
    return {"call": call, "seen": seen, "nth": nth, "side": side}


REPORT, REPLACE, FSYNC = "scpo.progress.Progress.report", "os.replace", "os.fsync"
POINTS = {
    "claim not committed": (point("sqlalchemy.engine.Connection._commit_impl"), "queued"),
    "just claimed": (point("sqlalchemy.engine.Connection._commit_impl", side="after"), "lost"),
    "config.json half written": (point(FSYNC, "config.json", side="half"), "lost"),
    "data being read": (point("scpo.data.load"), "lost"),
    "data.json before its rename": (point(REPLACE, "data.json"), "lost"),
    "embedding begins": (point(REPORT, "embed"), "lost"),
    "embedding, cache file half written": (point(FSYNC, "features", 2, "half"), "lost"),
    "embedding, one cache file written": (point(REPLACE, "features", 1, "after"), "lost"),
    "global model, step about 300": (point(REPORT, "global 300"), "lost"),
    "plan of the heads": (point("scpo.training.heads.backend.plan_heads"), "lost"),
    "training, first step": (point(REPORT, "train 1 "), "lost"),
    "training, step 100": (point(REPORT, "train 100"), "lost"),
    "training, between two heads' blocks": (point("scpo.training.heads.stacked.Heads._train_block", nth=30), "lost"),
    "checkpoint half written": (point(FSYNC, "checkpoint-", 5, "half"), "lost"),
    "checkpoint before its rename": (point(REPLACE, "checkpoint-", 9), "lost"),
    "two checkpoints, old one not removed": (point(REPLACE, "checkpoint-", 12, "after"), "lost"),
    "training, last mark scored": (point(REPORT, "train 450 450"), "lost"),
    "lease being renewed": (point("scpo.jobs.leases.Leases.renew", nth=3), "lost"),
    "margins before their rename": (point(REPLACE, "margins.safetensors"), "lost"),
    "heads half written": (point(FSYNC, "heads.safetensors", side="half"), "lost"),
    "between heads and measures": (point(REPORT, "measure 0"), "lost"),
    "metrics half written": (point(FSYNC, "metrics.json", side="half"), "lost"),
    "between metrics and summary": (point(REPLACE, "metrics.json", side="after"), "lost"),
    "between summary and done": (point(REPLACE, "summary.json", side="after"), "lost"),
    "done half written": (point(FSYNC, "done.json", side="half"), "lost"),
    "done written, row not yet": (point("scpo.training.checkpoint.Checkpoint.remove", side="after"), "done"),
    "before the row's end": (point("scpo.jobs.leases.Leases.finish"), "done"),
}
OFTEN = (
    "data.json before its rename",
    "embedding, cache file half written",
    "training, step 100",
    "checkpoint half written",
    "two checkpoints, old one not removed",
    "heads half written",
    "between metrics and summary",
    "done half written",
)
HERE = ("config.json half written", "training, step 100", "between metrics and summary", "before the row's end")
FROZEN = {
    "in a training step": point(REPORT, "train 100"),
    "when it asks whether it may write": point("scpo.jobs.leases.Leases.check", nth=2),
    "when it says that it is done": point("scpo.jobs.leases.Leases.finish"),
}
HALVES = [point(REPLACE, name) for name in ("heads.safetensors", "metrics.json", "done.json")]


@pytest.fixture(scope="module")
def config(tmp_path_factory, tiny_encoder):
    path = tmp_path_factory.mktemp("data") / "rows.csv"
    scored_rows(60).to_csv(path, index=False)
    data = DataConfig("file", (str(path),), test_share=0.3)
    methods = ("full", "scpo", "shared", "pooled", "scratch")
    return ExperimentConfig(data, methods=methods, seeds=1, steps=450, budgets=(10,), encoder=str(tiny_encoder))


def driven(task, cases, folder, seconds=600):
    """What driver.py answers to cases, each in a workspace of its own and leaving its results apart."""
    for number, case in enumerate(cases):
        case |= {"workspace": str(folder / f"space{number}"), "results": str(folder / f"results{number}"), "shard": 64}
        Path(case["results"]).mkdir(parents=True)
    (folder / "cases.json").write_text(json.dumps(cases))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(DRIVER), task, str(folder / "cases.json")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def groups(task, config, folder, **cases):
    """Name of a group -> (its cases, what the driver answers to them); all in one process of it, which loads torch."""
    every = [case | {"config": config.as_dict()} for group in cases.values() for case in group]
    answers = iter(driven(task, every, folder))
    parts, at = {}, 0
    for name, group in cases.items():
        parts[name] = every[at : at + len(group)], [next(answers) for _ in group]
        at += len(group)
    return parts


@pytest.fixture(scope="module")
def killed(config, tmp_path_factory):
    """Runs that were never killed, killed once at each point, killed again and again, and those of the command line."""
    never, here = {"points": [], "plain": True}, {"here": True}
    return groups(
        "kill",
        config,
        tmp_path_factory.mktemp("killed"),
        never=[never],
        here_never=[never | here],
        once=[{"points": [at]} for at, _ in POINTS.values()],
        often=[{"points": [POINTS[n][0] for n in OFTEN]}],
        here=[{"points": [POINTS[n][0]]} | here for n in HERE],
    )


@pytest.fixture(scope="module")
def frozen(config, tmp_path_factory):
    """Workers frozen at a point, woken after or before another took their job, or in the middle of a write."""
    first = {"points": [FROZEN["in a training step"]], "wake_first": True}
    return groups(
        "freeze",
        config,
        tmp_path_factory.mktemp("frozen"),
        awake=[*({"points": [at]} for at in FROZEN.values()), first],
        halves=[{"points": [at]} for at in HALVES],
    )


def same(case, other):
    """Which of the result files of two cases are the same, byte for byte."""
    pairs = {name: (Path(case["results"]) / name, Path(other["results"]) / name) for name in RESULTS}
    return [n for n, (a, b) in pairs.items() if a.exists() and b.exists() and a.read_bytes() == b.read_bytes()]


def test_a_job_killed_at_any_point_and_resumed_ends_as_one_never_killed(killed):
    (never,), (cases, answers) = killed["never"][0], killed["once"]
    print(f"\n{'killed':<40}{'state':<8}{'then':<6}{'attempts':<10}same bytes")
    for name, case, answer in zip(POINTS, cases, answers, strict=True):
        equal = "all" if same(case, never) == list(RESULTS) else same(case, never)
        print(f"{name:<40}{answer['seen'][0][1]:<8}{answer['state']:<6}{answer['attempt']:<10}{equal}")
    for (name, (_, expected)), case, answer in zip(POINTS.items(), cases, answers, strict=True):
        how, state, message = answer["seen"][0]
        assert how == "SIGKILL", f"{name} was never reached: {how}"
        assert state == expected and ("Resume" in message or state != "lost"), name
        assert answer["state"] == "done", (name, answer["message"])
        assert answer["readable"] and same(case, never) == list(RESULTS), name
        assert set(answer["files"]) == FILES - {"log.txt"}, name  # nothing half-written is left behind


def test_a_job_killed_again_and_again_ends_as_one_never_killed(killed):
    (never,), ((case,), (answer,)) = killed["never"][0], killed["often"]
    assert [how for how, *_ in answer["seen"]] == ["SIGKILL"] * len(OFTEN)
    assert answer["attempt"] == len(OFTEN) + 1 and same(case, never) == list(RESULTS)


def test_a_run_of_the_command_line_killed_and_run_again_ends_as_one_never_killed(killed):
    (never,), (cases, answers) = killed["here_never"][0], killed["here"]
    assert [answer["seen"][0][1] for answer in answers] == ["none", "lost", "lost", "done"]
    for case, answer in zip(cases, answers, strict=True):
        assert answer["state"] == "done" and same(case, never) == list(RESULTS)


def test_a_frozen_worker_that_wakes_up_writes_nothing(frozen):
    answers = frozen["awake"][1]
    for name, answer in zip([*FROZEN, "and wakes before anybody resumed it"], answers, strict=True):
        print(f"\nfrozen {name}: {answer['lost'][0]} after {answer['waited']:.1f} s with a lease of 1 s", end="")
        assert answer["said"] == "fenced" and answer["touched"] == [] and answer["same_row"], name
    assert [answer["lost"][0] for answer in answers] == ["lost", "lost", "done", "lost"]
    assert "no sign of life for 1 s" in answers[0]["lost"][1]
    assert [answer["other"] for answer in answers[:2]] == ["done", "done"]


def test_a_worker_frozen_in_the_middle_of_writing_a_result_alters_none(frozen):
    assert len(frozen["halves"][1]) == len(HALVES)
    for answer in frozen["halves"][1]:
        assert answer["said"] == "fenced" and answer["state"] == "done"
        assert answer["altered"] == [] and answer["readable"] and answer["same_row"]
