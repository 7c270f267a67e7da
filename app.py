"""The app's router: `streamlit run app.py`. Each page is a thin script in `pages/`."""

import gc

import streamlit as st

from scpo.ui import theme
from scpo.ui.router import no_such_page

st.set_page_config(page_title="SCPO: whose taste?", page_icon="static/icon.png", layout="wide")

PAGES = [
    st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
    st.Page("pages/data.py", title="Data", icon=":material/table_view:"),
    st.Page("pages/selection.py", title="Filter and weight", icon=":material/filter_alt:"),
    st.Page("pages/train.py", title="Train", icon=":material/model_training:"),
    st.Page("pages/accuracy.py", title="Accuracy", icon=":material/target:"),
    st.Page("pages/bias.py", title="Bias", icon=":material/balance:"),
    st.Page("pages/efficiency.py", title="Data efficiency", icon=":material/trending_up:"),
    st.Page("pages/steer.py", title="Steer", icon=":material/tune:"),
    st.Page("pages/runs.py", title="Runs", icon=":material/history:"),
    st.Page("pages/study.py", title="Study", icon=":material/query_stats:"),
    st.Page("pages/learn.py", title="Learn", icon=":material/school:"),
]
try:
    st.navigation([*PAGES, *no_such_page(PAGES)], position="top").run()
finally:  # also below a page that ends early
    theme.watch()

if not gc.get_freeze_count():  # once in the app's life, when its modules are loaded
    # They stay to the end. Python's collector leaves them out from now on, so that it is quick and comes round more
    # often to what the pages leave behind.
    gc.collect()
    gc.freeze()
