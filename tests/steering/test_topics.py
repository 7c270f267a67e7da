"""Topics from prompts: the same of the same prompts, named by words of theirs, none where there are too few."""

import warnings

import numpy as np
import pytest

from scpo.steering.topics import PROMPTS_OF_TOPIC, topics_of

SUBJECTS = {"food": ("bread", "soup"), "sport": ("football", "tennis"), "money": ("saving", "loans")}


def prompts(each=PROMPTS_OF_TOPIC):
    return [
        f"Is {words[at % 2]} ({at}) any good for {subject}?"
        for at in range(each)
        for subject, words in SUBJECTS.items()
    ]


def encode(strings, prompts):
    """A direction for each subject, and a little noise of each string."""
    rng = np.random.default_rng(0)
    words = [{subject, *said} for subject, said in SUBJECTS.items()]
    side = np.array([[any(word in text for word in subject) for subject in words] for text in strings], float)
    return (side + 0.05 * rng.normal(size=side.shape)).astype(np.float32)


def test_prompts_near_each_other_are_a_topic_named_by_its_telling_words():
    said = prompts()
    topics = topics_of(said, encode)
    for subject, words in SUBJECTS.items():
        (topic,) = {int(topics.of_prompt[at]) for at, text in enumerate(said) if subject in text}
        assert set(topics.names[topic].split(", ")) == set(words)  # the subject itself is in a third of the prompts
    again = topics_of(said, encode)
    assert again.names == topics.names and (again.of_prompt == topics.of_prompt).all()


@pytest.mark.parametrize(
    "said, encoder",
    [(prompts(4), encode), (prompts(), None), (prompts(), lambda strings, _: np.ones((len(strings), 3))), ([], encode)],
)
def test_few_prompts_no_encoder_or_equal_vectors_make_no_topics(said, encoder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        topics = topics_of(said, encoder)
    assert topics.names == [] and (topics.of_prompt == -1).all() and len(topics.of_prompt) == len(said)


def test_topics_without_words_of_their_own_have_names_of_their_own():
    topics = topics_of([chr(0x1F600 + at) for at in range(40)], lambda strings, _: np.eye(3)[np.arange(40) % 3] + ROUGH)
    assert len(topics.names) == len(set(topics.names)) == 3


ROUGH = 0.01 * np.random.default_rng(1).normal(size=(40, 3))
