"""Scores of a file: both forms, what is left out and counted, and that texts match exactly."""

import json

import numpy as np
import pandas as pd
import pytest

from scpo.data.scores import read_scores, rewardbench_rows, rewards_of, texts_of, texts_to_score
from scpo.errors import DataFaults

from fakes import tiny_preferences


def written(tmp_path, rows, name="scores.jsonl"):
    path = tmp_path / name
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def row(response, reward, prompt="Why?", **more):
    return {"prompt": prompt, "response": response, "reward": reward, **more}


def test_a_csv_and_a_jsonl_of_texts_are_read_alike_under_reward_or_score(tmp_path):
    rows = [row("yes", 1.5), row("no", -2)]
    first = read_scores(written(tmp_path, rows))
    pd.DataFrame(rows).rename(columns={"reward": "Score"}).to_csv(tmp_path / "scores.csv", index=False)
    assert first.table.equals(read_scores(str(tmp_path / "scores.csv")).table)
    assert first.table["reward"].tolist() == [1.5, -2.0] and first.left_out == {} and first.rows == 2


def test_rewardbench_rows_are_two_texts_each_and_read_back_as_they_were_written(tmp_path):
    data, rows = tiny_preferences(), np.arange(40)
    rewards = np.round(np.random.default_rng(0).normal(size=len(data.texts)), 3)
    table = rewardbench_rows(data, rows, rewards)
    assert list(table.columns)[:5] == ["prompt", "chosen", "rejected", "subset", "id"] and len(table) == 40
    assert (table["results"] == (table["scores_chosen"] > table["scores_rejected"])).all()
    table.to_json(tmp_path / "bench.jsonl", orient="records", lines=True)
    found = rewards_of(read_scores(str(tmp_path / "bench.jsonl")), data.texts)
    asked = texts_of(data, rows)
    assert found[asked] == pytest.approx(rewards[asked]) and np.isnan(np.delete(found, asked)).all()
    assert "results" not in rewardbench_rows(data, rows) and len(texts_to_score(data, rows)) == len(asked)


def test_a_list_of_one_score_is_that_score(tmp_path):
    rows = [{"prompt": "Why?", "chosen": "yes", "rejected": "no", "scores_chosen": [0.5], "scores_rejected": [0.25]}]
    assert read_scores(written(tmp_path, rows)).table["reward"].tolist() == [0.5, 0.25]


def test_messages_are_the_texts_that_pairs_of_messages_have(tmp_path):
    rows = [row([{"role": "assistant", "content": "yes"}], 1.0, [{"role": "user", "content": "Why?"}])]
    assert read_scores(written(tmp_path, rows)).table[["prompt", "response"]].to_numpy().tolist() == [["Why?", "yes"]]


def test_every_row_of_a_text_whose_scores_differ_is_left_out_and_counted(tmp_path):
    rows = [row("yes", 1), row("yes", 3), row("no", 2), row("no", 2), *(row(f"{n}", n) for n in range(4))]
    found = read_scores(written(tmp_path, rows))
    assert found.left_out == {"rows of a text whose scores differ": 2} and found.rows == 8
    assert set(found.table["response"]) == {"no", "0", "1", "2", "3"}


def test_scores_that_differ_by_rounding_alone_are_one_score(tmp_path):
    found = read_scores(written(tmp_path, [row("yes", 1.0), row("yes", 1.00001), row("no", 0.0)]))
    assert found.left_out == {} and found.table["reward"].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (row("a", None), "rows whose reward is no finite number"),
        (row("a", "good"), "rows whose reward is no finite number"),
        (row("", 1.0), "rows with an empty answer"),
        (row("a", 1.0, prompt=None), "rows with an empty prompt"),
        (row("\ud800", 1.0), "rows with a broken character"),
    ],
)
def test_a_row_of_no_use_is_left_out_under_its_reason(tmp_path, broken, reason):
    found = read_scores(written(tmp_path, [row(f"{n}", n) for n in range(5)] + [broken]))
    assert found.left_out == {reason: 1} and len(found.table) == 5


def test_a_file_without_its_columns_says_which_forms_there_are(tmp_path):
    with pytest.raises(DataFaults, match="no column reward.*prompt, chosen, rejected, scores_chosen"):
        read_scores(written(tmp_path, [{"prompt": "Why?", "response": "yes"}]))


def test_a_file_most_of_whose_scores_differ_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(DataFaults, match="take one, or their average"):
        read_scores(written(tmp_path, [row("yes", 1), row("yes", 2), row("no", 0)]))


def test_only_the_very_text_gets_its_score(tmp_path):
    scores = read_scores(written(tmp_path, [row("yes", 1.0), row("no", 0.0)]))
    texts = pd.DataFrame({"prompt": pd.Categorical(["Why?", "Why?", "why?"]), "response": ["yes", "no ", "no"]})
    assert np.isnan(rewards_of(scores, texts)).tolist() == [False, True, True]
