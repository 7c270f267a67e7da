"""A country's reward model from a finished run: chosen, told how good it is, and downloaded as `scpo export` writes it.

The folder is made on the click (`scpo.ui.export_process`).
"""

from __future__ import annotations

import io
import re
import shlex
import tempfile
import zipfile
from pathlib import Path

import streamlit as st

from scpo import runs
from scpo.errors import ScpoError
from scpo.export.model_card import standing
from scpo.export.usage import load_lines
from scpo.format import inert
from scpo.grouping import worded
from scpo.jobs.job import Job
from scpo.methods import named
from scpo.metrics.rewards import STEPS
from scpo.training.finetune.listing import model_places
from scpo.ui import session
from scpo.ui.cache import finished_run
from scpo.ui.components import method_of
from scpo.ui.context import select
from scpo.ui.export_process import run_export
from scpo.ui.hub_form import hub_form

LARGEST = 1 << 30  # bytes of weights that a browser is given
WHY = (
    f"Chosen at first: the country and method looked at last, else {named('scpo')}. A run keeps no accuracy on "
    "validation pairs; the method that is best on the test pairs would look better than it is."
)
STEP = (
    "1: the model that the method chose, whose figures stand here. 0: the global model; beyond 1: further the same "
    "way. The chart of the frontier on Bias shows what every step keeps and gains."
)


def model_download(job: Job) -> None:
    """Country, method, whether the model is ahead of the global one, the download, and how to load it."""
    st.subheader("Download a model")
    result = finished_run(job.folder)
    if not result.config.trained:
        st.info("This run trained no model. Run it with a method such as scpo.")
        return
    left, right = st.columns(2)
    with left:
        country = select(worded("Country of the model"), result.card["countries"], session.COUNTRY)
    with right:
        method = method_of(result.config.trained, "Method of the model")
    st.markdown(f":small[{worded(WHY)}]")
    alpha = 1.0
    if result.config.has_linear_heads:
        alpha = st.select_slider("Step of the model", STEPS, 1.0, key=f"step-{job.id}", help=STEP)
    try:
        told = standing(result, country, method)
        (st.success if told.decided > 0 else st.warning)(inert(told.sentence()))
        lines, weights = load_lines(result, folder_name(country, method)), size(result)
    except (ScpoError, KeyError) as error:
        st.warning(f"What the run says of this model cannot be read: {inert(error)}")
        return
    if weights <= LARGEST:
        st.download_button(
            "Download model",
            lambda: zip_of_model(job.folder, country, method, alpha),
            mime="application/zip",
            file_name=f"{folder_name(country, method)}-{job.id}.zip",
            icon=":material/download:",
            on_click="ignore",
            key=f"model-{job.id}-{country}-{method}-{alpha:g}",
            help="A Hugging Face folder with tokenizer and model card. It "
            "takes some seconds to be made; if it cannot be made, the command below says why.",
        )
    else:
        st.info(f"Its weights have {weights / 1e9:.1f} GB, too much for a browser; the command writes the folder.")
    st.markdown("Unpacked, it is loaded so:")
    st.code(lines, language="python", wrap_lines=True)
    st.markdown("The same folder by the command line:")
    line = f"python -m scpo export {_in_shell(job.folder)}"
    options = export_options(country, method, folder_name(country, method), alpha)
    st.code(f"{line} {shlex.join(options)}", language="sh", wrap_lines=True)
    of_model = export_options(country, method, alpha=alpha)
    hub_form(job.folder, of_model, f"{line} {shlex.join(of_model)}")


def folder_name(country: str, method: str) -> str:
    """The name of the model's folder: letters and digits of any script, since a country's name may hold anything."""
    return "-".join(["reward-model", *re.findall(r"\w+", country)[:5], method])[:80]


def export_options(country: str, method: str, out: str = "", alpha: float = 1.0) -> list[str]:
    """Those of `scpo export`; a name may begin with a dash. out: the folder to write, "" for none."""
    step = [f"--alpha={alpha:g}"] if alpha != 1 else []
    return [f"--country={country}", f"--method={method}", *step, *([f"--out={out}"] if out else [])]


def zip_of_model(folder: Path, country: str, method: str, alpha: float = 1.0) -> bytes:
    """What `scpo export` writes, as a zip. Raises `RunFolderError` with what the command says if it refuses."""
    name = folder_name(country, method)
    with tempfile.TemporaryDirectory(prefix="scpo-export-") as place:
        run_export(folder, export_options(country, method, str(Path(place) / name), alpha))
        memory = io.BytesIO()
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_STORED) as archive:  # weights do not get smaller
            for path in sorted((Path(place) / name).rglob("*")):
                archive.write(path, path.relative_to(place))
        return memory.getvalue()


def size(result: runs.Result) -> int:
    """Bytes of the weights of a fine-tuned model of the run; 0 for heads, whose encoder is small."""
    if not result.config.finetune.model:
        return 0
    return max(
        (sum(p.stat().st_size for p in place.glob("*.safetensors")) for place in model_places(result.folder)), default=0
    )


def _in_shell(folder: Path) -> str:
    """A folder as a shell of this machine finds it, without the name of the user."""
    if folder.is_relative_to(Path.home()):
        return f"~/{shlex.quote(str(folder.relative_to(Path.home())))}"
    return shlex.quote(str(folder))
