"""Data made for the bench: tables and files of a given size and shape, from a seed. Their texts say nothing.

Lengths of answers are log-normal, 60 words in the middle; the words are those of the demo's answers, so that a
tokenizer cuts them as it cuts English.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pandas as pd

from scpo.config import PRISM_SIZED, DataConfig
from scpo.data.prism import COUNTRIES, REFERENCE

# PRISM as published: 1,500 people answered the survey, 1,396 of them had 8,011 conversations of 27,172
# interactions with 68,371 responses; the first interaction has up to four, later ones two or one.
SURVEYED, USERS, FOURS, TWOS, ONES = 1_500, 1_396, 8_011, 17_166, 1_995
OTHERS = (
    "Belgium, Brazil, China, Czech Republic, Denmark, Estonia, Finland, France, Germany, Greece, Hungary, "
    "India, Indonesia, Ireland, Italy, Japan, Kenya, Latvia, Netherlands, Nigeria, Norway, Philippines, "
    "Poland, Portugal, Slovenia, Spain, Sweden, Switzerland, Vietnam"
).split(", ")


def scored_table(fours: int, twos: int, people: int = 1_396, countries: int = 3, words: int = 0) -> pd.DataFrame:
    """Scored responses to prompts, four to some and two to others, each once; of so many words, or very short."""
    rng = np.random.default_rng(0)
    size = np.concatenate([np.full(fours, 4), np.full(twos, 2)])
    group = np.repeat(np.arange(len(size)), size)
    of_person = rng.permutation(np.arange(people) % countries)
    names = np.array([f"Country {c:03d}" for c in range(countries)], dtype=object)
    responses = texts_of(len(group), seed=1, middle=words) if words else [f"response {i}" for i in range(len(group))]
    return pd.DataFrame(
        {
            "prompt": [f"prompt number {g}" for g in group],
            "response": responses,
            "score": rng.integers(1, 101, len(group)),
            "country": names[of_person[group % people]],
            "unit": group % people,
            "user": group % people,
            "group": group,
        }
    )


@functools.cache
def _sentences(count: int = 20_000) -> np.ndarray:
    """Rows of 10 words, (count,) of str."""
    from scpo import data

    texts = data.load(DataConfig(demo_world=PRISM_SIZED)).texts["response"]
    words = np.array(sorted(set(" ".join(texts).split())), dtype=object)
    rows = words[np.random.default_rng(0).integers(0, len(words), (count, 10))]
    return np.array([" ".join(row) for row in rows], dtype=object)


def texts_of(count: int, seed: int, middle: float = 60.0) -> list[str]:
    """Distinct texts, from about 10 to 400 words long."""
    rng = np.random.default_rng(seed)
    sentences = _sentences()
    tens = np.clip(np.round(rng.lognormal(np.log(middle / 10), 0.5, count)), 1, 40).astype(int)
    picked, ends = rng.integers(0, len(sentences), tens.sum()), np.cumsum(tens)
    return [
        f"{at} " + " ".join(sentences[picked[end - n : end]])
        for at, (n, end) in enumerate(zip(tens, ends, strict=True))
    ]


def prism_files(folder: Path, users: int = USERS, fours: int = FOURS, twos: int = TWOS, ones: int = ONES) -> list[str]:
    """`survey.jsonl` and `utterances.jsonl` with PRISM's published columns and, by default, of its size; their paths.

    38 countries, of which a few have most people; scores are drawn at random.
    """
    rng = np.random.default_rng(0)
    names = [*REFERENCE, *COUNTRIES, *OTHERS]
    share = np.array([0.22, 0.20, *[0.045] * len(COUNTRIES), *[0.265 / len(OTHERS)] * len(OTHERS)])
    surveyed = max(round(users * SURVEYED / USERS), users)
    country = np.array(names, dtype=object)[rng.choice(len(names), surveyed, p=share / share.sum())]
    country[: len(names)] = names
    survey = [_person(rng, at, place) for at, place in enumerate(country)]
    size = rng.permutation(np.repeat([4, 2, 1], [fours, twos, ones]))
    user = np.sort(rng.integers(0, users, len(size)))
    said, prompts = texts_of(int(size.sum()), seed=1), texts_of(len(size), seed=2, middle=20)
    score = np.clip(np.round(rng.normal(60, 25, len(said))), 1, 100).astype(int)
    rows: list[dict[str, object]] = []
    at = 0
    for interaction, (n, person) in enumerate(zip(size.tolist(), user.tolist(), strict=True)):
        best = int(score[at : at + n].argmax())
        for place in range(n):
            rows.append(
                {
                    "utterance_id": f"ut{at}",
                    "interaction_id": f"int{interaction}",
                    "conversation_id": f"c{interaction}",
                    "user_id": f"user{person}",
                    "turn": 0 if n == 4 else 1,
                    "within_turn_id": place,
                    "conversation_type": "unguided",
                    "user_prompt": prompts[interaction],
                    "model_response": said[at],
                    "model_name": "none",
                    "model_provider": "none",
                    "score": int(score[at]),
                    "if_chosen": place == best,
                    "included_in_balanced_subset": False,
                }
            )
            at += 1
    paths = [folder / "survey.jsonl", folder / "utterances.jsonl"]
    tables: tuple[list[dict[str, object]], ...] = (survey, rows)
    for path, table in zip(paths, tables, strict=True):
        path.write_text("".join(json.dumps(line) + "\n" for line in table))
    return [str(path) for path in paths]


def _person(rng: np.random.Generator, at: int, country: str) -> dict[str, object]:
    """A row of the survey: the columns that are read, as they are published."""
    ages = ("18-24 years old", "25-34 years old", "35-44 years old", "45-54 years old", "65+ years old")
    return {
        "user_id": f"user{at}",
        "age": ages[rng.integers(len(ages))],
        "gender": ("Female", "Male")[rng.integers(2)],
        "education": "University Bachelors Degree",
        "employment_status": "Working full-time",
        "marital_status": "Never been married",
        "english_proficiency": "Fluent",
        "religion": {"self_described": "none", "categorised": "No Affiliation", "simplified": "No Affiliation"},
        "ethnicity": {"self_described": "none", "categorised": "Prefer not to say", "simplified": "Prefer not to say"},
        "location": {"birth_country": country, "reside_country": country},
    }
