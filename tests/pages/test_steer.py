"""The Steer page: every view on a finished run, its links, and what stops it."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from scpo import ExperimentConfig, run
from scpo.charts import steer as steer_charts
from scpo.charts import taste
from scpo.config import DataConfig
from scpo.metrics.accuracy import MEAN
from scpo.steering.mixing import GLOBAL, LONGEST, line, typed_faults
from scpo.text import steer as steer_text
from scpo.text.reasons import reason_lines
from scpo.text.steer import EXAMPLES, mixture_words
from scpo.ui import session
from scpo.ui.steer import inputs

from fakes import scored_rows

PAGE = Path(__file__).parents[2] / "pages" / "steer.py"
# Each view, and how many charts it has.
VIEWS = {"Answers": 1, "Why": 1, "Phrases": 1, "Strength": 2, "Mixtures": 2, "Tastes": 4}


@pytest.fixture
def with_run(workspace, demo_run):
    return shutil.copytree(demo_run, workspace / "runs" / "finished")


def opened(asked=True, **query):
    app = AppTest.from_file(str(PAGE), default_timeout=300)
    app.query_params.update(query)
    if asked:
        app.session_state[session.SCORING] = True
    return app.run()


def told(app):
    kinds = (app.header, app.subheader, app.markdown, app.caption, app.info, app.warning, app.error)
    return " ".join(str(e.value) for kind in kinds for e in kind)


def specs(app):
    return [json.loads(e.proto.spec) for e in app.get("plotly_chart")]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_a_link_and_has_labelled_charts_with_words_and_numbers(view, with_run):
    app = opened(view=view)
    assert not app.exception and not app.error
    assert len(specs(app)) == len(app.dataframe) == VIEWS[view] and app.get("latex")
    assert all("Simulated" in spec["layout"]["title"]["text"] for spec in specs(app))
    assert all(element.proto.alt for element in app.get("plotly_chart"))


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_scored_before_it_is_asked_for(view, with_run):
    app = opened(asked=False, view=view)
    assert not app.exception and not specs(app)
    (button,) = [b for b in app.button if b.label == "Ask the models"]
    button.click().run()
    assert not app.exception and len(specs(app)) == VIEWS[view]


def test_answers_of_the_data_are_picked_and_ranked_by_every_country(with_run):
    app = opened()
    assert len(app.text) == 5  # the prompt, and four answers
    first = app.text[1].value
    (figure,) = specs(app)
    assert len(figure["data"][0]["y"]) == 8 and len(figure["data"][0]["x"]) == 4
    app.number_input[0].set_value(2).run()
    assert not app.exception and app.text[1].value != first
    assert " prefer" in told(app)


def test_at_strength_zero_every_country_ranks_as_the_global_model(with_run):
    app = opened(alpha="0.0")
    table = app.dataframe[0].value
    rank = table.pivot(index="model", columns="answer", values="rank")
    assert (rank == rank.loc[GLOBAL]).all(axis=None) and (table["model"] == GLOBAL).any()
    assert "All countries' models put these answers in the same order." in told(app)


def typed(app, prompt, *answers):
    app.text_area(key=session.TYPED_PROMPT).set_value(prompt)
    for at, answer in enumerate(answers):
        app.text_area(key=f"{session.TYPED_ANSWER}-{at}").set_value(answer)
    return next(b for b in app.button if b.label == "Score these answers").click().run()


def test_typed_answers_are_scored_and_their_text_is_only_text(with_run):
    app = opened(asked=False, texts=inputs.TYPED)
    assert not specs(app)
    app = typed(app, "<script>alert(1)</script>", "![x](http://x.org/y.png)", "$\\frac{1}{2}$ **bold**")
    assert not app.exception and not app.error and len(specs(app)) == 1
    assert [t.value for t in app.text] == [
        "<script>alert(1)</script>",
        "![x](http://x.org/y.png)",
        "$\\frac{1}{2}$ **bold**",
    ]
    assert not any("script" in m.value for m in app.markdown)
    assert len(app.dataframe[0].value) == 2 * 8


@pytest.mark.parametrize(
    "given, said",
    [
        (("p", "only one"), "1 answer; needed: 2 to 4"),
        (("", "a", "b"), "The prompt is empty"),
    ],
)
def test_typed_texts_that_cannot_be_scored_are_a_message_in_the_form(given, said, with_run):
    app = typed(opened(asked=False, texts=inputs.TYPED), *given)
    assert not app.exception and [said in e.value for e in app.error] == [True] and not specs(app)
    order = [getattr(e, "label", e.type) for e in form_of(app) if e.type in ("text_area", "alert", "error", "button")]
    assert order.index("error") == (1 if "prompt" in said else 5)  # below the prompt, or below the answers


def test_an_example_fills_the_form_is_scored_and_is_in_the_link(with_run):
    app = opened(asked=False, texts=inputs.TYPED)
    name, (prompt, *answers) = next(iter(EXAMPLES.items()))
    next(b for b in app.button if b.label == name).click().run()
    assert not app.exception and not app.error and len(specs(app)) == 1
    assert [t.value for t in app.text_area] == [prompt, *answers, *[""] * (4 - len(answers))]
    assert app.query_params[session.TYPED_PROMPT] == prompt


def test_every_example_can_be_scored_and_its_link_is_not_too_long():
    for prompt, *answers in EXAMPLES.values():
        assert not any(typed_faults(prompt, answers))
        assert sum(len(quote(text)) for text in (prompt, *answers)) < inputs.LONGEST_LINK


def test_a_mixture_is_a_sentence_the_largest_share_first():
    assert mixture_words(["A", "B<b>", "C"], [0.2, 0.8, 0.0]) == r"A mixture of 80 % B\<b\> and 20 % A."
    assert mixture_words(["A", "B", "C"], [0.2, 0.5, 0.3]) == "A mixture of 50 % B, 30 % C and 20 % A."
    assert mixture_words(["A", "B"], [0.0, 1.0]) == "The model of B alone."


def test_equal_answers_are_scored_alike(with_run):
    app = typed(opened(asked=False, texts=inputs.TYPED), "p", "same", "same")
    assert not app.exception and not app.error and specs(app)


def form_of(app):
    """The elements of the form, as a screen reader or the keyboard meets them."""

    def forms(block):
        for child in getattr(block, "children", {}).values():
            yield from ([child] if child.type == "form" else forms(child))

    return list(next(forms(app.main)))


def test_an_empty_form_that_is_sent_says_what_it_needs(with_run):
    app = opened(asked=False, texts=inputs.TYPED)
    assert not app.error
    app = typed(app, "")
    assert [e.value for e in app.error] == ["The prompt is empty.", "0 answers; needed: 2 to 4."]


def test_answers_follow_each_other_in_the_form_and_below_it(with_run):
    app = opened(asked=False, texts=inputs.TYPED)
    assert [t.label for t in app.text_area] == ["Prompt", *(f"Answer {letter}" for letter in "ABCD")]
    app = typed(app, "p", "first", "second", "third", "fourth")
    assert [t.value for t in app.text] == ["p", "first", "second", "third", "fourth"]
    badges = [m.value for m in app.markdown if "-badge[answer " in m.value]
    assert [re.search("answer (.)", badge)[1] for badge in badges] == ["A", "B", "C", "D"]


def test_typed_texts_are_in_the_link_and_a_link_fills_the_form(with_run):
    app = typed(opened(asked=False, texts=inputs.TYPED), "<b>p</b>", "one", "", "two & three")
    first = f"{session.TYPED_ANSWER}-0"
    assert app.query_params[session.TYPED_PROMPT] == "<b>p</b>" and app.query_params[first] == "one"
    assert f"{session.TYPED_ANSWER}-1" not in app.query_params
    again = opened(asked=False, **dict(app.query_params.items()))
    assert [t.value for t in again.text_area] == ["<b>p</b>", "one", "", "two & three", ""] and not specs(again)
    again = typed(again, "<b>p</b>")
    assert not again.exception and len(specs(again)) == 1


def test_texts_too_long_for_a_link_stay_and_it_is_said(with_run):
    app = typed(opened(asked=False, texts=inputs.TYPED), "p", "ä" * 1200, "two")
    assert "too long for a link" in told(app) and session.TYPED_PROMPT not in app.query_params
    assert len(specs(app)) == 1 and app.text_area[1].value == "ä" * 1200


def test_a_forged_link_fills_the_form_with_no_more_than_is_read(with_run):
    app = opened(asked=False, texts=inputs.TYPED, **{session.TYPED_PROMPT: "x" * 5000})
    assert not app.exception and len(app.text_area[0].value) == LONGEST


def test_why_marks_every_sentence_and_its_shares_add_up_to_the_rewards_of_the_answers_table(with_run):
    app = opened(view="Why", taste="Galune", first="C", second="A")
    shares = app.dataframe[0].value
    assert set(shares["answer"]) == {0, 1} and told(app).count(":small[") == len(shares)
    sums = shares.groupby("answer")[["global_share", "country_share"]].sum()
    table = opened(taste="Galune").dataframe[0].value.pivot(index="model", columns="answer", values="reward")
    for model, column in ((GLOBAL, "global_share"), ("Galune", "country_share")):
        assert sums[column].diff().iloc[-1] == pytest.approx(table.loc[model, "A"] - table.loc[model, "C"], abs=1e-4)


def test_a_sentence_left_out_moves_the_lead_beside_the_original_by_its_own_reward(with_run):
    app = opened(view="Why", texts=inputs.TYPED)
    app = typed(app, "How are you?", "Very well indeed. Thank you so much. And you?", "Fine.")
    assert not app.exception and "What if a sentence were not there?" in told(app) and len(app.dataframe) == 1
    app.button_group[-2].set_value([0]).run()
    lead = app.dataframe[1].value.set_index("model")
    assert not app.exception and list(lead.index) == ["The global model", f"{app.selectbox[-1].value}'s model"]
    assert lead["moved"].tolist() == pytest.approx((lead["now"] - lead["A ahead by"]).tolist(), abs=1e-6)
    rewritten = app.text_area[-2]
    assert rewritten.value == "Thank you so much. And you?"
    rewritten.set_value("Fine.").run()
    assert app.dataframe[1].value["now"].tolist() == pytest.approx([0, 0], abs=1e-6)


def test_why_needs_two_different_answers(with_run):
    app = opened(view="Why", first="B", second="B")
    assert not app.exception and "Choose two different answers." in told(app) and not specs(app)


def test_the_text_of_a_marked_answer_is_text(with_run):
    app = typed(opened(view="Why", texts=inputs.TYPED), "p", "![x](http://x.org/y.png) <b>a</b>. $1$.", "]Fine[.")
    assert not app.exception and r"!\[x\](http://x.org/y.png) \<b\>a\</b\>." in told(app)
    assert r"\]Fine\[." in told(app)


def test_a_typed_answer_that_is_unlike_the_data_is_named(with_run, monkeypatch):
    monkeypatch.setattr(inputs.Models, "nearness", lambda self, answers: (np.array([0.9, 0.1]), 0.5))
    app = typed(opened(asked=False, texts=inputs.TYPED), "p", "usual", "strange")
    assert [w.value.startswith("Answer B is unlike") for w in app.warning] == [True]
    assert specs(app)[0]["data"][0]["x"] == ["answer A", "answer B<br>unlike the data"]


def test_a_mixture_is_a_triangle_of_three_a_line_of_two_and_a_chart_of_others(with_run):
    app = opened(view="Mixtures")
    assert [s["data"][0]["type"] for s in specs(app)] == ["scatter", "scatterternary"]
    points, corners = (specs(app)[1][part] for part in ("data", "layout"))
    assert "Alvoria" in "".join(points[0]["text"]) and not corners["ternary"]["aaxis"]["title"]["text"]
    app.button_group(key=session.MEMBERS).set_value(["Alvoria", "Galune"]).run()
    assert not app.exception and len(specs(app)) == 2 and "share of Galune" in str(specs(app)[1]["layout"]["xaxis"])
    app.button_group(key=session.MEMBERS).set_value(["Galune"]).run()
    assert not app.exception and len(specs(app)) == 1 and "The model of Galune alone." in told(app)
    app.button_group(key=session.MEMBERS).set_value([]).run()
    assert not app.exception and not specs(app) and "Choose the countries to mix" in told(app)
    app.button_group(key=session.MEMBERS).set_value(list(app.button_group(key=session.MEMBERS).options)).run()
    assert not app.exception and len(specs(app)) == 1 and "At most 6 countries can be mixed" in told(app)


def test_parts_weigh_the_mixture_and_none_at_all_is_said(with_run):
    app = opened(view="Mixtures", mix=["Alvoria", "Bresland"], part1="3", part2="1")
    assert "A mixture of 75 % Alvoria and 25 % Bresland." in told(app)
    for slider in app.slider:
        slider.set_value(0)
    app.run()
    assert not app.exception and "Every country has 0 parts" in told(app) and not specs(app)


def test_a_forged_link_falls_back_to_the_usual_view(with_run):
    app = opened(view="<b>", alpha="9", method="global", texts="x", mix="Nowhere", part1="99", taste="?")
    assert not app.exception and not app.error and len(specs(app)) == 1


def test_changed_weights_are_a_message_and_no_stack_trace(with_run):
    app = opened()
    path = with_run / "heads.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (with_run / "done.json").touch()
    app.run()
    assert not app.exception and "was changed after the run finished" in app.error[0].value


@pytest.fixture
def own_run(workspace, tiny_encoder, tmp_path):
    """A run on a file of one's own, of one trained method or of none."""

    def go(*methods, table=None):
        path = tmp_path / "own.csv"
        (scored_rows(90) if table is None else table).to_csv(path, index=False)
        config = ExperimentConfig(
            DataConfig("file", (str(path),), test_share=0.3),
            methods=methods,
            seeds=1,
            steps=5,
            budgets=(10,),
            encoder=str(tiny_encoder),
        )
        return run(config, workspace / "runs" / "own")

    return go


def test_a_run_that_trained_nothing_says_so(own_run):
    own_run("global")
    app = opened()
    assert not app.exception and "trained no model" in app.info[-1].value and not specs(app)


def test_real_data_has_words_but_no_planted_taste_and_names_its_source(own_run):
    own_run("global", "scpo")
    app = opened(view="Tastes")
    assert not app.exception and "planted" not in told(app).lower() and "Source: " in told(app)
    assert not any("Simulated" in str(spec["layout"].get("title")) for spec in specs(app))


def test_texts_that_are_gone_are_a_message(own_run, tmp_path):
    own_run("global", "scpo")
    (tmp_path / "own.csv").unlink()
    app = opened()
    assert not app.exception and "own.csv" in app.error[0].value and not specs(app)


# words and charts


def test_who_disagrees_about_which_answers_is_said():
    rows = [
        (m, a, r)
        for m, ranks in {GLOBAL: (1, 2), "A": (1, 2), "B": (2, 1)}.items()
        for a, r in zip("AB", ranks, strict=True)
    ]
    lines = steer_text.answer_lines(pd.DataFrame(rows, columns=["model", "answer", "rank"]))
    assert lines[0] == "The global model and A prefer A." and lines[1] == "B prefers B."
    assert lines[2].startswith(
        "They disagree most about A and B: A is ahead for A, B for B; the global model prefers A"
    )


def strengths(change, kept):
    """A table of strengths for one country whose accuracy changes so beyond 1."""
    rows = []
    for alpha in (1.0, 1.5):
        for subset, value in (("full", change), ("distinct", 0.0), ("consensus", kept)):
            value = value if alpha > 1 else 0.0
            rows.append(
                {
                    "country": "A",
                    "alpha": alpha,
                    "subset": subset,
                    "accuracy": 0.7 + value,
                    "low": 0.6,
                    "high": 0.8,
                    "change": value,
                    "change_low": value - 0.01,
                    "change_high": value + 0.01,
                    "n": 100,
                    "units": 20,
                }
            )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    "change, kept, said",
    [
        (0.03, 0.0, "raises the accuracy"),
        (-0.03, 0.0, "lowers the accuracy"),
        (-0.03, -0.04, "lowers the accuracy (-3.0 points), and costs 4.0 points of the consensus"),
        (0.005, -0.04, "nothing that these test pairs can tell (+0.5 points), at the cost of 4.0 points"),
    ],
)
def test_steering_beyond_one_is_judged_by_its_interval(change, kept, said):
    for alpha in (1.0, 1.5):
        assert said in " ".join(steer_text.strength_lines(strengths(change, kept), "A", alpha, "user"))
    assert "20 users" in steer_text.strength_lines(strengths(change, kept), "A", 1.5, "user")[0]


def test_the_mean_at_strength_one_is_of_each_countrys_own_model():
    table = strengths(0.0, 0.0)
    assert "At α = 1, the country's own model" in steer_text.strength_lines(table, "A", 1.0, "user")[0]
    mean = steer_text.strength_lines(table.assign(country=MEAN), MEAN, 1.0, "user")[0]
    assert "At α = 1, each country's own model" in mean


def test_a_sentence_against_which_the_others_speak_is_not_most_of_the_change():
    shares = pd.DataFrame({"answer": [0, 1, 1], "sentence": 1, "text": "So.", "change": [0.7, 0.5, 0.6]})
    sums = pd.DataFrame({"global_reward": [1.0, 0.0], "country_reward": [1.7, 1.1]})
    told = reason_lines(shares, sums, "Galune")[1]
    assert told.startswith("What steering changes most is sentence 1 of A") and "outweigh" in told
    alone = reason_lines(shares[:1], sums.assign(country_reward=[1.7, 0.0]), "Galune")[1]
    assert alone.startswith("Most of what steering changes") and "outweigh" not in alone


def test_names_and_words_of_data_stay_text_in_figures():
    name = "<a href='x'>G</a>"
    rows = strengths(0.0, 0.0).assign(country=name)
    figures = [steer_charts.countries_chart(rows[rows["alpha"] == 1], "user", False)]
    table = pd.DataFrame({"term": [name], "effect": [0.5], "low": [0.1], "high": [0.9], "texts": [30]})
    figures.append(taste.words_chart(table, name, False))
    both = pd.concat([rows[rows["subset"] == "full"].assign(country=c, mixture=[0, 1]) for c in (name, "B")])
    figures.append(steer_charts.shares_chart(both, line(1)[:, 1], (name, "B"), 0.5, "full", False))
    for figure in figures:
        drawn = json.loads(figure.to_json())
        for places in ("tickvals", "categoryarray"):  # of the rows, which nobody is shown
            drawn["layout"]["yaxis"].pop(places, None)
        shown = [drawn["layout"], *[{k: v for k, v in t.items() if k != "y"} for t in drawn["data"]]]
        assert not re.search("<a ", json.dumps(shown)), figure


def test_a_survey_shows_its_questions_and_says_where_no_model_moved(workspace, survey_run):
    shutil.copytree(survey_run, workspace / "runs" / "survey")
    app = opened(view="Phrases")
    assert not app.exception and not app.error
    assert "Every country's model answers as the global one does." in told(app) and "only the length" in told(app)
