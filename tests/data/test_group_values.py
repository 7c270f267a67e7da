"""Values of a column as groups: case and blanks do not count, refusals name none, nothing is read as a country."""

import numpy as np

from scpo.data.group_values import find_group, names_group, read_groups


def test_case_and_blanks_do_not_count_and_the_usual_spelling_is_kept():
    said = read_groups(
        ["Spanish", " spanish", "Spanish", "HINDI ", None, "Prefer not to say", float("nan")], ("language",)
    )
    assert said.names.tolist() == ["Spanish", "Spanish", "Spanish", "HINDI", None, None, None]
    assert said.none == {"": 2, "Prefer not to say": 1}
    assert said.notes == ("one country under several spellings: Spanish (also 'spanish')",)


def test_adjectives_and_codes_are_no_countries_where_they_are_languages():
    assert read_groups(["Spanish", "es", "Spain"], ("language",)).names.tolist() == ["Spanish", "es", "Spain"]
    assert set(read_groups(["Spanish", "ESP", "Spain"], ()).names) == {"Spain"}
    assert find_group("ESP", ["Spanish"], ("language",)) == [] and find_group("ESP", ["Spain"], ()) == ["Spain"]


def test_a_group_is_found_in_any_case_and_whole_numbers_are_their_text():
    assert find_group(" spanish ", ["Hindi", "Spanish"], ("language",)) == ["Spanish"]
    assert read_groups(np.array([25.0, 30.0, np.nan]), ("age",)).names.tolist() == ["25", "30", None]


def test_other_is_an_answer_where_it_is_no_country():
    assert names_group("Other") and not names_group("N/A")
