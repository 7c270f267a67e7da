"""Which phrases and topics test pairs have, on which side, and what has none."""

import numpy as np
import pandas as pd
import pytest

from scpo.data.preferences import DataCard, Preferences
from scpo.steering.presence import Presence


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
