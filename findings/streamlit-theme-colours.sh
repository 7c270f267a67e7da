#!/usr/bin/env bash
# Streamlit 1.67.0, st.plotly_chart: after a change of theme a figure keeps the chart colours of the former theme.
#
# Source: pypi streamlit==1.67.0 (static/js/PlotlyChart*.js). The lists theme.light.chartCategoricalColors and
#   theme.dark.chartCategoricalColors (documented in config.py, "can be set in [theme.light], [theme.dark]") give the
#   colours of traces without a colour of their own.
# Guess, written down before: when the system goes from light to dark, the marker takes the first colour of the dark
#   list, as the page and the figure take the dark background.
# Seen: the background of the figure changes; the marker keeps the light colour, also after the page has run again.
#   The frontend puts the colours into the figure once (useState) and on a change of theme does so again with the
#   result of the first time, in which nothing is left to be replaced. A reload shows the dark colour. With dark marks
#   on a dark page nothing tells the reader that they are there: #332288 on #14181D has a contrast of 1.5 : 1.
# Output of 2026-11-30:
#   light: marker rgb(51, 34, 136) on rgb(255, 255, 255)
#   dark: marker rgb(51, 34, 136) on rgb(20, 24, 29)
#   dark, run again: marker rgb(51, 34, 136) on rgb(20, 24, 29)
#   dark, reloaded: marker rgb(159, 146, 242) on rgb(20, 24, 29)
#   as described
# Exits with 1 when the behaviour has changed. Needs a chromium (CHROMIUM names it).
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check streamlit==1.67.0 plotly==7.1.0 playwright==1.65.2
mkdir .streamlit
cat > .streamlit/config.toml <<'TOML'
[theme.light]
chartCategoricalColors = ["#332288", "#0072B2", "#C65600", "#00875F", "#A87200", "#B8578F", "#6F5318", "#2787BF", "#66717D", "#7D7D7D"]
backgroundColor = "#FFFFFF"
[theme.dark]
chartCategoricalColors = ["#9F92F2", "#3F9BDC", "#F0762E", "#23B98A", "#E6A91E", "#DB8ABD", "#BF9B5F", "#8FD0FA", "#8B96A3", "#A8A8A8"]
backgroundColor = "#14181D"
TOML
cat > app.py <<'PY'
import plotly.graph_objects as go
import streamlit as st

st.button("again")
st.plotly_chart(go.Figure(go.Scatter(x=[1, 2], y=[1, 2], mode="markers")))
PY
cat > look.py <<'PY'
import os
import shutil
import sys
import time

from playwright.sync_api import sync_playwright

chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
MARK = "() => getComputedStyle(document.querySelector('.js-plotly-plot path.point')).fill"
BACK = "() => document.querySelector('.js-plotly-plot .main-svg').style.background"
found = []
with sync_playwright() as play:
    page = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page(color_scheme="light")
    for _ in range(60):
        try:
            page.goto("http://localhost:8973")
            break
        except Exception:
            time.sleep(1)

    def look(when):
        page.wait_for_selector(".js-plotly-plot path.point")
        page.wait_for_timeout(3000)
        found.append((page.evaluate(MARK), page.evaluate(BACK)))
        print(f"{when}: marker {found[-1][0]} on {found[-1][1]}")

    look("light")
    page.emulate_media(color_scheme="dark")
    look("dark")
    page.get_by_role("button", name="again").click()
    look("dark, run again")
    page.reload()
    look("dark, reloaded")
light, dark = "rgb(51, 34, 136)", "rgb(159, 146, 242)"
same = [mark for mark, _ in found] == [light, light, light, dark] and found[1][1] == "rgb(20, 24, 29)"
print("as described" if same else "the behaviour has changed")
sys.exit(not same)
PY
venv/bin/streamlit run app.py --server.headless true --server.port 8973 --browser.gatherUsageStats false > log 2>&1 &
server=$!
venv/bin/python look.py
