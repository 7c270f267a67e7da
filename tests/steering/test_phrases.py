"""Phrases of answers in scripts with and without blanks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scpo.steering.phrases import phrases_in


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
