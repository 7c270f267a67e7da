"""Uploaded files: called what their owner calls them, shown as text, never a path, replaced and removed."""

import dataclasses
import gzip
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from scpo import DataConfig, data
from scpo.config import NAME_LENGTH, ExperimentConfig
from scpo.errors import ConfigError
from scpo.export.local_paths import Hidden
from scpo.jobs.job import fingerprint, usual_name
from scpo.jobs.store import open_store
from scpo.ui import cache, compare_runs
from scpo.ui.data_source import clean_name

from fakes import scored_rows

PAGES = Path(__file__).parents[2] / "pages"
GOOD = scored_rows(120).to_csv(index=False).encode()
BAD = scored_rows(120).assign(score="x").to_csv(index=False).encode()
HOSTILE = [
    "../../etc/passwd.csv",
    "/abs/ute.csv",
    "![x](http://evil/x.png).csv",
    "<b>$x$</b>.csv",
    "a\nb\x07.csv",
    "\u202egpj.csv",
    "x" * 3000 + ".csv",
]


@pytest.fixture(autouse=True)
def no_workers(monkeypatch):
    monkeypatch.setenv("SCPO_WORKERS", "0")


def opened(page, *files):
    app = AppTest.from_file(str(PAGES / page), default_timeout=300).run()
    app.get("button_group")[0].set_value("file").run()
    return upload(app, *files) if files else app


def upload(app, *files):
    return app.file_uploader[0].set_value([(name, content, "text/csv") for name, content in files]).run()


def words(app):
    kinds = (app.header, app.markdown, app.caption, app.info, app.warning, app.error)
    return " ".join(str(element.value) for kind in kinds for element in kind)


def removers(app):
    return [b for b in app.button if b.label == "Remove"]


def test_an_upload_is_called_what_its_owner_calls_it():
    app = opened("data.py", ("Interviews 2025.csv", GOOD))
    assert not app.exception
    assert "Interviews 2025.csv. Licence:" in words(app) and "a reload of the page" in words(app)


def test_a_fault_names_the_upload_that_has_it():
    app = opened("data.py", ("Interviews 2025.csv", GOOD), ("Interviews 2026.csv", BAD))
    said = "faults in Interviews 2025.csv, Interviews 2026.csv. Of Interviews 2026.csv, 1,080 of 1,080 rows"
    assert said in words(app)
    got = app.dataframe[0].value["got"]
    assert got.str.endswith("(Interviews 2026.csv)").any() and got.str.contains("Interviews 202[56].csv").all()


def test_what_is_left_out_of_a_file_is_on_the_page():
    some = scored_rows(120).astype(object)
    some.loc[:2, "response"] = ""
    app = opened("data.py", ("mine.csv", some.to_csv(index=False).encode()))
    assert not app.exception and "Left out: 3 (responses with an empty answer)" in words(app)


def test_a_survey_is_shown_under_the_title_and_licence_that_its_user_gives_it():
    rows = "".join(
        f'{{"question": "Q{i}?", "country": "{c}", "options": ["Yes", "No"], "distribution": [0.{p}, 0.{10 - p}]}}\n'
        for i in range(60)
        for c, p in (("Kenya", 7), ("Japan", 4))
    )
    app = AppTest.from_file(str(PAGES / "data.py"), default_timeout=300).run()
    app.get("button_group")[0].set_value("survey").run()
    upload(app, ("answers.jsonl", rows.encode()))
    assert "answers.jsonl. Licence: the file's own." in words(app)
    fields = {field.label: field for field in app.text_input}
    fields["Title"].set_value("My survey")
    fields["Licence"].set_value("CC BY 4.0")
    fields["Citation"].set_value("Doe 2026").run()
    told = "My survey. Source: answers.jsonl. Licence: CC BY 4.0. Citation: Doe 2026."
    assert not app.exception and told in words(app)


def test_a_packed_upload_keeps_the_kind_of_what_is_in_it():
    app = opened("data.py", ("mine.csv.gz", gzip.compress(GOOD)))
    assert not app.error and "mine.csv.gz. Licence:" in words(app)


def test_the_mended_file_takes_the_place_of_the_one_of_its_name():
    app = opened("data.py", ("mine.csv", BAD))
    assert app.error and len(removers(app)) == 1
    upload(app, ("mine.csv", GOOD))
    assert not app.error and len(removers(app)) == 1 and "mine.csv replaces the file of the same name" in words(app)


def test_two_files_of_one_name_loaded_together_are_both_kept():
    app = opened("data.py", ("mine.csv", GOOD), ("mine.csv", BAD))
    assert len(removers(app)) == 2 and app.dataframe[0].value["got"].str.endswith("((2) mine.csv)").all()


def test_two_files_of_one_long_name_are_told_apart():
    app = opened("data.py", (HOSTILE[-1], GOOD), (HOSTILE[-1], BAD))
    assert not app.exception and len(removers(app)) == 2


def test_an_unnamed_run_is_called_by_its_file():
    config = DataConfig("file", ("/x/0123.csv",), data_names=("Interviews 2025.csv",))
    assert usual_name(ExperimentConfig(config), "3fa9c0") == "Interviews 2025 3fa9"
    assert usual_name(ExperimentConfig(), "3fa9c0") == "demo 3fa9"


def test_an_archive_has_the_name_in_place_of_where_the_upload_lies(workspace):
    lies = str(workspace / "uploads" / "0123.csv")
    config = ExperimentConfig(DataConfig("file", (lies,), data_names=("../Interviews.csv",)))
    hide = Hidden(SimpleNamespace(config=config, folder=workspace / "runs" / "x"))
    assert hide(config.as_dict())["data"]["data_files"] == ["../Interviews.csv"] and "0123" not in str(hide([lies]))


def test_a_file_can_be_removed():
    app = opened("data.py", ("mine.csv", BAD))
    removers(app)[0].click().run()
    assert not app.error and not removers(app) and "Choose a file to go on" in words(app)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_and_no_path(name, workspace):
    app = opened("train.py", (name, GOOD))
    assert not app.exception and "![x](" not in words(app) and "\u202e" not in words(app)
    next(b for b in app.button if b.label == "Start").click().run()
    assert not app.exception
    (job,) = open_store().jobs()
    (path,), (shown,) = job.config.data.data_files, job.config.data.data_names
    assert Path(path).parent == workspace / "uploads" and Path(path).read_bytes() == GOOD
    assert shown == clean_name(name) and len(shown) <= NAME_LENGTH
    assert data.load(job.config.data).card.source == shown


def test_a_name_that_cannot_be_printed_is_cleaned():
    assert clean_name("a\nb\x07\u202e.csv") == "a b.csv" and clean_name("\u202e \n") == "unnamed"
    long = clean_name("x" * 3000 + " of March.csv")
    assert len(long) == NAME_LENGTH and long.endswith("of March.csv")


@pytest.mark.parametrize("names", [("a",), ("a", "b\n"), ("a", " "), ("a", "b" * 121)])
def test_names_that_no_page_could_show_are_refused(names):
    with pytest.raises(ConfigError, match="data_names has"):
        DataConfig("file", ("1.csv", "2.csv"), data_names=names)


def test_another_name_is_no_other_data_and_no_name_is_as_before(tmp_path):
    (tmp_path / "a.csv").write_bytes(GOOD)
    plain = ExperimentConfig(DataConfig("file", (str(tmp_path / "a.csv"),)))
    named = dataclasses.replace(plain, data=dataclasses.replace(plain.data, data_names=("-of March, 2025.csv",)))
    assert fingerprint(plain) == fingerprint(named) and "data_names" not in plain.as_dict()["data"]
    assert ExperimentConfig.from_dict(named.as_dict()) == named
    assert "'--data-name=-of March, 2025.csv'" in named.command()
    assert compare_runs._settings(named)["Data files"] == "-of March, 2025.csv"


def test_settings_of_a_run_start_from_its_file_by_its_name(tmp_path, workspace):
    (tmp_path / "0123.csv").write_bytes(GOOD)
    config = DataConfig("file", (str(tmp_path / "0123.csv"),), data_names=("Interviews.csv",))
    job = open_store().submit(ExperimentConfig(config))
    app = AppTest.from_file(str(PAGES / "train.py"), default_timeout=300)
    app.query_params["like"] = job.id
    app.run()
    assert len(removers(app)) == 1 and "Interviews.csv" in words(app) and "0123" not in words(app)
    assert "is here already" in words(app)


def test_a_run_on_the_same_content_is_found_wherever_the_file_lies(tmp_path, monkeypatch):
    config = DataConfig("file", (str(tmp_path / "a.csv"),), data_names=("Interviews.csv",))
    (tmp_path / "a.csv").write_bytes(GOOD)
    elsewhere = ExperimentConfig(DataConfig("file", ("/elsewhere/0123.csv",)))
    job = SimpleNamespace(state="done", config=elsewhere, folder=tmp_path)
    read = []
    for hash, same in (("another", False), (data.content_hash(data.load(config)), True)):
        job.folder = tmp_path / f"run-{same}"
        job.folder.mkdir()
        (job.folder / "data.json").write_text(json.dumps({"content_hash": hash}))
        (job.folder / "done.json").write_text("{}")

        def finished_run(folder, hash=hash):
            read.append(folder)
            return SimpleNamespace(card={"content_hash": hash})

        monkeypatch.setattr(cache, "finished_run", finished_run)
        assert cache.ran_on(job, config) == same
    assert read == [job.folder], "a run on other pairs is not read whole"
    job.state = "running"
    assert not cache.ran_on(job, config)


def test_the_source_stays_in_the_link_so_that_a_reload_does_not_show_another():
    app = opened("data.py")
    assert app.query_params["source"] in ("file", ["file"])
    again = AppTest.from_file(str(PAGES / "train.py"), default_timeout=300)
    again.query_params["source"] = "file"
    again.run()
    assert not again.exception and again.get("button_group")[0].value == "file"
    assert "Choose a file to go on" in words(again)


def test_a_search_without_a_hit_says_so():
    app = AppTest.from_file(str(PAGES / "data.py"), default_timeout=300).run()
    app.text_input(key="search").set_value("no such *words*").run()
    assert "No pair contains" in words(app) and not any("Page of" in n.label for n in app.number_input)
