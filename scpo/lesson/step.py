"""The form that a step of the lesson has, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """One step of the lesson."""

    name: str  # two words, for buttons
    title: str  # a question
    minutes: int
    big: str  # the step in one sentence
    see: str  # what there is to see, and to try
    said: str  # what the chart shows at this moment
    large: str  # the same in a few words, for a wall
    alt: str  # the chart in words
    question: str
    answer: str
    formulas: tuple[str, ...] = ()
    title_of_points: str = ""
    points: tuple[tuple[str, str], ...] = ()  # what to take away: a line each, and what it means
    few_people: str = ""  # what a run with few test people shows, which can be started beside it
    shows_example: bool = False  # the two answers that its control is about stand beside it
