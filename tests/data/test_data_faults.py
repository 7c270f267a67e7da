"""Rows that say nothing are left out and counted by reason; strict, or as most of a file, they are faults."""

import pandas as pd
import pytest

from scpo.data.faults import Faults
from scpo.errors import DataFaults


def table(rows, file="a.csv"):
    return pd.DataFrame({"x": range(rows)}, index=pd.MultiIndex.from_product([[file], range(2, rows + 2)]))


def gathered(rows=10, strict=False, out=(2, 3)):
    faults = Faults("a.csv", strict=strict)
    faults.counted("a.csv", rows)
    faults.at([("a.csv", n) for n in out], "answer is empty", "a text", "pairs with an empty answer")
    return faults


def test_a_row_that_says_nothing_is_left_out_once_and_counted_under_its_first_reason():
    faults = gathered()
    faults.at([("a.csv", 3), ("a.csv", 4)], "no country", "a country", "pairs with an empty country")
    faults.raise_any()
    assert faults.left_out == {"pairs with an empty answer": 2, "pairs with an empty country": 1}
    assert faults.kept(table(10))["x"].tolist() == [3, 4, 5, 6, 7, 8, 9]


def test_strict_makes_faults_of_the_same_rows():
    with pytest.raises(DataFaults) as caught:
        gathered(strict=True).raise_any()
    assert [str(f) for f in caught.value.faults] == [f"row {n}: answer is empty; needed: a text" for n in (2, 3)]


def test_more_than_half_of_a_file_left_out_is_a_fault_with_counts_and_rows():
    gathered(4, out=(2, 3)).raise_any()
    with pytest.raises(DataFaults) as caught:
        gathered(3, out=(2, 3)).raise_any()
    assert caught.value.why == "2 of 3 rows cannot be used (pairs with an empty answer: 2)."
    assert [fault.row for fault in caught.value.faults] == [2, 3] and caught.value.why in str(caught.value)


def test_the_half_is_of_each_file_and_not_of_all_together():
    faults = Faults("a.csv", "b.csv", strict=False)
    faults.counted("a.csv", 1000)
    faults.counted("b.csv", 3)
    faults.at([("b.csv", n) for n in (2, 3)], "answer is empty", "a text", "pairs with an empty answer")
    with pytest.raises(DataFaults, match="Of b.csv, 2 of 3 rows cannot be used .pairs with an empty answer: 2."):
        faults.raise_any()


def test_people_who_told_no_country_are_no_sign_of_a_wrong_file_unless_nobody_did():
    for out, refused in ((range(2, 9), False), (range(2, 12), True)):
        faults = gathered(out=())
        faults.at([("a.csv", n) for n in out], "country is 'N/A'", "a name", "pairs that name no country", usual=True)
        if not refused:
            faults.raise_any()
            continue
        with pytest.raises(DataFaults, match="10 of 10 rows cannot be used"):
            faults.raise_any()


def test_a_fault_without_a_reason_is_never_left_out():
    faults = Faults("a.csv", strict=False)
    faults.at([("a.csv", 1)], "two columns named 'x'", "each once")
    with pytest.raises(DataFaults, match="two columns"):
        faults.raise_any()
