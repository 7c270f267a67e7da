"""Fine-tuning as an experiment: the run folder, the measures, resuming, LoRA, a fresh head; the paper's table."""

import contextlib
import dataclasses
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
import torch
from datasets import Dataset
from models import prism_files, settings, tiny_model
from safetensors import safe_open

from scpo import runs
from scpo.cli import main
from scpo.config import ExperimentConfig
from scpo.errors import ConfigError, InputError, RunFolderError, SourceMissing, Stopped
from scpo.plan import HeadPlan, Pool
from scpo.runs.progress_log import read_progress
from scpo.training.experiment import one_device, run
from scpo.training.finetune.formats import InputFormat
from scpo.training.finetune.loading import has_head, load_model, load_start, load_tokenizer
from scpo.training.finetune.model_progress import ProgressOfModels
from scpo.training.finetune.saved import model_folders, reward_texts, start_of
from scpo.training.finetune.scoring import score
from scpo.training.finetune.train_model import Task
from scpo.training.finetune.trained_model import KEPT, read_model
from scpo.training.finetune.trainer import SCPOConfig, SCPOTrainer

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated.*:FutureWarning")


def about(result):
    with safe_open(result.folder / runs.MODELS, "np") as file:
        return json.loads(file.metadata()["about"])


def test_a_run_has_the_documented_files_and_the_tables_of_any_run(result):
    names = {path.name for path in result.folder.iterdir()}
    assert names == {*runs.RESULT_FILES, runs.MODELS, "models", "progress.jsonl", "done.json"}
    table = result.tables["accuracy"]
    assert set(table["method"]) == {"global", "full", "scpo"} and table["accuracy"].notna().any()
    assert set(result.tables["path"]["step"]) == {0, 2, 4, 6, 8}
    assert not any((result.folder / "models").glob("*.part")), "checkpoints go when a model is done"


def test_the_kept_models_give_the_rewards_that_were_measured(result):
    kept, saved = about(result), safetensors.numpy.load_file(result.folder / runs.MODELS)
    place = next(k for k, row in enumerate(kept["models"]) if row["folder"])
    row = kept["models"][place]
    from scpo import data as sources

    data = sources.load(result.config.data)
    rows = data.of(row["country"], "test")[:5]
    texts = data.texts.iloc[data.pairs["chosen"].to_numpy()[rows]]
    folders = model_folders(result, row["country"], row["method"])
    found = reward_texts(result, folders, list(zip(texts["prompt"].astype(object), texts["response"], strict=True)))
    assert found == pytest.approx(saved["models"][place][data.pairs["chosen"].to_numpy()[rows]], abs=1e-5)


def test_models_trained_in_bfloat16_are_measured_as_the_global_model_is(files, model, tmp_path):
    from scpo import data as sources

    result = run(settings(files, model, precision="bf16", methods=("global", "full")), tmp_path / "out")
    kept, saved = about(result), safetensors.numpy.load_file(result.folder / runs.MODELS)
    data, place = sources.load(result.config.data), next(k for k, row in enumerate(kept["models"]) if row["step"])
    rewards = saved["models"][place]
    rows = np.flatnonzero(np.isfinite(rewards))[:40]
    texts = data.texts.iloc[rows]
    folders = [result.folder / kept["models"][place]["folder"]]
    found = reward_texts(result, folders, list(zip(texts["prompt"].astype(object), texts["response"], strict=True)))
    assert rewards[rows] == pytest.approx(found, abs=1e-5), "the saved model gives the rewards that were measured"
    assert (torch.tensor(rewards[rows]).bfloat16().float().numpy() != rewards[rows]).mean() > 0.9


def test_accuracy_is_that_of_the_kept_rewards(result):
    from scpo import data as sources

    saved, data = safetensors.numpy.load_file(result.folder / runs.MODELS), sources.load(result.config.data)
    chosen, rejected = (data.pairs[side].to_numpy() for side in ("chosen", "rejected"))
    table = result.tables["accuracy"].set_index(["country", "method", "subset"])["accuracy"]
    for place, row in enumerate(about(result)["models"]):
        test = data.of(row["country"], "test")
        reward = saved["models"][place]
        right = (reward[chosen[test]] > reward[rejected[test]]).mean()
        assert table[row["country"], row["method"], "full"] == pytest.approx(right)


def test_a_changed_model_is_not_served(result, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(result.folder, copy)
    row = next(row for row in about(result)["models"] if row["folder"])
    weights = copy / row["folder"] / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(RunFolderError, match="were changed"):
        model_folders(runs.read(copy), row["country"], row["method"])


def test_a_run_that_was_stopped_goes_on_to_the_same_results(result, files, model, tmp_path):
    seen, out = [], tmp_path / "out"

    def stop_in_the_second_model():
        entries = read_progress(out)
        return bool(entries) and entries[-1]["stage"] == "train" and entries[-1]["done"] >= 8 + 5

    with contextlib.suppress(Stopped):
        run(settings(files, model), out, should_stop=stop_in_the_second_model, on_progress=seen.append)
    assert (out / "models" / "0000").is_dir() and (out / "models" / "0001.part").is_dir() and not runs.is_done(out)
    again = run(settings(files, model), out)
    one, other = (safetensors.numpy.load_file(r.folder / runs.MODELS) for r in (result, again))
    assert all(np.array_equal(one[name], other[name], equal_nan=True) for name in one)
    pd.testing.assert_frame_equal(result.tables["path"], again.tables["path"])


def test_adapters_are_kept_small_and_served_merged(files, tmp_path):
    chat = tiny_model(tmp_path / "chat", "chat")
    config = settings(files, chat, finetune={"lora": 2, "model_lr": 3e-2}, methods=("global", "full"))
    result = run(config, tmp_path / "out")
    row = next(row for row in about(result)["models"] if row["folder"])
    folder = result.folder / row["folder"]
    assert (folder / "adapter_model.safetensors").is_file() and not (folder / "model.safetensors").exists()
    base = json.loads((folder / "adapter_config.json").read_bytes())["base_model_name_or_path"]
    assert base == config.finetune.model, "the name that was asked for, not where the hub's cache has it"
    loaded = load_model(folder, load_tokenizer(folder))
    assert type(loaded).__name__ == "LlamaForSequenceClassification"
    start = load_model(chat, load_tokenizer(chat))
    assert not np.array_equal(loaded.score.weight.detach().numpy(), start.score.weight.detach().numpy())


def test_an_encoder_gets_a_head_that_the_reference_countries_train(files, tmp_path):
    body = tiny_model(tmp_path / "bert")
    from transformers import AutoModel

    AutoModel.from_pretrained(body, add_pooling_layer=False).save_pretrained(tmp_path / "encoder")
    load_tokenizer(body).save_pretrained(tmp_path / "encoder")
    assert has_head(body) and not has_head(tmp_path / "encoder")
    result = run(settings(files, tmp_path / "encoder", methods=("global", "scratch", "scpo")), tmp_path / "out")
    assert start_of(result) == result.folder / "models" / "global"
    table = result.tables["accuracy"].set_index(["country", "method", "subset"])["accuracy"]
    assert table["mean", "global", "full"] != 0.5
    steps_told = {e["total"] for e in read_progress(result.folder) if e["stage"] == "global"}
    assert steps_told == {1}, "the one batch of texts that is scored, and not the steps of the head before it"
    with pytest.raises(ConfigError, match="no reward head"):
        load_start(settings(files, tmp_path / "encoder", finetune={"lora": 4}))
    with pytest.raises(ConfigError, match="head that adapters cannot hold"):
        load_start(settings(files, start_of(result), finetune={"lora": 4}))


@pytest.fixture(scope="module")
def published(files, model, tmp_path_factory):
    """The same run as `result`, as the authors' code does it."""
    config = settings(files, model, finetune={"as_published": True, "epochs": 0})
    return run(config, tmp_path_factory.mktemp("published") / "out")


def test_as_published_the_last_step_is_kept_and_all_training_users_train(result, published):
    from scpo import data as sources

    steps = [row["step"] for row in about(published)["models"]]
    assert steps == [8] * len(steps), "whatever validation says"
    data = sources.load(published.config.data)
    for row in about(published)["models"]:
        if row["method"] == "full":
            users = [len(data.of(row["country"], part)) for part in ("train", "validation")]
            assert row["pairs"] == sum(users) > users[0]
    assert published.config.finetune.epochs == 0 and result.config.finetune.epochs == 0


def test_as_published_only_trained_models_are_scored_as_one_text_with_dropout(result, published):
    from scpo import data as sources

    one, other = (safetensors.numpy.load_file(r.folder / runs.MODELS) for r in (result, published))
    assert np.array_equal(one["global"], other["global"], equal_nan=True), "the global model: pairs, no dropout"
    row, rewards = about(published)["models"][0], other["models"][0]
    folder, scored = published.folder / row["folder"], np.flatnonzero(np.isfinite(rewards))
    table = sources.load(published.config.data).texts.iloc[scored]
    texts = list(zip(table["prompt"].astype(object), table["response"], strict=True))
    assert not np.allclose(reward_texts(published, [folder], texts), rewards[scored], atol=1e-3), "dropout is on"
    tokenizer = load_tokenizer(folder)
    trained = load_model(folder, tokenizer)
    torch.manual_seed(row["seed"])
    again = score(trained, InputFormat(tokenizer, 48, as_published=True), texts, dropout=True)
    assert again == pytest.approx(rewards[scored], abs=1e-4), "drawn once per text, from the model's seed"


def test_a_run_as_published_is_served_in_the_forms_in_which_it_was_judged(published):
    texts = [("w1 w2", "w3"), ("w4", "w5 w6")]
    start = start_of(published)
    tokenizer = load_tokenizer(start)
    pairs = score(load_model(start, tokenizer), InputFormat(tokenizer, 48), texts)
    assert reward_texts(published, [start], texts) == pytest.approx(pairs, abs=1e-6), "the global model reads pairs"
    folder = published.folder / about(published)["models"][0]["folder"]
    joined = score(load_model(folder, tokenizer), InputFormat(tokenizer, 48, as_published=True), texts)
    assert reward_texts(published, [folder], texts) == pytest.approx(joined, abs=1e-6), "a trained one the joined text"


def test_as_published_takes_all_steps_whatever_the_epochs():
    from argparse import ArgumentParser

    from scpo.cli.reproduce import add_reproduce, settings

    parser = ArgumentParser()
    add_reproduce(parser.add_subparsers())
    for more, epochs in (([], 3), (["--as-published"], 0)):
        found = settings(parser.parse_args(["reproduce", "--out", "x", *more]))
        assert (found.steps, found.finetune.epochs, found.finetune.as_published) == (1024, epochs, bool(more))
        assert Task("full", 0, np.arange(80), None, None, None, None, True).steps(found) == (1024 if more else 30)


def test_a_pooled_model_is_trained_once_for_all_countries(files, model, tmp_path):
    result = run(settings(files, model, methods=("global", "pooled"), steps=2), tmp_path / "out")
    assert sorted(p.name for p in (result.folder / "models").iterdir()) in (["0000"], [])
    rewards = safetensors.numpy.load_file(result.folder / runs.MODELS)["models"]
    assert np.array_equal(rewards[0], rewards[1], equal_nan=True)


def test_the_shared_method_begins_each_country_at_one_model_of_everybodys_pairs(files, model, tmp_path):
    from scpo import data as sources

    config = settings(files, model, methods=("global", "shared"), steps=6)
    result = run(config, tmp_path / "out")
    common = read_model(result.folder / "models" / "common-0-0", key=_key_of(result))
    data = sources.load(result.config.data)
    chosen, rejected = (data.pairs[side].to_numpy() for side in ("chosen", "rejected"))
    for k, row in enumerate(about(result)["models"]):
        own = safetensors.numpy.load_file(result.folder / "models" / f"{k:04d}" / KEPT)
        test = data.of(row["country"], "test")
        begins = (common.rewards[chosen[test]] > common.rewards[rejected[test]]).mean()
        assert own["path"][0, 0] == pytest.approx(begins)
        assert row["step"] > 0 or row["folder"] == "models/common-0-0"
    assert common.step > 0 and common.folder, "the common model learnt something"
    assert set(result.tables["accuracy"]["method"]) == {"global", "shared"}


def test_progress_counts_every_training_once_the_common_ones_too():
    table = pd.DataFrame(
        [
            {"country": country, "method": method, "seed": 0, "level": 0}
            for country in ("A", "B")
            for method in ("pooled", "shared", "full")
        ]
    )
    told = []
    progress = SimpleNamespace(report=lambda stage, done, total, **extra: told.append((done, total)))
    pools = [Pool(np.arange(40), np.ones(40, np.float32), (0, 0))] * 6
    telling = ProgressOfModels(progress, HeadPlan(table, pools), ExperimentConfig(steps=10), twins=[0, 1, 2, 0, 4, 5])
    telling.of(0, 10, None)
    telling.common(1, 5)
    telling.common(1, 10)
    telling.of(1, 10, None)
    telling.of(2, 10, None)
    telling.common(4, 0)  # which is there already
    telling.of(4, 3, None)
    telling.of(5, 10, None)
    assert [done for done, _ in told] == [10, 15, 20, 30, 40, 40, 43, 60] and {total for _, total in told} == {60}


def _key_of(result):
    with safe_open(result.folder / "models" / "common-0-0" / KEPT, "np") as file:
        return json.loads(file.metadata()["about"])["key"]


def test_epochs_limit_the_steps(files, model, tmp_path):
    seen = []
    config = settings(files, model, methods=("full",), steps=1000, batch_size=64, finetune={"epochs": 1})
    run(config, tmp_path / "out", on_progress=seen.append)
    steps = {entry["done"] for entry in seen if entry["stage"] == "train"}
    assert max(steps) < 2 * 20, "two models of a pass each"


def test_a_country_without_distinct_pairs_is_named(files, model, tmp_path, monkeypatch):
    from scpo.training.finetune import backend

    def agrees(start, config, data, rows, progress):
        reward = np.zeros(len(data.texts), np.float32)
        of = data.pairs[data.pairs["country"] == "Chile"]
        for _ in range(50):  # lift every chosen text of Chile above what it was chosen over
            lower = reward[of["chosen"]] <= reward[of["rejected"]]
            reward[of["chosen"][lower]] = reward[of["rejected"][lower]] + 1
        return reward

    monkeypatch.setattr(backend, "_rewards", agrees)
    with pytest.raises(InputError, match="Chile.*Leave out"):
        run(settings(files, model), tmp_path / "out")


def test_models_that_cannot_be_used_are_refused_with_a_remedy(files, model, tmp_path):
    from transformers import AutoModelForSequenceClassification

    two = AutoModelForSequenceClassification.from_pretrained(model, num_labels=2, ignore_mismatched_sizes=True)
    two.save_pretrained(tmp_path / "two")
    load_tokenizer(model).save_pretrained(tmp_path / "two")
    with pytest.raises(ConfigError, match="2 labels"):
        load_start(settings(files, tmp_path / "two"))
    pickled = tiny_model(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(SourceMissing, match="refs/pr"):
        load_model(pickled, load_tokenizer(pickled))
    headless = tiny_model(tmp_path / "headless")
    weights = safetensors.numpy.load_file(headless / "model.safetensors")
    kept = {name: value for name, value in weights.items() if not name.startswith("classifier")}
    safetensors.numpy.save_file(kept, headless / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConfigError, match="would be random"):
        load_model(headless, load_tokenizer(headless))
    with pytest.raises(SourceMissing, match="local folder"):
        load_start(settings(files, "nobody/no-such-model"))


def test_a_padding_token_beyond_the_models_vocabulary_is_told_with_both_sizes(tmp_path):
    folder = tiny_model(tmp_path / "model", "chat")
    tokenizer = load_tokenizer(folder)
    rows = tokenizer.vocab_size
    tokenizer.add_special_tokens({"pad_token": "[EXTRA]"})
    tokenizer.save_pretrained(folder)
    told = rf"number {rows}, .* {rows} tokens, numbered 0 to {rows - 1}.*<end>.*resize_token_embeddings\({rows + 1}\)"
    with pytest.raises(ConfigError, match=told):
        load_model(folder, load_tokenizer(folder))
    pairs = Dataset.from_list([{"prompt": "w1", "chosen": "w2", "rejected": "w3", "reference_margin": 1.0}])
    with pytest.raises(ConfigError, match=told):
        SCPOTrainer(str(folder), SCPOConfig(str(tmp_path / "out"), method="full", use_cpu=True), train_dataset=pairs)


def test_code_of_a_model_folder_is_never_run(tmp_path):
    folder = tiny_model(tmp_path / "model")
    about = json.loads((folder / "config.json").read_bytes())
    about |= {"model_type": "unheard-of", "auto_map": {"AutoModelForSequenceClassification": "evil.Evil"}}
    (folder / "config.json").write_text(json.dumps(about))
    (folder / "evil.py").write_text("raise SystemExit('run')")
    with pytest.raises(ConfigError, match="without code of its own"):
        load_model(folder, load_tokenizer(tiny_model(tmp_path / "plain")))


def test_the_paper_s_table_end_to_end(tmp_path, capsys):
    """A tiny DeBERTa with random weights and a file of PRISM's form, through the command."""
    model, files = tiny_model(tmp_path / "deberta", "deberta"), prism_files(tmp_path, users=480)
    theirs = tmp_path / "published-chile"
    tiny_model(theirs, "deberta")
    command = [
        "reproduce",
        "--table",
        "main",
        "--out",
        str(tmp_path / "out"),
        "--model",
        str(model),
        "--steps",
        "2",
        "--published",
        str(tmp_path / "published-{country}"),
        "--quiet",
        "--data-file",
        files[0],
        "--data-file",
        files[1],
    ]
    assert main(command) == 0
    said = capsys.readouterr().out
    table = pd.read_csv(tmp_path / "out" / "main.csv")
    result = runs.read(tmp_path / "out" / "run")
    assert result.config.finetune.model_lr == 1e-6 and result.config.finetune.epochs == 3
    assert (result.config.tau, result.config.beta, result.config.batch_size) == (0.7, 1.1, 8)
    assert set(table["report"]) == {"full", "distinct", "consensus"}
    assert set(table["country"]) == {"mean", *result.card["countries"]} and len(result.card["countries"]) == 7
    assert {"global", "full", "scpo", "published"} == set(table["method"])
    full = table[table["report"] == "full"].set_index(["country", "method"])
    # the "published" model here has the weights of the global one, so it must score the same
    assert full.loc[("Chile", "published"), "accuracy"] == full.loc[("Chile", "global"), "accuracy"]
    assert ("mean", "published") not in full.index, "one country's mean is not that of seven"
    assert said.count("not evaluated") == said.count("Bring the model") == 1, "one message for all that are missing"
    assert (
        f"# SCPO on PRISM: {model.name}" in said
        and "| Chile |" in said
        and (tmp_path / "out" / "main.md").read_text() in said
    )
    assert main(command) == 0, "the table is written anew from the run that is done"
    assert main([*command, "--seeds", "2"]) == 2


def test_a_run_sees_one_gpu_the_first_that_it_may_use():
    """TRL refuses several GPUs in one process."""
    for given, seen in ((None, "0"), ("2,3", "2"), ("", "")):
        environment = {} if given is None else {"CUDA_VISIBLE_DEVICES": given}
        one_device(environment)
        assert environment == {"CUDA_VISIBLE_DEVICES": seen}


def test_settings_round_trip_through_the_run_folder(result, files, model):
    assert runs.read_config(result.folder) == settings(files, model)
    assert dataclasses.replace(result.config, seeds=2).digest() != result.config.digest()


def test_a_damaged_model_of_an_unfinished_run_is_trained_again(result, tmp_path):
    """What it was given last is one bit off, or cut; then it counts as not there."""
    for number, change in enumerate((lambda c: c[:-1] + bytes([c[-1] ^ 1]), lambda c: c[:40], lambda c: c)):
        folder = tmp_path / f"{number:04d}"
        shutil.copytree(result.folder / "models" / "0001", folder)
        with safe_open(folder / KEPT, "np") as file:
            key = json.loads(file.metadata()["about"])["key"]
        (folder / KEPT).write_bytes(change((folder / KEPT).read_bytes()))
        whole = number == 2
        assert (read_model(folder, key) is not None) == whole == folder.exists()


def test_a_killed_training_resumes_to_the_same_weights(result, files, model, tmp_path):
    """SIGKILL in the second model, after its first checkpoint; then the same command again."""
    (tmp_path / "config.json").write_text(json.dumps(result.config.as_dict()))
    out = tmp_path / "out"
    command = ["run", "--config", str(tmp_path / "config.json"), "--out", str(out), "--quiet"]
    process = subprocess.Popen(
        [sys.executable, "-m", "scpo", *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 300
    while not list(out.glob("models/0001.part/checkpoint-*/files.json")) and time.monotonic() < deadline:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert not runs.is_done(out)
    assert main(command) == 0
    one, other = (safetensors.numpy.load_file(folder / runs.MODELS) for folder in (result.folder, out))
    assert all(np.array_equal(one[name], other[name], equal_nan=True) for name in one)
    hashes = [[row["hash"] for row in about(runs.read(folder))["models"]] for folder in (result.folder, out)]
    assert hashes[0] == hashes[1]
