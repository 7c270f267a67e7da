"""What a model reads, as exact strings, and what is cut when it is too long."""

import pytest
from models import tiny_tokenizer
from transformers import BertConfig, RobertaConfig

from scpo.errors import ConfigError
from scpo.training.finetune.formats import InputFormat, longest_input


def test_an_encoder_reads_a_sentence_pair():
    inputs = InputFormat(tiny_tokenizer(), 16)
    assert inputs.text("w1 w2", "w3") == "[CLS] w1 w2 [SEP] w3 [SEP]"
    assert inputs.encode("w1 w2", "w3").segments is None


def test_a_pair_equals_the_tokenizers_own_pair():
    tokenizer = tiny_tokenizer(segments=True)
    own, ours = tokenizer("w1 w2", "w3 w4 w5"), InputFormat(tokenizer, 16).encode("w1 w2", "w3 w4 w5")
    assert ours.ids == own["input_ids"] and ours.segments == own["token_type_ids"]


def test_a_chat_model_reads_its_template():
    text = InputFormat(tiny_tokenizer(chat=True), 16).text("w1 w2", "w3")
    assert text == "<user> w1 w2 <end> <assistant> w3 <end>"


def test_the_published_form_is_one_text():
    assert InputFormat(tiny_tokenizer(), 16, as_published=True).text("w1", "w3") == "[CLS] w1 [SEP] w3 [SEP]"


@pytest.mark.parametrize(
    "chat, expected",
    [
        (False, "[CLS] w8 w9 [SEP] w20 w21 [SEP]"),
        (True, "<user> w8 w9 <end> <assistant> w20 w21 <end>"),
    ],
)
def test_the_front_of_a_long_prompt_is_cut(chat, expected):
    prompt = " ".join(f"w{k}" for k in range(10))
    inputs = InputFormat(tiny_tokenizer(chat=chat), 8 if chat else 7)
    assert inputs.text(prompt, "w20 w21") == expected


TURNS = [
    {"role": role, "content": text}
    for role, text in [("system", "w0"), ("user", "w1 w2"), ("assistant", "w3"), ("user", "w4 w5 w6")]
]


@pytest.mark.parametrize(
    "room, expected",
    [
        (16, "<assistant> w0 <end> <user> w1 w2 <end> <assistant> w3 <end> <user> w4 w5 w6 <end> <assistant> w9 <end>"),
        (8, "<user> w4 w5 w6 <end> <assistant> w9 <end>"),
        (7, "<user> w5 w6 <end> <assistant> w9 <end>"),
    ],
)
def test_of_a_long_conversation_the_oldest_turns_go_first(room, expected):
    assert InputFormat(tiny_tokenizer(chat=True), 20 if room == 16 else room).text(TURNS, "w9") == expected


def test_an_encoder_reads_several_turns_as_one_text_with_their_roles():
    inputs = InputFormat(tiny_tokenizer(), 32)
    assert inputs.text(TURNS[1:2], "w9") == "[CLS] w1 w2 [SEP] w9 [SEP]"
    joined = tiny_tokenizer()("user: w1 w2\nassistant: w3\nuser: w4 w5 w6", "w9")["input_ids"]
    assert inputs.encode(TURNS[1:], "w9").ids == joined


def test_inputs_are_never_longer_than_the_model_has_positions():
    tokenizer = tiny_tokenizer()
    asked = [BertConfig(max_position_embeddings=40), RobertaConfig(max_position_embeddings=42, pad_token_id=1)]
    assert [longest_input(50, tokenizer, config) for config in asked] == [40, 40]
    assert longest_input(30, tokenizer, asked[0]) == 30
    assert longest_input(500, tokenizer, BertConfig(max_position_embeddings=400)) == tokenizer.model_max_length == 64


def test_the_published_form_needs_a_separator():
    tokenizer = tiny_tokenizer()
    tokenizer.sep_token = None
    with pytest.raises(ConfigError, match="no separator"):
        InputFormat(tokenizer, 16, as_published=True)


def test_an_answer_that_alone_is_too_long_loses_its_end_and_leaves_room_for_the_prompt():
    answer = " ".join(f"w{k}" for k in range(20, 40))
    assert (
        InputFormat(tiny_tokenizer(), 11).text("w1 w2 w3 w4", answer)
        == "[CLS] w3 w4 [SEP] w20 w21 w22 w23 w24 w25 [SEP]"
    )


def test_no_padding_token_is_refused_with_the_remedy():
    tokenizer = tiny_tokenizer()
    tokenizer.pad_token = None
    with pytest.raises(ConfigError, match="pad_token = tokenizer.eos_token"):
        InputFormat(tokenizer, 16)


def test_a_template_that_fails_is_refused_with_its_own_words():
    tokenizer = tiny_tokenizer(chat=True)
    tokenizer.chat_template = "{{ raise_exception('only one turn') }}"
    with pytest.raises(ConfigError, match="only one turn"):
        InputFormat(tokenizer, 16)


def test_a_tokenizer_that_is_a_sentencepiece_model_alone_makes_the_pair(tmp_path):
    """The form in which DeBERTa's checkpoints carry it."""
    import io
    import json

    import sentencepiece

    from scpo.training.finetune.loading import load_tokenizer

    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([f"word{k} says thing{j}" for k in range(20) for j in range(20)]),
        model_writer=made,
        vocab_size=40,
        hard_vocab_limit=False,
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        pad_piece="[PAD]",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        unk_piece="[UNK]",
        minloglevel=2,
    )
    (tmp_path / "spm.model").write_bytes(made.getvalue())
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "deberta-v2", "vocab_size": 40}))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False, "vocab_type": "spm"}))
    text = InputFormat(load_tokenizer(tmp_path), 32).text("word1 says", "thing2")
    assert text.replace(" ", "") == "[CLS]word1says[SEP]thing2[SEP]"
