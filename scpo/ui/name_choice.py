"""A widget for some of several names, in which those that are meant where none is named are lit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

FEW = 24  # names that are shown all at once
USUAL = "-usual"  # ends the key that remembers what was lit at first


def several_names(
    words: str,
    value: tuple[str, ...],
    usual: Sequence[str],
    options: Sequence[str],
    shown: Callable[[str], str],
    about: dict,
) -> tuple[str, ...]:
    """Some of several names, in an order that does not depend on which was chosen first.

    Few are shown all at once; the tags of a multiselect are hard to read in the dark theme. Those that are meant where
    none is named are lit, and if all are put out, lit again; of more than a few, words say it.
    """
    usual = [v for v in usual if v in options] if len(usual) <= FEW else []
    first = [v for v in value if v in options] or usual
    _light(about["key"], first, options, bool(usual))
    if len(options) <= FEW:
        chosen = st.pills(words, options, selection_mode="multi", format_func=shown, wrap=True, **about)
    else:
        chosen = st.multiselect(words, options, placeholder="the data set's default", wrap=True, **about)
    if set(chosen) == set(value):
        return value
    return () if set(chosen) == set(usual) else tuple(v for v in options if v in chosen)


def _light(key: str, first: list[str], options: Sequence[str], never_none: bool) -> None:
    """Give a widget what it has at first; it follows when that changes, as long as nothing else was chosen."""
    held, before = st.session_state.get(key), st.session_state.get(f"{key}{USUAL}")
    if held is None or (never_none and not held) or (before != first and set(held) == set(before or ())):
        st.session_state[key] = first
    elif not set(held) <= set(options):
        st.session_state[key] = [v for v in held if v in options]
    st.session_state[f"{key}{USUAL}"] = first
