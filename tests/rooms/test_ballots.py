"""Votes in and out: what is written is read again, and what cannot be read is named row by row."""

import csv
from functools import partial

import pandas as pd
import pytest

from scpo import data
from scpo.config import DataConfig
from scpo.errors import DataFaults
from scpo.rooms.ballots import from_csv, from_sheets, order, sheet, votes_csv

from fakes import demo_questions, planted_votes

DEMO = demo_questions()


def test_votes_come_back_from_their_csv():
    votes = planted_votes(DEMO, "Galune", 5)
    again = from_csv(votes_csv(DEMO, votes, "7b"), len(DEMO))
    assert again.assign(voter=again["voter"].astype(int)).equals(votes)


def test_the_csv_of_a_class_is_a_file_of_pairs_to_train_on(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text(votes_csv(DEMO, planted_votes(DEMO, "Galune", 5), "7b"))
    pairs = data.look(DataConfig("file", (str(path),)))[0]
    assert len(pairs.pairs) == 5 * len(DEMO) and pairs.card.unit == "user"
    first = pairs.pairs.iloc[0]
    assert pairs.texts["response"].iloc[first["chosen"]] in DEMO.left + DEMO.right


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_in_any_order_and_with_any_delimiter_are_read(delimiter):
    rows = [("choice", "extra", "user", "Pair"), ("a", "x", "u1", "1"), ("B", "y", "u2", "20")]
    text = "\ufeff" + "\r\n".join(delimiter.join(row) for row in rows)
    expected = pd.DataFrame({"voter": ["u1", "u2"], "pair": [0, 19], "left": [True, False]})
    assert from_csv(text, 20).equals(expected)


def test_every_row_of_a_csv_that_cannot_be_read_is_named():
    text = "user,pair,choice\n1,21,A\n,2,B\n1,3,C\n1,4,A\n1,4,B\n1,x\n1,²,A\n"
    with pytest.raises(DataFaults) as told:
        from_csv(text, 20)
    assert [fault.row for fault in told.value.faults] == [2, 3, 4, 6, 7, 8]
    assert "row 2: pair '21'; needed: 1 to 20, the pairs of this room" in str(told.value)
    assert "pair 4 of user '1' for the second time; needed: each pair once per voter" in str(told.value)


def test_rows_may_end_as_any_machine_ends_them():
    assert from_csv("user,pair,choice\r1,1,A\r2,20,B\r", 20).equals(from_csv("user,pair,choice\n1,1,A\n2,20,B\n", 20))


@pytest.mark.parametrize("start", ["user,pair,choice\n1,1,A\n2,2,", ""])
def test_a_quote_that_is_not_closed_is_told(start, request):
    request.addfinalizer(partial(csv.field_size_limit, csv.field_size_limit(131_072)))  # of the whole process
    with pytest.raises(
        DataFaults, match="a cell of more than 131,072 characters; needed: .*a quote that is not closed"
    ):
        from_csv(f'{start}"' + "1,1,A\n" * 30_000, 20)


@pytest.mark.parametrize("pair", ["00000000199", "000000001" + "9" * 5000])
def test_a_long_number_is_no_pair(pair):
    with pytest.raises(DataFaults, match="row 2: pair '000000001.*; needed: 1 to 20, the pairs of this room"):
        from_csv(f"user,pair,choice\n1,{pair},A\n", 20)


@pytest.mark.parametrize("text", ["", "\n\n", "pair,choice\n1,A\n", "user,pair,choice\n", '"'])
def test_a_csv_without_votes_says_what_is_needed(text):
    with pytest.raises(DataFaults, match="needed: a first line with user, pair, choice|needed: a row for each vote"):
        from_csv(text, 20)


def test_a_sheet_is_a_line_of_letters():
    votes = from_sheets("abB-\n\n A A, A A\n", 4)
    assert votes["voter"].tolist() == ["1"] * 3 + ["3"] * 4
    assert votes["left"].tolist() == [True, False, False] + [True] * 4
    with pytest.raises(DataFaults, match="row 2: 'ABX'; needed: 4 letters, each A, B or -"):
        from_sheets("ABAB\nABX\n", 4)
    with pytest.raises(DataFaults, match="no votes"):
        from_sheets("----\n", 4)


def test_a_printed_sheet_has_every_pair_as_text():
    hostile = DEMO.__class__(**{**DEMO.__dict__, "left": ("<script>alert(1)</script>", *DEMO.left[1:])})
    page = sheet(hostile, "<b>7b</b>")
    assert "<script>" not in page and "<b>7b</b>" not in page and "simulated" in page
    assert page.count('<div class="answers">') == len(DEMO)


def test_every_voter_is_asked_every_pair_in_an_order_of_their_own_and_half_of_them_turned():
    orders = [order(f"token-{n}", 20) for n in range(40)]
    assert all(sorted(pair for pair, _ in one) == list(range(20)) for one in orders)
    assert orders[0] == order("token-0", 20) and len({tuple(one) for one in orders}) == 40
    assert 0.4 < sum(turned for one in orders for _, turned in one) / 800 < 0.6
