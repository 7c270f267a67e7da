"""A run on texts that its encoder cannot read: every page says so, and shows no number that was never measured."""

import json
import re
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from scpo import DataConfig, ExperimentConfig, run, runs
from scpo.cli.result_table import result_table
from scpo.export.model_card import model_card
from scpo.export.report import report
from scpo.export.usage import Asked
from scpo.training import encoder_reading

PAGES = Path(__file__).parents[2] / "pages"
SAID = "cannot be told apart. No accuracy is shown"
NOT_A_NUMBER = re.compile(r"\b(nan|inf|None)\b|[-+]0\.0\b")


@pytest.fixture(scope="module")
def unread(tmp_path_factory, tiny_encoder):
    """Both countries write in a script of which the encoder knows no word."""
    folder = tmp_path_factory.mktemp("unread")
    rows = [
        {
            "prompt": f"ጥያቄ {n % 30}",
            "chosen": f"ጥሩ ደስታ {n}",
            "rejected": f"መጥፎ ሀዘን {n + 500}",
            "country": country,
            "user": f"{country}-{n % 40}",
        }
        for country in ("Eritrea", "Ethiopia")
        for n in range(120)
    ]
    (folder / "pairs.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    data = DataConfig("file", (str(folder / "pairs.jsonl"),), ("Ethiopia",), ("Eritrea",))
    config = ExperimentConfig(
        data,
        ("global", "full", "filter", "scpo", "shared"),
        seeds=2,
        steps=10,
        budgets=(20,),
        encoder=str(tiny_encoder),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(folder / "space"))
        patch.setattr(encoder_reading, "MOST_UNKNOWN", 0.5)
        run(config, folder / "run")
    return folder / "run"


def shown(app):
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "success", "error")
    texts = [e.value for kind in kinds for e in getattr(app, kind)]
    texts += [f"{m.label} {m.value}" for m in app.metric]
    return [str(text) for text in texts]


def labels(spec):
    """What a chart writes: titles, ticks, names, hover texts."""
    layout = spec["layout"]
    found = [layout.get("title", {}).get("text", ""), *layout.get("yaxis", {}).get("ticktext", [])]
    for trace in spec["data"]:
        for name in ("name", "hovertext", "text"):
            value = trace.get(name)
            found += value if isinstance(value, list) else [value or ""]
    return [str(text) for text in found]


@pytest.mark.parametrize(
    "page", ["overview", "accuracy", "bias", "efficiency", "data", "selection", "runs", "steer", "paper"]
)
def test_every_page_of_such_a_run_opens_and_shows_nothing_that_is_no_number(page, workspace, unread):
    shutil.copytree(unread, workspace / "runs" / "unread")
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=300)
    app.query_params["run"] = "unread"
    app.run()
    assert not app.exception and not app.error, (app.exception, app.error)
    charts = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    wrong = [text for text in [*shown(app), *(t for c in charts for t in labels(c))] if NOT_A_NUMBER.search(text)]
    assert not wrong, wrong
    if page in ("overview", "accuracy", "bias", "efficiency"):
        assert SAID in " ".join(shown(app))


@pytest.mark.parametrize("page", ["data", "selection"])
def test_such_a_country_has_words_in_place_of_a_disagreement(page, workspace, unread):
    shutil.copytree(unread, workspace / "runs" / "unread")
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=300)
    app.query_params["run"] = "unread"
    app.run()
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    notes = [note["text"] for spec in specs for note in spec["layout"].get("annotations", [])]
    assert "its texts cannot be read" in notes
    table = next(frame.value for frame in app.dataframe if "disagree" in frame.value)
    assert table["disagree"].isna().all() and (table["pairs"] > 0).all()


def test_the_report_has_the_table_and_the_words(unread):
    files = report(runs.read(unread), "unread")
    page = files["report.html"]
    text = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert SAID in text and "What the encoder reads" in text and "unknown tokens" in text
    assert not NOT_A_NUMBER.search(
        re.sub(r"<code>.*?</code>", "", text, flags=re.S).split("<h2>Results</h2>")[1][:4000]
    )


def test_the_model_card_has_the_words_in_place_of_figures(unread):
    result = runs.read(unread)
    card = model_card(result, "Ethiopia", "scpo", "fp32", Asked(512, True, False, True))
    assert SAID in card and "there is no test pair" not in card
    assert "accuracy | 95 %" not in card and "| - |" not in card and "has -" not in card


def test_the_table_of_the_run_counts_no_people_and_gives_the_ratio_no_false_reason(unread):
    table = result_table(runs.read(unread))
    assert "0, 0" not in table and "people or questions in the test" not in table
    assert "no ratio, since no accuracy of fine-tuning on all pairs is known" in table
