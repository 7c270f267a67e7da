"""Phrases of answers in scripts with and without blanks, and which pairs have them on one side."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scpo.data.preferences import DataCard, Preferences
from scpo.steering.phrases import Presence, phrases_in


def names(text):
    return [phrase for phrase, _, _ in phrases_in(text)]


@pytest.mark.parametrize(
    "text, phrases",
    [
        ("To be honest", ["to", "to be", "to be honest", "be", "be honest", "honest"]),
        ("Yes. No", ["yes", "no"]),
        ("don't  stop", ["don't", "don't stop", "stop"]),
        ("well-known", ["well", "known"]),
        ("हिन्दी में। हाँ", ["हिन्दी", "हिन्दी में", "में", "हाँ"]),
        ("好的吗", ["好的", "好的吗", "的吗"]),
        ("好。的", []),
        ("ไทย ok", ["ไท", "ไทย", "ทย", "ok"]),
        ("한국 사람", ["한국", "한국 사람", "사람"]),
        ("Well 🙂!", ["well", "well 🙂", "🙂"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_a_phrase_is_words_in_a_row_or_characters_where_a_script_has_no_blanks(text, phrases):
    assert names(text) == phrases


@given(st.text(alphabet="aB c.'\n好हि-", max_size=60))
def test_a_phrase_stands_where_it_is_said_to(text):
    for phrase, begin, end in phrases_in(text):
        assert "".join(text[begin:end].lower().split()) == "".join(phrase.split())


def made(answers, pairs, people=40):
    """Preferences of (chosen, rejected) answers, all test pairs, one prompt a pair, people in turn."""
    texts = pd.DataFrame({"prompt": pd.Categorical([f"p{at // 2}" for at in range(len(answers))]), "response": answers})
    chosen, rejected = np.array(pairs, int).reshape(-1, 2).T
    table = pd.DataFrame(
        {
            "chosen": chosen.astype(np.int32),
            "rejected": rejected.astype(np.int32),
            "country": pd.Categorical(["Aland"] * len(chosen)),
            "unit": (np.arange(len(chosen)) % people).astype(np.int32),
        }
    )
    units = pd.DataFrame({"name": [f"u{at}" for at in range(people)], "split": "test"})
    card = DataCard("file", "made", False, "user", "", "", ("Aland",), ("Aland",))
    return Preferences(texts, table, units, card)


def test_a_phrase_counts_on_the_side_that_has_it_alone_and_the_longest_of_the_same_texts_stands_for_all():
    answers = ["good day now", "now then"] * 60
    data = made(answers, [(2 * at, 2 * at + 1) if at % 3 else (2 * at + 1, 2 * at) for at in range(60)])
    presence = Presence.of(data)
    assert presence.phrases == ["good day now", "now then"]
    sides = presence.x.toarray()[:, presence.phrases.index("good day now")]
    assert sides.tolist() == [1 if at % 3 else -1 for at in range(60)]
    assert np.allclose(presence.length[1], np.log2(12 / 8)) and set(presence.groups[0]) == set(range(40))


@pytest.mark.parametrize("answers", [["", ""], ["same", "same"], ["…", "!!"]])
def test_answers_without_phrases_are_no_fault(answers):
    presence = Presence.of(made(answers * 30, [(2 * at, 2 * at + 1) for at in range(30)]))
    assert presence.phrases == [] and presence.x.shape == (30, 0)


def test_no_pairs_are_no_fault():
    assert Presence.of(made([], [])).x.shape == (0, 0)
