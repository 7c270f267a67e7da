"""What the whole app is about: one run, and the country and methods looked at. Chosen once, they stay on every page.

They are kept in the session and in the link. Streamlit's menu opens a page without the parameters of the link before,
so each page first calls `arrive` (through `scpo.ui.head`), which puts the run back into the link, and asks for a
country or method with `select` or `pills`, which do the same for them. On a page the link decides what is shown: a
link's run wins over the session's, and going back in the browser shows what was shown. Two tabs are two sessions.

The widgets here are not bound to the link by Streamlit (`bind`): it removes a parameter that is bound to a widget of
the page before, also from a link that names it, and sometimes does not restore it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError
from streamlit.runtime.scriptrunner import get_script_run_ctx

from scpo.errors import JobError, ScpoError
from scpo.format import inert
from scpo.grouping import speak_of
from scpo.jobs.job import Job
from scpo.metrics.rulers import GLOBAL
from scpo.text.rulers import rule_by
from scpo.ui import session
from scpo.ui.cache import job_store
from scpo.ui.router import ensure_router

ID = re.compile(r"[0-9a-f]{12}")
OF_A_RUN = ("overview", "selection", "accuracy", "bias", "efficiency", "steer", "paper")  # pages that always show one
SHOW_BUILT_IN = ("overview", "accuracy", "bias", "efficiency", "paper")  # while there is no other
CARRIED = (session.COUNTRY, session.METHOD, session.METHODS_SHOWN, session.RULER, session.OF)
RUNS_DATA, OTHER_DATA = "this run's pairs", "another source"
OF_LINK = {"data": {session.OF: RUNS_DATA}, "train": {session.NEW: "1"}}


def arrive(page: str) -> Job | None:
    """The chosen run, which the link has from now on; None if there is none yet."""
    ensure_router()
    speak_of(())  # of countries, as the lesson and the study are
    rule_by(GLOBAL)  # until a page asks who rules
    kept = _kept()
    arrived = kept.get("page") != page
    into_link: dict[str, str | list[str]] = {**_carried()} if arrived else {}
    kept["page"] = page
    try:
        job = _found(page)
    except ScpoError as error:
        st.error(inert(error))
        return None
    if job:
        kept[session.RUN] = job.id
        speak_of(job.config.data.group if page in (*OF_A_RUN, *OF_LINK, "runs") else ())
        if session.RUN not in st.query_params and (
            arrived or page != "runs"
        ):  # where one closes a run, it stays closed
            into_link |= {session.RUN: job.id} | ({session.NEW: "1"} if page == "train" else {})
    if into_link:
        st.query_params.update(into_link)  # at once: each change is a step back in the browser
    return job


def choose(id: str) -> None:
    """Make this run the one that the app is about."""
    st.query_params[session.RUN] = _kept()[session.RUN] = id


def put(key: str, value: str) -> None:
    """Choose an option otherwise than by its widget, such as by a press on a chart; key: of CARRIED."""
    st.query_params[key] = _kept()[key] = [value]


def form_is_asked() -> bool:
    """True if a link to the Train page is one to its form, though it has the chosen run."""
    return session.NEW in st.query_params or session.LIKE in st.query_params


def link(page: str, label: str, **more: str | list[str]) -> None:
    """A link to another page about the chosen run; only its name where the app has no such page.

    more   further parameters. That to Data shows the run's pairs, that to Train the form.
    """
    run = st.query_params.get(session.RUN)
    asked = {session.RUN: run, **OF_LINK.get(page, {}), **more} if run else more
    try:
        st.page_link(f"pages/{page}.py", label=label, icon=":material/arrow_forward:", query_params=asked or None)
    except StreamlitPageNotFoundError:  # a page that is opened without the router
        st.caption(label)


def select(
    label: str,
    options: Iterable[str],
    key: str,
    index: int = 0,
    carried: str = "",
    width: int | Literal["stretch"] = "stretch",
    **more: Any,
) -> str:
    """One of several, in the link as `key`.

    more      what else the box takes: how options are shown, help
    carried   what it follows until it is chosen itself, and what it is on other pages: a key of CARRIED

    The only one there is stands in words: a box that opens to nothing else looks like a choice.
    """
    options, carried = list(options), carried or key
    if len(options) == 1:
        st.markdown(f"{label}: {inert(more.get('format_func', str)(options[0]))}")
        return options[0]
    _hold(key, options, options[index], carried)
    chose: dict[str, Any] = {"on_change": _chose, "args": (key, options[index], carried)}
    return st.selectbox(label, options, key=key, width=width, **chose, **more)


def pills(label: str, options: Sequence[str], default: Sequence[str], key: str, **more: Any) -> list[str]:
    """Some of several, in the order of the options; where all are put out, those shown at first are lit again.

    more    what else the pills take: how options are shown, help
    """
    options, default = list(options), [one for one in options if one in default]
    _hold(key, options, default, key)
    chose: dict[str, Any] = {"on_change": _chose, "args": (key, default, key)}
    st.pills(label, options, selection_mode="multi", key=key, wrap=True, **chose, **more)
    return [one for one in options if one in st.session_state[key]]


def segments(label: str, options: Sequence[str], key: str, **more: Any) -> str:
    """One of a few, side by side; the first of them unless the link names another."""
    options = list(options)
    _hold(key, options, options[0], key)
    chose: dict[str, Any] = {"on_change": _chose, "args": (key, options[0], key)}
    return st.segmented_control(label, options, key=key, required=True, width="content", **chose, **more)


def data_of_run() -> bool:
    """Asks on the Data page whether the pairs of the chosen run are shown, or those of another source."""
    default = OTHER_DATA if session.SOURCE in st.query_params else RUNS_DATA
    _hold(session.OF, [RUNS_DATA, OTHER_DATA], default, session.OF)
    shown = st.segmented_control(
        "Whose pairs",
        [RUNS_DATA, OTHER_DATA],
        key=session.OF,
        required=True,
        on_change=_chose,
        args=(session.OF, None, session.OF),
    )
    return shown == RUNS_DATA


def _kept() -> dict[str, Any]:
    return st.session_state.setdefault(session.CONTEXT, {})


def _carried() -> dict[str, list[str]]:
    """On the way in: what was chosen on the page before and the link lacks; what the link names is remembered.

    Going back in the browser brings back the link of the page as it was.
    """
    kept, back = _kept(), getattr(get_script_run_ctx(), "is_history_navigation", False)
    linked = {key: st.query_params.get_all(key) for key in CARRIED if key in st.query_params}
    lacking = {key: kept[key] for key in CARRIED if key in kept and key not in linked}
    kept.update(linked)
    return {} if back else lacking


def _hold(key: str, options: list[str], default: Any, carried: str) -> None:
    """Give a widget the value that the link names, where it is one of its options."""
    linked = st.query_params.get_all(key) or st.query_params.get_all(carried)
    known = [one for one in options if one in linked]
    st.session_state[key] = (known if isinstance(default, list) else known[-1]) if known else default


def _chose(key: str, default: Any, carried: str) -> None:
    """Have the link name what was chosen, and nothing where that is the default."""
    kept, value = _kept(), st.session_state[key] or default
    if value == default and key == carried:
        st.query_params.pop(key, None)
        kept.pop(key, None)
    else:
        st.query_params[key] = kept[carried] = value if isinstance(value, list) else [value]


def _found(page: str) -> Job | None:
    """The run that the link names; else the session's; else, on the pages that show one, the newest.

    The link to the Runs page may name several, which chooses none of them.
    """
    asked, kept = list(dict.fromkeys(st.query_params.get_all(session.RUN))), _kept().get(session.RUN)
    if page == "runs":
        return (_job(asked[0]) if len(asked) == 1 else None) or _job(kept)
    return _job(asked[-1] if asked else kept) or _instead(page, asked, kept)


def _instead(page: str, asked: list[str], kept: str | None) -> Job | None:
    """The newest run, where one is needed or the chosen one is gone, which is said."""
    gone = asked[-1] if asked else kept
    newest = next(iter(job_store().jobs()), None) if gone or page in OF_A_RUN else None
    if gone:
        now = f" The newest is chosen now: {inert(newest.name)}." if newest else ""
        whose = "of this link" if asked else "that was chosen"
        st.warning(f"The run {inert(repr(gone[:80]))} {whose} is not in the workspace; it may have been deleted.{now}")
        _kept().pop(session.RUN, None)
        st.query_params.pop(session.RUN, None)
    return newest


def _job(id: str | None) -> Job | None:
    """A run by its id, unless it is deleted; a link must not name a folder."""
    try:
        job = job_store().get(id) if id and ID.fullmatch(id) else None
    except JobError:
        return None
    return None if job is None or job.deleted else job
