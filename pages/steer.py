"""Steer: answers scored by every country's model, from global to country and beyond, and mixtures of countries."""

import streamlit as st

from scpo import ScpoError
from scpo.format import inert
from scpo.grouping import worded
from scpo.steering.mixing import ALPHAS
from scpo.ui import run_picker, session
from scpo.ui.cache import texts
from scpo.ui.components import method_of
from scpo.ui.head import head
from scpo.ui.steer import views
from scpo.ui.steer.models import Models
from scpo.ui.steer.phrases import phrases
from scpo.ui.steer.reasons import reasons

VIEWS = {
    "Answers": views.answers,
    "Why": reasons,
    "Phrases": phrases,
    "Strength": views.strength,
    "Mixtures": views.mixtures,
    "Tastes": views.tastes,
}
WITHOUT_TEST = ("Answers", "Why")  # views that measure nothing on test pairs

job = head("steer")
st.title("What does steering do to an answer?")
try:
    shown = run_picker.finished(job, models=True)
    if shown:
        if not shown.config.trained:
            st.info("This run trained no model, so there is nothing to steer. Run it with a method such as scpo.")
            st.stop()
        whole = bool(shown.config.finetune.model)
        if whole:
            st.info(
                "This page mixes heads, and this run fine-tuned whole models: of its views only Why is here, which "
                "asks each model in turn. `python -m scpo best-of-n` puts answers to them, `apart` tells them apart."
            )
        folds = shown.card.get("folds")
        if folds:
            st.info(
                f"This run tests by {folds} folds. The models here are those trained on all pairs, so no pair is left "
                "to measure phrases, strengths, mixtures and tastes on; what they are right about is estimated on the "
                "page Accuracy."
            )
        offered = ["Why"] if whole else list(WITHOUT_TEST) if folds else list(VIEWS)
        looked_at, left, right = st.columns([5, 2, 2], vertical_alignment="bottom")
        view = looked_at.segmented_control(
            "Look at", offered, default=offered[0], required=True, key=session.VIEW, bind="query-params"
        )
        with left:
            method = method_of(shown.config.trained)
        alpha = right.select_slider(
            "Strength: α (alpha)",
            ALPHAS,
            1.0,
            key=session.ALPHA,
            bind="query-params",
            help=worded("0: the global model, 1: the country's own, beyond 1: further the same way."),
        )
        VIEWS[view](Models.of(shown, method), shown, texts(shown), alpha)
        run_picker.origin(shown)
except ScpoError as error:
    st.error(inert(error))
