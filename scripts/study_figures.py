"""Draw the figures of docs/study.md from study folders.

    python scripts/study_figures.py ~/.scpo/studies/when-demo-... ~/.scpo/studies/when-globalopinionqa-...

Everything is drawn by the app's own charts. Needs chromium, as the export of figures does.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that `scpo` is found without being installed

from scpo.charts import study as study_charts  # noqa: E402
from scpo.charts.style import on_paper  # noqa: E402
from scpo.runs.files import write_bytes  # noqa: E402
from scpo.study import design  # noqa: E402
from scpo.study import folder as study_folder  # noqa: E402
from scpo.ui import study  # noqa: E402

COLOURS = 96  # of a picture: enough for its lines and their edges, and a third of the size
MINUS = "accuracy minus that of full, points"


def figures(of: study_folder.Study) -> Iterator[tuple[str, go.Figure]]:
    """Name and figure of each picture of one study."""
    simulated = of.card["simulated"]
    known = {n: t for n, t in design.ALONG.items() if n in ("pairs", "steps") or (of.table["factor"] == n).any()}
    for when in (study_folder.CHOSEN, study_folder.END):
        tables = {
            n: study_folder.along(of, n, "full", when, study_folder.ALL, "full").query("method != 'global'")
            for n in known
        }
        yield f"factors-{when}", study_charts.every_chart(tables, known, MINUS, of.unit, simulated)
    for method in [m for m in of.methods if m != "full"]:
        axis = f"accuracy of {method} minus full, points, at the last step"
        table = study.pairs_steps(of, "full", study_folder.END, method)
        yield (
            f"pairs-steps-{method}",
            study_charts.grid_chart(
                table,
                ("steps", "training steps (16 pairs each)"),
                ("pairs", "pairs available"),
                axis,
                of.unit,
                simulated,
            ),
        )
        table = study.tau_scale(of, "full", study_folder.END, study_folder.ALL, method)
        same = study.same_pairs(of.config, np.geomspace(table["scale"].min(), table["scale"].max(), 60))
        yield (
            f"tau-scale-{method}",
            study_charts.grid_chart(
                table,
                ("scale", "scale of the global model's rewards"),
                ("tau", "filter threshold tau"),
                axis,
                of.unit,
                simulated,
                same,
            ),
        )
    table = study_folder.by_country(of, "scpo", "full", study_folder.END)
    yield "countries", study_charts.countries_chart(table, "scpo", "full", simulated)


def picture(figure: go.Figure, width: int) -> bytes:
    """A small png on white."""
    content = Image.open(io.BytesIO(on_paper(figure).to_image("png", width=width)))
    small = io.BytesIO()
    content.convert("RGB").quantize(COLOURS).save(small, "png", optimize=True)
    return small.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="+", type=Path, metavar="STUDY", help="folders of `python -m scpo study when`")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "study")
    parser.add_argument("--only", nargs="+", help="names of figures, such as demo-factors-chosen")
    parser.add_argument("--width", type=int, default=900)
    options = parser.parse_args()
    found = os.environ.get("SCPO_CHROMIUM") or shutil.which("chromium")
    if found:
        os.environ.setdefault("BROWSER_PATH", found)
    options.out.mkdir(parents=True, exist_ok=True)
    for folder in options.studies:
        of = study_folder.read(folder)
        for name, figure in figures(of):
            path = options.out / f"{of.config.data.dataset}-{name}.png"
            if not options.only or path.stem in options.only:
                write_bytes(path, picture(figure, options.width))
                print(f"{path} {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
