#!/usr/bin/env bash
# plotly.js 3.1.0, choropleth: a country with two shapes in plotly's own map file is painted in its first shape alone.
#
# Source: npm plotly.js@3.1.0 (dist/topojson/world_110m.json, dist/plotly.min.js). Locations are ISO-3 codes, which are
#   the ids of the shapes.
# Guess, written down before: every code has one shape, and South Sudan is painted in its borders, about as large as
#   Kenya on the map.
# Seen: five ids are there twice (South Sudan, Palestine, Ecuador, Spain, Portugal). Of South Sudan the first is a
#   corner beside Kenya, which is all that is painted; no warning. Of Palestine it is Gaza.
# Output of 2026-11-30:
#   twice in the file: ECU ESP PRT PSE SSD
#   Kenya 20 x 26 px, South Sudan 6 x 5 px
#   as described
# Exits with 1 when the behaviour has changed. Needs npm and a chromium (CHROMIUM names it).
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check playwright==1.65.2
npm pack --silent plotly.js@3.1.0 > /dev/null
tar xzf plotly.js-3.1.0.tgz package/dist/plotly.min.js package/dist/topojson/world_110m.json
cat > package/dist/index.html <<'HTML'
<!doctype html><meta charset="utf-8"><div id="map" style="width: 900px; height: 600px"></div>
<script src="plotly.min.js"></script>
<script>
Plotly.newPlot("map", [{type: "choropleth", locations: ["KEN", "SSD"], z: [1, 2], showscale: false}],
               {geo: {projection: {type: "natural earth"}}}, {topojsonURL: "topojson/"});
</script>
HTML
cat > look.py <<'PY'
import collections
import json
import os
import shutil
import sys
import time

from playwright.sync_api import sync_playwright

shapes = json.load(open("package/dist/topojson/world_110m.json"))["objects"]["countries"]["geometries"]
twice = sorted(name for name, n in collections.Counter(shape["id"] for shape in shapes).items() if n > 1)
print("twice in the file:", *twice)
chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
with sync_playwright() as play:
    page = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page()
    for _ in range(30):
        try:
            page.goto("http://localhost:8974/index.html")
            break
        except Exception:
            time.sleep(1)
    page.wait_for_selector("path.choroplethlocation", state="attached")
    page.wait_for_timeout(2000)
    kenya, sudan = [path.bounding_box() for path in page.locator("path.choroplethlocation").all()]
print("Kenya {width:.0f} x {height:.0f} px,".format(**kenya), "South Sudan {width:.0f} x {height:.0f} px".format(**sudan))
same = "SSD" in twice and 8 * sudan["width"] * sudan["height"] < kenya["width"] * kenya["height"]
print("as described" if same else "the behaviour has changed")
sys.exit(not same)
PY
python3 -m http.server --directory package/dist 8974 > log 2>&1 &
server=$!
venv/bin/python look.py
