#!/bin/sh
# Streamlit 1.67.0 (PyPI), widgets with bind="query-params" in an app of several pages.
#
# Guess before it was run: a page that is opened by a link with ?country=Chile shows Chile, whichever page was open
# before in the session; the documentation says that the link's value wins when a widget is drawn first.
#
# Behaviour: if the page before has a widget bound to the same name, the parameter is taken out of the link before the
# new page runs, and its widget shows the default. So two pages that share a bound parameter cannot link to each other
# with it (st.page_link, st.switch_page and the browser's back button too).
# Source: QueryParams.populate_from_query_string drops what is bound to a widget of a page other than the new one.
#
# Output seen:
#     no page before: Chile
#     a page with the same parameter before: all
#
# Exits with 1 if the second line is Chile too.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet streamlit==1.67.0
mkdir "$folder/pages"
cat > "$folder/app.py" <<'PY'
import streamlit as st

st.navigation([st.Page("pages/first.py", default=True), st.Page("pages/second.py")]).run()
PY
for page in first second; do
    cat > "$folder/pages/$page.py" <<'PY'
import streamlit as st

st.session_state["seen"] = st.selectbox("Country", ["all", "Chile", "Japan"], key="country", bind="query-params")
PY
done
cat > "$folder/try.py" <<'PY'
import sys

from streamlit.testing.v1 import AppTest


def seen(before):
    app = AppTest.from_file("app.py")
    if before:
        app.switch_page("pages/first.py").run()
    app.query_params["country"] = "Chile"
    app.switch_page("pages/second.py").run()
    return app.session_state["seen"]


print("no page before:", seen(False))
print("a page with the same parameter before:", seen(True))
sys.exit(seen(False) != "Chile" or seen(True) == "Chile")
PY
cd "$folder" && "$folder/venv/bin/python" try.py 2>/dev/null
