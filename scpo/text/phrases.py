"""What tells countries apart, in words and as tables. Names and texts of files are made inert for markdown."""

from __future__ import annotations

import math

import pandas as pd

from scpo.format import both_ends, brackets, counted, inert, people, percent, points, shortened, signed
from scpo.grouping import worded
from scpo.metrics.intervals import FEWEST_FOR_PARTS, FEWEST_UNITS
from scpo.steering.phrase_effects import PHRASE, RIGHT, TOPIC, WRONG
from scpo.steering.questions import FEWEST_SEEDS, ROUNDING
from scpo.steering.topics import PROMPTS_OF_TOPIC
from scpo.table_rows import rows_of

MEASURES = {  # as in scpo.text.measures: the measure in one plain sentence, its formula, and what stands in it
    "phrases": (
        "Effect of a phrase: how much more the country's model than the global one prefers an answer because it has "
        "the phrase, in log odds (+0.4 takes a level pair from 50 to 60 %).",
        r"D = a_1 m_g + a_2 \Delta \log_2 \text{length} + b\, x + e, \qquad D = m_c - m_g",
        "m are margins on test pairs; x is 1 if the chosen answer alone has the phrase, -1 if the rejected one alone. "
        "Errors are sums of whole people (or questions), or of whole prompts where those are larger. What is shown has "
        "a false discovery rate of 5 % over all phrases, topics and countries (Benjamini and Hochberg); of phrases "
        "that stand in the same answers only the strongest is. A phrase is one to three words; where a script has no "
        "blanks, two to four characters, which may cut a word. It moves the model; held-out people say whether it "
        "moves people.",
    ),
    "topics": (
        "Effect of a topic: how much further from the global one the country's model goes, either way, on pairs of "
        "this topic than on others, in log odds.",
        r"|e| = a_0 + a_1 |m_g| + a_2 |\Delta \log_2 \text{length}| + b\, [\text{topic}] + e'",
        "e is what the margin and the length leave of D of the phrases above; both are corrected together. A topic is "
        "prompts that the encoder puts near each other (k-means), named by words that they have more often than "
        "others; survey questions of one form may be one topic. Of people: how much more often than the global model "
        "expects they choose what their model goes towards on this topic, in log odds.",
    ),
    "questions": (
        "Change of an option: which part of the answers the country's model gives it beyond the global model, in "
        "points.",
        r"p(\text{option}) = \text{softmax}(r / T), \qquad \text{change} = p_c - p_g",
        "T is chosen on validation questions, as for opinion alignment. The interval is of training's luck, over "
        "seeds, and says nothing of other people or questions. Clear is what has a false discovery rate of 5 % over "
        "all options of all test questions and countries. What people answered was seen by no model.",
    ),
}
UNKNOWN = (
    "Whether these are reasons of people is not known for real data; what is known is how held-out people of the "
    "country chose."
)
LONGEST_QUESTION, LONGEST_TEXT = 90, 300  # characters of a question in a table, and in a line


def phrase_lines(table: pd.DataFrame, found: pd.DataFrame, unit: str) -> list[str]:
    """What was tested, what of it but the topics is clear, what held-out people make of that, and how much is planted
    where that is known.

    table of `phrase_table`, found of `findings`
    """
    countries, phrases, topics = table["country"].nunique(), _names(table, PHRASE), _names(table, TOPIC)
    found, clear = found[found["kind"] != TOPIC], table["clear"] & (table["kind"] != TOPIC)
    kinds = [counted(phrases, "phrase"), *([counted(topics, "topic")] if topics else []), "the length"]
    asked = f"{counted(len(table), 'test')} ({', '.join(kinds)}; {counted(countries, worded('country'))})"
    if not phrases:
        return [
            f"No phrase tells pairs of {FEWEST_FOR_PARTS} {people(unit)} apart, so of what answers have only the "
            "length was tested." + ("" if len(found) else worded(" It tells no country apart."))
        ]
    if not len(found):
        return [
            f"Of {asked}, nothing of what answers have is clear: "
            + worded("no phrase moves a country's model away from the global one for sure.")
        ]
    lines = [
        f"Of {asked}, {counted(int(clear.sum()), 'phrase')} {'is' if clear.sum() == 1 else 'are'} clear after the "
        f"correction; those of the same answers taken together, {counted(len(found), 'effect')}.",
        _people_line(found),
    ]
    return [*lines, _planted_line(table[table["kind"] != TOPIC], found)]


def _names(table: pd.DataFrame, kind: str) -> int:
    return table.loc[table["kind"] == kind, "phrase"].nunique()


def topic_lines(table: pd.DataFrame, found: pd.DataFrame, unit: str) -> list[str]:
    """How many topics there are, on how many of them models go further or less far, and whether people go along."""
    topics = _names(table, TOPIC)
    if not topics:
        return [
            f"The prompts of the test pairs make no topics: that takes {2 * PROMPTS_OF_TOPIC} prompts, and of a topic "
            f"at least {FEWEST_UNITS} prompts and {people(unit)}."
        ]
    clear = found[found["kind"] == TOPIC]
    made = f"The prompts of the test pairs make {counted(topics, 'topic')}"
    if not len(clear):
        return [f"{made}; on none of them a model goes clearly further from the global one than on the others."]
    further = int((clear["effect"] > 0).sum())
    along, against = int((clear["people_low"] > 0).sum()), int((clear["people_high"] < 0).sum())
    return [
        f"{made}. {counted(len(clear), 'effect')} {'is' if len(clear) == 1 else 'are'} clear, corrected together with "
        + worded("the phrases: a country's model goes further from the global one than on other topics ")
        + f"in {further} and less far in {len(clear) - further}.",
        worded("Held-out people of the country choose what their model goes towards there more often than the global ")
        + f"model expects in {along}, and less often in {against}, beyond the 95 % interval.",
    ]


def _people_line(found: pd.DataFrame) -> str:
    told = found[found["people"].notna()]
    if not len(told):
        return worded("No held-out person of these countries met a pair that has these phrases on one side.")
    same = int((told["people"] * told["effect"] > 0).sum())
    up, down = told["people_low"] > 0, told["people_high"] < 0
    with_it = int((up & (told["effect"] > 0) | down & (told["effect"] < 0)).sum())
    against = int((up & (told["effect"] < 0) | down & (told["effect"] > 0)).sum())
    return (
        f"Held-out people of the {worded('country')} go the same way in {same} of {len(told)} "
        f"({percent(same / len(told))}; half, if they had nothing to do with it): beyond their 95 % interval the "
        f"same way in {with_it}, the other way in {against}."
    )


def _planted_line(table: pd.DataFrame, found: pd.DataFrame) -> str:
    if found["planted"].isna().all():
        return worded(UNKNOWN)
    right, wrong = ((found["planted"] == which).mean() for which in (RIGHT, WRONG))
    usual = table["planted"].isin([RIGHT]).mean()
    return (
        f"Planted, so that it can be checked: {percent(right)} of what is found is planted in the "
        f"{worded('country')}'s taste, {percent(wrong)} is planted the other way, and of "
        f"{percent(1 - right - wrong)} neither is clear; of all tests {percent(usual)} go the planted way."
    )


def phrases_shown(found: pd.DataFrame) -> pd.DataFrame:
    """Findings as a reader sees them, in the order given, topics apart; with the examples if they are there."""
    each, topics = list(rows_of(found)), (found["kind"] == TOPIC).all()
    of_topics = (TOPIC, "model, beyond other topics", "people go along")
    labels = of_topics if topics else (PHRASE, "model", "held-out people")
    model = [_effect(r.effect, r.low, r.high) for r in each]
    of_people = [_effect(r.people, r.people_low, r.people_high) for r in each]
    columns = dict(zip(labels, (found["phrase"], model, of_people), strict=True))
    shown = pd.DataFrame({worded("country"): found["country"], **columns, "pairs": found["pairs"]})
    if found["planted"].notna().any():
        says = {RIGHT: "yes", WRONG: "the other way"}
        shown["planted"] = [says.get(value, "no") for value in found["planted"]]
    examples = [str(name) for name in found if str(name).startswith("example")]
    return shown.assign(**{name: found[name] for name in examples})


def _effect(value: float, low: float, high: float) -> str:
    """With its interval where there is one."""
    within = "" if math.isnan(low) else f" {brackets(low, high, lambda end: signed(end, 2))}"
    return signed(value, 2) + within


def question_lines(table: pd.DataFrame) -> list[str]:
    """How much of the answers steering moves, whether towards the people, and how much of it is more than luck."""
    if not len(table):
        return [worded("No country has a test question with shares of its options.")]
    clear, moved = table[table["clear"]], table[table["change"].abs() > ROUNDING]
    if not len(moved):
        return [worded("Every country's model answers as the global one does.")]
    groups = counted(table["country"].nunique(), worded("country"))
    lines = [
        f"On {counted(len(table), 'test question')} of {groups} steering moves {percent(table['moved'].mean())} of the "
        f"answers on average; the option that moves most goes towards what people of the {worded('country')} answered "
        f"in {percent(moved['nearer'].mean())} of the questions that move."
    ]
    unmoved = [inert(c) for c in table["country"].unique() if c not in set(moved["country"])]
    if unmoved:
        one = len(unmoved) == 1
        lines.append(f"{', '.join(unmoved)} {'answers' if one else 'answer'} as the global model does.")
    if table["low"].isna().all():
        return [
            *lines,
            f"Training's luck is not known here: that needs {FEWEST_SEEDS} seeds, and a method that seeds change. So "
            "nothing is called clear.",
        ]
    if not len(clear):
        return [*lines, "No change is clear after the correction."]
    lines.append(
        f"Clear after the correction {'is' if len(clear) == 1 else 'are'} {counted(len(clear), 'change')}; "
        f"{percent(clear['nearer'].mean())} of them go towards the people."
    )
    return lines


def question_texts(table: pd.DataFrame) -> list[str]:
    """Each question with its option that moves most, and what the models and the people say of it."""
    return [
        f"{inert(shortened(row.question, LONGEST_TEXT))}  \n**{inert(row.option)}**: {percent(row.global_share)} by "
        f"the global model, {percent(row.share)} by the country's (change {points(row.change)} points, 95 % "
        f"{brackets(row.low, row.high)}{'' if row.clear else ', not clear'}), {percent(row.people)} by its people."
        for row in rows_of(table)
    ]


def questions_shown(table: pd.DataFrame) -> pd.DataFrame:
    """Questions as a reader sees them, in the order given."""
    return pd.DataFrame(
        {
            worded("country"): table["country"],
            "question": [both_ends(text, LONGEST_QUESTION) for text in table["question"]],
            "option": table["option"],
            "change": [f"{points(r.change)} {brackets(r.low, r.high)}" for r in rows_of(table)],
            "global model": table["global_share"].map(percent),
            worded("country's model"): table["share"].map(percent),
            "its people": table["people"].map(percent),
            "clear": ["yes" if value else "no" for value in table["clear"]],
        }
    )
