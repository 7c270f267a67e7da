"""A model of a run put on the Hugging Face hub from the app: a name, a token for this press alone, and the command.

The token is taken out of the session before anything is done with it; no message and no file has it.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from scpo.errors import ScpoError
from scpo.format import inert
from scpo.ui import session
from scpo.ui.export_process import run_export

TOKEN, REPOSITORY, PUBLIC, UPDATE, ANSWER = (
    f"{session.HUB}-{part}" for part in ("token", "repository", "public", "update", "answer")
)
ABOUT = (
    "The token needs the right to write; it is made at huggingface.co/settings/tokens. It is used for this press alone "
    "and kept nowhere: not in this session, not in a file, not in a log."
)


def hub_form(folder: Path, options: list[str], command: str) -> None:
    """The form, and what came of its last press.

    options  of `scpo export`, without a folder to write; command: the same as a line to copy
    """
    with st.expander("Put it on the Hugging Face hub", icon=":material/cloud_upload:"):
        with st.form(f"{session.HUB}-form"):
            st.text_input("Repository", key=REPOSITORY, placeholder="owner/name", max_chars=140)
            st.text_input("Token", key=TOKEN, type="password", help=ABOUT, autocomplete="off")
            st.checkbox("Everybody may see it", key=PUBLIC, help="Otherwise it is private.")
            st.checkbox("Add a commit if it is there already", key=UPDATE)
            st.form_submit_button("Put it there", on_click=_push, args=(folder, options))
        kind, message = st.session_state.pop(ANSWER, ("", ""))
        if message:
            (st.success if kind == "done" else st.error)(message)
        st.caption(ABOUT)
        st.markdown("The same by the command line, which takes the token from `HF_TOKEN` or asks for it:")
        st.code(f"{command} --push-to-hub OWNER/NAME", language="sh", wrap_lines=True)


def _push(folder: Path, options: list[str]) -> None:
    token = st.session_state[TOKEN].strip()
    st.session_state[TOKEN] = ""
    said = {flag: st.session_state[key] for flag, key in (("--public", PUBLIC), ("--update", UPDATE))}
    asked = [f"--push-to-hub={st.session_state[REPOSITORY].strip()}", *(flag for flag, yes in said.items() if yes)]
    try:
        with st.spinner("The model is made and put on the hub ..."):
            place = run_export(folder, [*options, *asked], token)
        st.session_state[ANSWER] = ("done", f"It is there: {inert(place)}")
    except ScpoError as error:
        st.session_state[ANSWER] = ("refused", inert(error))
