"""`python -m scpo apart` on whole small runs: of people, and of a survey."""

from pathlib import Path

import pandas as pd
import pytest

from scpo.cli import main
from scpo.runs import read_config


def test_a_run_of_people_tells_its_phrases_and_writes_all_of_them(demo_run, tmp_path, capsys):
    assert main(["apart", str(demo_run), "--out", str(tmp_path / "p.csv"), "--most", "3"]) == 0
    shown, table = capsys.readouterr().out, pd.read_csv(tmp_path / "p.csv")
    assert "SIMULATED DATA" in shown and "Planted, so that it can be checked" in shown
    assert table["country"].nunique() == 7 and (table["note"] == "simulated data").all()
    assert table["clear"].sum() == (table["q"] <= 0.05).sum()
    assert table["country"].value_counts().nunique() == 1  # every phrase is held against every country


def test_a_survey_is_told_by_question_too(survey_run, tmp_path, capsys):
    assert main(["apart", str(survey_run), "--country", "Borealis", "--questions-out", str(tmp_path / "q.csv")]) == 0
    shown, table = capsys.readouterr().out, pd.read_csv(tmp_path / "q.csv")
    assert "Every country's model answers as the global one does." in shown  # its encoder can read none of the texts
    assert "only the length was tested" in shown
    assert "Borealis: 83.3 % of the tokens are unknown to the tokenizer" in shown
    assert set(table["country"]) == {"Borealis", "Cascadia", "Delos"}


def test_a_run_whose_data_changed_tells_nothing(survey_run, capsys):
    answers = Path(read_config(survey_run).data.data_files[0])
    kept = answers.read_text()
    try:
        answers.write_text("\n".join(kept.splitlines()[:-1]) + "\n")
        assert main(["apart", str(survey_run)]) != 0
    finally:
        answers.write_text(kept)
    assert "The data set is not what it was when this run was made" in capsys.readouterr().err


@pytest.mark.parametrize(
    "more, says",
    [
        (["--country", "Nowhere"], "no model for 'Nowhere'"),
        (["--method", "dpo"], "no models of 'dpo'"),
        (["--most", "0"], "--most is 0"),
        (["--questions-out", "q.csv"], "is for surveys"),
    ],
)
def test_what_the_run_cannot_tell_is_a_sentence(more, says, demo_run, capsys):
    assert main(["apart", str(demo_run), *more]) == 2 and says in capsys.readouterr().err
