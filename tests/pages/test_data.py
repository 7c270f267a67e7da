"""The page Data: what a split goes by and leaks, and why nothing can be trained, in the form's words."""

import json
import shutil
from pathlib import Path

from streamlit.testing.v1 import AppTest

from scpo import runs
from scpo.jobs.store import open_store
from scpo.ui import session


def page_of(folder, rows):
    path = folder / "own.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    app = AppTest.from_file(str(Path(__file__).parents[2] / "pages" / "data.py"), default_timeout=300).run()
    app.segmented_control[0].set_value("file").run()
    app.text_input[0].set_value(str(path)).run()
    assert not app.exception
    return [c.value for c in app.caption], [w.value for w in app.warning]


def pairs(*countries, prompts=200):
    return [
        {
            "prompt": f"Ask {i % prompts}?",
            "chosen": f"yes {i % prompts}",
            "rejected": f"no {i % prompts}",
            "country": c,
            "rater_id": f"{c}-{i % 40}",
        }
        for c in countries
        for i in range(200)
    ]


def test_what_the_split_goes_by_and_that_most_of_the_test_is_in_training_is_told(tmp_path):
    captions, warnings = page_of(tmp_path, pairs("Chile", "kenya", "Kenya ", prompts=10))
    assert any("The split goes by user (the column" in line and "rater" in line for line in captions)
    assert any(
        "test pairs (100.0 %) are training pairs too" in line and '"Split by" prompt' in line for line in warnings
    )


def test_the_pairs_behind_a_number_give_that_number_and_say_who_is_right_on_each(workspace, demo_run):
    shutil.copytree(demo_run, workspace / "runs" / "demo-finished")
    (job,) = open_store(workspace).jobs()
    app = AppTest.from_file(str(Path(__file__).parents[2] / "pages" / "data.py"), default_timeout=300)
    app.query_params["run"], app.query_params["behind"] = job.id, "Galune"
    app.run()
    assert not app.exception and "The test pairs of Galune" in [header.value for header in app.header]
    table = runs.read(demo_run).tables["accuracy"]
    rows = table[(table["country"] == "Galune") & (table["subset"] == "full")].set_index("method")
    shares = {method: f"{100 * float(rows.loc[method, 'accuracy']):.1f} %" for method in ("global", "scpo")}
    (told,) = [line.value for line in app.markdown if "part most" in line.value]
    assert f"global model is right on {shares['global']}, **SCPO (paper)** on {shares['scpo']} (mean of 2" in told
    first = next(line.value for line in app.markdown if line.value.startswith("Global model :"))
    assert ("[right]" in first) == ("right in 2 of 2" not in first)  # they part on the first one


def test_one_country_alone_is_shown_with_the_ways_on_in_the_forms_words(tmp_path):
    _, (warning,) = page_of(tmp_path, pairs("Chile"))
    assert "Chile is the only country" in warning and "--" not in warning
    assert '"Countries to steer to"' in warning and '"Reward model"' in warning and '"Global model"' in warning


def test_a_note_on_the_reference_names_the_forms_field(tmp_path):
    captions, _ = page_of(tmp_path, pairs("Chile", "Kenya"))
    assert any('the setting "Reference countries" names another.' in line for line in captions)


def test_any_pair_says_why_a_model_prefers_an_answer_where_a_run_is_on_these_pairs(workspace, demo_run):
    app = AppTest.from_file(str(Path(__file__).parents[2] / "pages" / "data.py"), default_timeout=300).run()
    assert not app.toggle or not [t for t in app.toggle if "prefer" in t.label]
    shutil.copytree(demo_run, workspace / "runs" / "finished")
    app = AppTest.from_file(str(Path(__file__).parents[2] / "pages" / "data.py"), default_timeout=300)
    app.query_params[session.WORLD] = "prism"
    app.session_state[session.SCORING] = True
    app.session_state[session.BROWSE_COUNTRY] = "Galune"
    app.query_params["of-run"] = "1"
    app.run()
    toggles = [t for t in app.toggle if "prefer" in t.label]
    assert not app.exception and len(toggles) == 10
    toggles[0].set_value(True).run()
    shown = " ".join(m.value for m in app.markdown)
    assert not app.exception and "Galune's model" in shown and "-background[" in shown


def test_the_demo_world_can_be_chosen_and_says_what_each_population_likes(workspace):
    app = AppTest.from_file(str(Path(__file__).parents[2] / "pages" / "data.py"), default_timeout=300).run()
    (likes,) = [frame.value for frame in app.dataframe if "planted taste" in frame.value]
    assert len(likes) == 8 and likes["planted taste"].str.contains("likes").all()
    assert any("60 test people in every population" in line.value for line in app.caption)
    world = next(group for group in app.button_group if group.label == "Demo world")
    world.set_value("prism").run()
    assert not app.exception and app.query_params["world"] == "prism"
    assert any("as few test people as in PRISM" in line.value for line in app.caption)
    assert any("Demo world of PRISM's size" in line.value for line in app.caption)
