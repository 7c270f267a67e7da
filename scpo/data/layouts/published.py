"""Every layout that is read, one row each: a data set's columns, what each is, its licence and how it is cited.

A new one is a row here, a made-up file in `tests/data/layouts/test_published.py`, and a line in `docs/data.md`. A data
set whose cells are nested has a function in `scpo.data.layouts.flat` too.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from scpo.data.layouts import flat
from scpo.data.layouts.layout import ANSWERS, PAIR, SCORED, Layout

HUB = "https://huggingface.co/datasets"


def _same(*names: str) -> dict[str, str | tuple[str, ...]]:
    return {name: name for name in names}


def _without(*columns: str) -> Callable[[pd.DataFrame], bool]:
    return lambda table: not {*columns} & {*table.columns}


def _each(column: str, test: Callable[[object], bool]) -> Callable[[pd.DataFrame], bool]:
    return lambda table: bool(table[column].map(test).all())


def _plain_pairs(table: pd.DataFrame) -> bool:
    """True for pairs of texts or messages that name no country, and are of no other layout with these columns."""
    lists, transcripts = flat.is_list_of_texts, flat.is_transcript
    return not table["chosen"].map(lambda v: lists(v) or transcripts(v)).any() and _without("country")(table)


# Files of one's own, which keep their name.
OWN = (
    Layout("pairs", "", (*PAIR, "country"), _same(*PAIR, "country"), holds=_without("response")),
    Layout("scores", "", (*SCORED, "country"), _same(*SCORED, "country"), rows_are="responses"),
)

LAYOUTS = (
    Layout(
        name="community-alignment",
        title="Community Alignment",
        told_by=("annotator_id", "annotator_country", "first_turn_prompt", "first_turn_preferred_response"),
        columns=_same("prompt", *ANSWERS[:4], "winner", "country") | {"user": "id"},
        flat=flat.picks_of_turns,
        rows_are="conversations",
        judged="pick(s) of one answer out of {n}",
        licence="CC BY 4.0",
        citation="Zhang et al. 2025, Cultivating Pluralism In Algorithmic Monoculture: The Community Alignment "
        "Dataset, arXiv 2507.09650",
        url=f"{HUB}/facebook/community-alignment-dataset",
    ),
    *(
        Layout(
            name=name,
            title=title,
            told_by=("prompt", "responses"),
            columns=_same("prompt", "response", "score", "country") | {"user": "annotator_id"},
            flat=flat.rankings(which),
            people=("annotator_id", "demographics"),
            holds=flat.has_rankings,
            rows_are="assessments",
            judged=f"{which} ranking(s)",
            licence="CC BY 4.0",
            citation="OpenAI 2025, Collective Alignment 1 (CoVal)",
            url=f"{HUB}/openai/coval",
        )
        for name, title, which in (
            ("coval-personal", "CoVal (personal rankings)", "personal"),
            ("coval-world", "CoVal (rankings for the world)", "world"),
        )
    ),
    Layout(
        name="prism",
        title="PRISM",
        told_by=("user_id", "interaction_id", "user_prompt", "model_response", "score"),
        columns={},
        dataset="prism",
    ),
    Layout(
        name="helpsteer3",
        title="HelpSteer3",
        told_by=("context", "response1", "response2", "overall_preference"),
        columns={"prompt": "context", "response_a": "response1", "response_b": "response2"}
        | {"strength": "overall_preference"},
        rows_are="comparisons",
        judged="comparison(s) of {n} answers",
        licence="CC BY 4.0",
        citation="Wang et al. 2025, HelpSteer3-Preference, arXiv 2505.11475",
        url=f"{HUB}/nvidia/HelpSteer3",
    ),
    Layout(
        name="ultrafeedback",
        title="UltraFeedback",
        told_by=("instruction", "completions"),
        columns=_same(*SCORED),
        flat=flat.rated_completions,
        rows_are="completions",
        judged="instruction(s) with scored completions",
        licence="MIT",
        citation="Cui et al. 2023, UltraFeedback: Boosting Language Models with High-quality Feedback, "
        "arXiv 2310.01377",
        url=f"{HUB}/openbmb/UltraFeedback",
    ),
    Layout(
        name="arena",
        title="Chatbot Arena",
        told_by=("conversation_a", "conversation_b", "winner"),
        columns=_same("prompt", *ANSWERS[:2], "winner", "country") | {"user": ("judge", "user_id")},
        flat=flat.two_conversations,
        rows_are="battles",
        judged="battle(s) of {n} answers",
        licence="prompts CC BY 4.0, outputs CC BY-NC 4.0",
        citation="Zheng et al. 2023, Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena, arXiv 2306.05685",
        url=f"{HUB}/lmsys/chatbot_arena_conversations",
    ),
    Layout(
        name="hh",
        title="HH-RLHF",
        told_by=PAIR[1:],
        columns=_same(*PAIR[1:], "country"),
        flat=flat.two_transcripts,
        holds=lambda table: _each("chosen", flat.is_transcript)(table) and _without("prompt")(table),
        licence="MIT",
        citation="Bai et al. 2022, Training a Helpful and Harmless Assistant with Reinforcement Learning from Human "
        "Feedback, arXiv 2204.05862",
        url=f"{HUB}/Anthropic/hh-rlhf",
    ),
    Layout(  # the form of TRL, of which any data may be: its prompt in a column of its own, or in messages
        name="preference",
        title="",
        form="TRL's preference form",
        told_by=PAIR[1:],
        columns=_same(*PAIR),
        holds=_plain_pairs,
    ),
    Layout(
        name="dices",
        title="DICES",
        told_by=("rater_id", "context", "response", "Q_overall"),
        columns=_same("prompt", "response") | {"score": "Q_overall", "user": "rater_id", "country": "rater_locale"},
        flat=flat.whole_conversations,
        words={"no": 1.0, "unsure": 0.5, "yes": 0.0},  # is anything in the conversation unsafe
        rows_are="ratings",
        judged="rating(s) of conversations",
        licence="CC BY 4.0",
        citation="Aroyo et al. 2023, DICES Dataset: Diversity in Conversational AI Evaluation for Safety, "
        "arXiv 2306.11247",
        url="https://github.com/google-research-datasets/dices-dataset",
    ),
    Layout(
        name="care",
        title="CARE",
        told_by=("question", "response", "associated_culture"),
        columns={
            "prompt": "question",
            "response": "response",
            "score": ("human_rating", "rating"),
            "country": "associated_culture",
        },
        rows_are="responses",
        judged="rated answer(s)",
        licence="MIT",
        citation="Guo et al. 2025, CARE: Multilingual Human Preference Learning for Cultural Awareness, "
        "arXiv 2504.05154",
        url=f"{HUB}/geyang627/CARE",
    ),
    Layout(
        name="plural",
        title="PLURAL",
        told_by=("prompt", "pref", "dispref"),
        columns={"prompt": "prompt", "chosen": "pref", "rejected": "dispref", "country": ("country", "culture")},
        url=f"{HUB}/agdhruv/plural-alignment",
    ),
    Layout(
        name="carb",
        title="CARB",
        told_by=PAIR,
        columns=_same(*PAIR) | {"country": ("country", "culture", "region")},
        flat=flat.every_two,
        holds=_each("chosen", flat.is_list_of_texts),
        citation="Zhang et al. 2025, Evaluating and Improving Cultural Awareness of Reward Models for LLM Alignment, "
        "arXiv 2509.21798",
        url="https://arxiv.org/abs/2509.21798",
    ),
)
