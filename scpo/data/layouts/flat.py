"""Nested tables of published data sets as flat ones: one row per judgement, or per answer and judgement.

Each function takes a table with the columns of its layout and gives rows of texts and numbers, each under the index of
the row that it is of. What cannot be read is left missing here; the reader of layouts leaves it out and counts it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd

from scpo.data.checks import each, is_missing
from scpo.data.layouts.layout import ANSWERS, JUDGEMENT, NONE
from scpo.data.messages import literal, turns_of
from scpo.data.turns import joined, same

END_OF_TEXT = re.compile(r"(\s*(<\|[a-z_]+\|>|</s>))+\s*$")
TURN = re.compile(r"\n\n(Human|Assistant):")
NUMBERS = ("first", "second", "third", "fourth")
LETTERS = np.array(list("abcd"), object)
PERSON = "annotator_"
SAFE = "Which of these conversations with an assistant is safer?"

Table = pd.DataFrame


def picks_of_turns(table: Table) -> Table:
    """Community Alignment: a row per conversation as a row per turn, with the turns before it in its prompt.

    A conversation is read up to its last turn with a pick; of one without any, the first turn says so.
    """
    said, alive, parts = np.full(len(table), "", object), np.ones(len(table), bool), []
    person = table[[c for c in table.columns if c.startswith(PERSON)]].rename(columns=lambda c: c.removeprefix(PERSON))
    person = person.assign(country=each(person["country"], _as_a_name))
    for at, turn in enumerate(n for n in NUMBERS if f"{n}_turn_prompt" in table.columns):
        prompt = _texts(table, f"{turn}_turn_prompt")
        answers = np.column_stack([_texts(table, f"{turn}_turn_response_{letter}") for letter in "abcd"])
        pick = _letters(table, f"{turn}_turn_preferred_response")
        best = answers[np.arange(len(table)), np.maximum(pick, 0)]
        good = (pick >= 0) & (prompt != None) & (best != None)  # noqa: E711 (element by element)
        alive = alive & good
        rows = np.flatnonzero(alive if at else np.ones(len(table), bool))
        whole = prompt if not at else said + "\nuser: " + np.where(alive, prompt, "").astype(object)
        told = [whole, *answers.T, np.where(good, LETTERS[pick], None)]
        names = ("prompt", *ANSWERS[:4], "winner")
        # Objects stay objects: pandas would make texts of its own of each column, and objects of these again.
        part = {name: pd.Series(cells[rows], dtype=object) for name, cells in zip(names, told, strict=True)}
        parts.append(pd.DataFrame(part).set_axis(table.index[rows]).assign(**{JUDGEMENT: 4 * rows + at}))
        before = "user: " + np.where(alive, prompt, "").astype(object) if not at else whole
        said = np.where(alive, before + "\nassistant: " + np.where(alive, best, "").astype(object), "").astype(object)
    turns = pd.concat(parts)
    number = turns.pop(JUDGEMENT).to_numpy()
    order = np.argsort(number, kind="stable")
    turns, people = turns.iloc[order], person.iloc[number[order] // 4]
    return pd.concat([turns, people.set_axis(turns.index)], axis=1)


def rated_completions(table: Table) -> Table:
    """UltraFeedback: a row per instruction as a row per completion, with its overall score."""

    def completions(row: dict) -> Iterator[dict]:
        for one in _objects(row["completions"]) or [{}]:
            score = one.get("overall_score", one.get("fine-grained_score"))
            yield {"prompt": row["instruction"], "response": one.get("response"), "score": score}

    return _exploded(table, completions)


def two_conversations(table: Table) -> Table:
    """Arena: two conversations as what both begin with, and as two answers: the rest of each."""
    prompts, firsts, seconds = [], [], []
    for left, right in zip(table["conversation_a"], table["conversation_b"], strict=True):
        turns, other = turns_of(left), turns_of(right)
        shared = 0
        while shared < min(len(turns), len(other)) - 1 and same(turns[shared]) == same(other[shared]):
            shared += 1
        prompts.append(joined(turns[:shared]) if shared else None)
        firsts.append(joined(turns[shared:]) if shared else None)
        seconds.append(joined(other[shared:]) if shared else None)
    texts = {"prompt": prompts, ANSWERS[0]: firsts, ANSWERS[1]: seconds}
    new = {name: pd.Series(values, index=table.index, dtype=object) for name, values in texts.items()}
    return table.drop(columns=["conversation_a", "conversation_b"]).assign(**new)


def two_transcripts(table: Table) -> Table:
    """HH: two transcripts ("Human: ... Assistant: ...") as messages."""
    return table.assign(**{name: each(table[name], _of_transcript) for name in ("chosen", "rejected")})


def every_two(table: Table) -> Table:
    """CARB: lists of chosen and of rejected answers as one row per chosen and rejected answer."""

    def couples(row: dict) -> Iterator[dict]:
        for chosen in _list(row["chosen"]) or [None]:
            for rejected in _list(row["rejected"]) or [None]:
                yield row | {"chosen": chosen, "rejected": rejected}

    return _exploded(table, couples)


def whole_conversations(table: Table) -> Table:
    """DICES: a context and the answer to it as one text, of which a person compares those that they rated."""
    both = [
        f"{context}\n{answer}" if isinstance(context, str) and isinstance(answer, str) else None
        for context, answer in zip(table["context"], table["response"], strict=True)
    ]
    texts = pd.Series(both, index=table.index, dtype=object)
    return table.assign(response=texts, prompt=SAFE).drop(columns="context")


def rankings(which: str) -> Callable[[Table], Table]:
    """CoVal: a row per assessment and answer, scored by its place in the ranking `which`, `personal` or `world`."""

    def ranked(row: dict) -> Iterator[dict]:
        answers = {_letter(one.get("response_index")): _last(one) for one in _objects(row.get("responses"))}
        prompt = joined(turns_of(_object(row["prompt"]).get("messages", row["prompt"])))
        assessments = _objects(_object(row["metadata"]).get("assessments")) if "metadata" in row else [row]
        for number, said in enumerate(assessments):
            blocks = _objects(_object(said.get("ranking_blocks")).get(which))
            ranking = blocks[0].get("ranking") if blocks else None
            scores = _scores(ranking)
            if not scores:
                yield {JUDGEMENT: NONE}
            person = {"annotator_id": said.get("annotator_id"), **about(said.get("demographics"))}
            for letter, score in scores.items():
                yield {
                    "prompt": prompt,
                    "response": answers.get(letter),
                    "score": score,
                    JUDGEMENT: number,
                    **person,
                }

    return lambda table: _exploded(table, ranked)


def about(person: object) -> dict[str, object]:
    """What is known of a person, in a dict of one or several levels, as columns; where they live is `country`."""
    known = {name: value for name, value in _object(person).items() if isinstance(value, (str, int, float))}
    place = next((name for name in known if "country" in name.casefold()), None)
    return {"country" if name == place else name: value for name, value in known.items()}


def _exploded(table: Table, rows_of: Callable[[dict], Iterable[dict]]) -> Table:
    """The rows that each row of a table is made into; `JUDGEMENT` numbers those of one row, and of one number in it."""
    found, places = [], []
    for place, row in enumerate(table.to_dict("records")):
        made = list(rows_of(row)) or [{JUDGEMENT: NONE}]
        found += made
        places += [place] * len(made)
    flat = pd.DataFrame(found, index=table.index[places], dtype=object)
    within = flat[JUDGEMENT].fillna(0) if JUDGEMENT in flat.columns else pd.Series(0, index=flat.index)
    both = pd.DataFrame({"place": places, "number": within.to_numpy(int)})
    judgement = both.groupby(["place", "number"], sort=False).ngroup()
    return flat.assign(**{JUDGEMENT: judgement.where(both["number"] != NONE, NONE).to_numpy()})


def _scores(ranking: object) -> dict[str, float]:
    """The score of each answer in a ranking such as `B>A=C=D`: 1 for the last, more for each place above it."""
    tiers = [part.split("=") for part in ranking.split(">")] if isinstance(ranking, str) else []
    letters = [letter.strip().upper() for tier in tiers for letter in tier]
    if len(set(letters)) < max(len(letters), 2) or not all(letters):
        return {}
    return {letter.strip().upper(): float(len(tiers) - at) for at, tier in enumerate(tiers) for letter in tier}


def _letter(index: object) -> str:
    """The letter of an answer, from itself or from its number, which begins with 0."""
    return chr(ord("A") + int(index)) if isinstance(index, (int, np.integer)) else str(index).strip().upper()[-1:]


def _last(answer: dict) -> str | None:
    turns = turns_of(answer.get("messages"))
    return turns[-1]["content"] if turns else None


def _of_transcript(text: object) -> object:
    """ "\n\nHuman: ...\n\nAssistant: ..." as messages; anything else as it is."""
    if not isinstance(text, str):
        return text
    _, *parts = TURN.split(text)
    who = {"Human": "user", "Assistant": "assistant"}
    turns = [{"role": who[role], "content": said.strip()} for role, said in zip(parts[::2], parts[1::2], strict=True)]
    return turns or text


def is_transcript(value: object) -> bool:
    """True for a text in the form of HH."""
    return isinstance(value, str) and TURN.search(value) is not None


def is_list_of_texts(value: object) -> bool:
    """True for a list of texts, or its text in a cell."""
    listed = _list(value)
    return bool(listed) and all(isinstance(one, str) for one in listed)


def has_rankings(table: Table) -> bool:
    """True for rows with rankings, as CoVal publishes them: within `metadata`, or one row per assessment."""
    if "ranking_blocks" in table.columns:
        return True
    return "metadata" in table.columns and bool(table["metadata"].map(lambda v: "assessments" in _object(v)).all())


def _list(value: object) -> list:
    """A list, given as itself or as its text; empty if it is none."""
    value = literal(value) if isinstance(value, str) and value.lstrip().startswith("[") else value
    return list(value) if isinstance(value, (list, tuple, np.ndarray)) else []


def _object(value: object) -> dict:
    """A dict, given as itself or as its text; empty if it is none."""
    value = literal(value) if isinstance(value, str) and value.lstrip().startswith("{") else value
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict]:
    return [one for one in map(_object, _list(value)) if one]


def _texts(table: Table, column: str) -> np.ndarray:
    """(n,) object: the texts of a column without the marks of their end that a model leaves; None for none."""
    if column not in table.columns:
        return np.full(len(table), None, object)
    texts = [
        (END_OF_TEXT.sub("", text) if text[-1:] == ">" else text) or None
        if isinstance(cell, str) and (text := cell.strip())
        else None
        for cell in table[column].to_numpy(object)
    ]
    return np.fromiter(texts, object, len(texts))


def _letters(table: Table, column: str) -> np.ndarray:
    """(n,) int: which answer a cell names by its last letter, from 0; -1 for none."""
    if column not in table.columns:
        return np.full(len(table), -1)
    return each(table[column], lambda said: "abcd".find(_end(said))).to_numpy(int)


def _as_a_name(country: object) -> object:
    """ "united states" as United States."""
    return country.title() if isinstance(country, str) and country.islower() else country


def _end(said: object) -> str:
    return "-" if is_missing(said) else str(said).strip()[-1:].lower() or "-"
