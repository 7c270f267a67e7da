"""Study: when does SCPO help? One factor at a time and two grids, over many simulated worlds or real countries."""

import numpy as np
import streamlit as st

from scpo import ScpoError
from scpo.charts import study as study_charts
from scpo.format import inert
from scpo.methods import named
from scpo.study import design, folder
from scpo.ui import study as study_page
from scpo.ui.components import chart, controls, explain, explained
from scpo.ui.head import head

TITLES = {"full": "accuracy", "consensus": "consensus kept", "distinct": "accuracy where the global model is wrong"}


def along(study: folder.Study, factor: str, subset: str, when: str, pairs: int, method: str) -> None:
    """One factor: every method minus full."""
    table = folder.along(study, factor, subset, when, pairs, "full").query("method != 'global'")
    axis = f"{TITLES[subset]} minus that of {named('full')}, points"
    if not len(table):
        st.info("This study has no value of it for these pairs; choose other pairs, or something else that is varied.")
        return
    chart(
        study_charts.along_chart(table, design.ALONG[factor], axis, study.unit, study.card["simulated"]),
        "study-along",
        f"{axis}, per method over: {design.ALONG[factor]}, with 95 % intervals.",
        table,
        study.card["simulated"],
    )
    st.markdown(study_page.ahead_sentence(table, method))


def collapse(study: folder.Study, subset: str, method: str) -> None:
    """Pairs and steps: where training on filtered pairs goes wrong when nothing stops it."""
    table = study_page.pairs_steps(study, subset, folder.END, method)
    axis = f"{TITLES[subset]} of {named(method)} minus {named('full')} at the last step, points"
    chart(
        study_charts.grid_chart(
            table,
            ("steps", "training steps (16 pairs each)"),
            ("pairs", "pairs available"),
            axis,
            study.unit,
            study.card["simulated"],
        ),
        "study-collapse",
        f"{axis}, over training steps and pairs available.",
        table,
        study.card["simulated"],
    )


def follow(study: folder.Study, subset: str, when: str, pairs: int, method: str) -> None:
    """tau and the scale of the global model's rewards."""
    table = study_page.tau_scale(study, subset, when, pairs, method)
    same = study_page.same_pairs(study.config, np.geomspace(table["scale"].min(), table["scale"].max(), 60))
    axis = f"{TITLES[subset]} of {named(method)} minus {named('full')}, points"
    chart(
        study_charts.grid_chart(
            table,
            ("scale", "scale of the global model's rewards"),
            ("tau", "filter threshold tau"),
            axis,
            study.unit,
            study.card["simulated"],
            same,
        ),
        "study-follow",
        f"{axis}, over tau and the scale of the global model's rewards.",
        table,
        study.card["simulated"],
    )
    st.caption(
        f"Dashed, behind the numbers: where the filter keeps the pairs that it keeps with tau "
        f"{study.config.tau:g} at scale 1."
    )


def countries(study: folder.Study, when: str, pairs: int, method: str) -> None:
    """Which countries gain."""
    table = folder.by_country(study, method, "full", when, pairs)
    chart(
        study_charts.countries_chart(table, method, "full", study.card["simulated"]),
        "study-countries",
        f"Accuracy of {named(method)} minus {named('full')} per country, over how often the global model is wrong.",
        table,
        study.card["simulated"],
    )


def drawn(study: folder.Study, factor: str) -> None:
    """The answer, the chart of one factor with its controls, and the grids."""
    answered = st.empty()
    subset, when, pairs, method = study_page.choices(study)
    answered.markdown(study_page.answer(study, method))
    along(study, factor, subset, when, pairs, method)
    study_page.told(study)
    explained(
        "One thing is varied, everything else stays at its default.",
        r"\Delta_v = \frac{1}{W} \sum_w \left(A_w^{\,\text{method}}(v) - A_w^{\,\text{full}}(v)\right)",
        "w: worlds, or countries of a survey. Both methods see the same pairs of the same world.",
        label="The formula",
    )
    explain(
        "Where does filtering collapse?",
        "Pairs available and training steps together, always at the last step: "
        "what training does when no validation stops it.",
        r"\text{pairs seen} = 16 \cdot \text{steps}",
    )
    collapse(study, subset, method)
    explain(
        "How should tau and beta follow?",
        "The same global model, its rewards multiplied: the filter and the weight read that as more or less certainty.",
        r"\operatorname{logit}(\tau') = s \cdot \operatorname{logit}(\tau), \qquad \beta' = s \cdot \beta",
        "With these, a global model whose rewards are s times as large keeps the same pairs with the same weights.",
    )
    follow(study, subset, when, pairs, method)
    st.header("In which countries?")
    countries(study, when, pairs, method)
    st.header("A point of it as a run")
    study_page.point(study, factor)


head("study")
st.title("When does SCPO help?")
try:
    row = controls()
    with row:
        study = study_page.chosen()
        factor = study_page.factor_of(study) if study and study.finished_worlds else ""
    if study and not study.done:
        st.warning(f"Not finished: {study.finished_worlds} of {study.worlds} are measured so far.")
    if factor:
        drawn(study, factor)
    elif study:
        study_page.told(study)
    study_page.run_it()
except ScpoError as error:
    st.error(inert(error))
