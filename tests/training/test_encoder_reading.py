"""What an encoder reads of the texts: unknown tokens, cut texts, pairs that are the same to it."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from transformers import AutoTokenizer

from scpo import DataConfig, ExperimentConfig, run
from scpo.cli import main
from scpo.cli.result_table import result_table
from scpo.data import load
from scpo.format import percent
from scpo.hub import MINILM, model_folder
from scpo.training import encoder_reading
from scpo.training.encoder_reading import Read, Reader, longest_of, read_data, reading_table, told, unreadable
from scpo.training.encoders import load_encoder

from fakes import WORDS, tiny_preferences


@pytest.fixture(autouse=True)
def the_rule(monkeypatch):
    monkeypatch.setattr(encoder_reading, "MOST_UNKNOWN", 0.5)
    monkeypatch.setattr(encoder_reading, "MOST_ALIKE", 0.5)


ROOM = 62  # tokens of a text beside the two special ones, of the tiny encoder


def written(folder, answers, countries=("Kenya", "Chile"), prompt="yes no maybe {}"):
    """A file of pairs; answers(country, n) -> chosen, rejected."""
    rows = []
    for country in countries:
        for n in range(120):
            chosen, rejected = answers(country, n)
            rows.append(
                {
                    "prompt": prompt.format(n % 30),
                    "chosen": chosen,
                    "rejected": rejected,
                    "country": country,
                    "user": f"{country}-{n % 40}",
                }
            )
    path = folder / "pairs.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def known(country, n):
    return f"good kind {WORDS[n % 7]}", f"bad cold {WORDS[n % 5]}"


def in_another_script(country, n):
    """In Kenya all words are unknown to the tiny encoder, and answers of as many words the same."""
    return ("ጥሩ ደስታ", "መጥፎ ሀዘን") if country == "Kenya" else known(country, n)


def behind_the_limit(country, n):
    start = "warm " * 80
    return (start + "yes", start + "no") if country == "Kenya" else known(country, n)


def settings(path, tiny_encoder, **more):
    data = DataConfig("file", (str(path),), **{"reference": ("Chile",), "countries": ("Kenya",), **more})
    return ExperimentConfig(
        data, ("global", "full", "scpo"), seeds=1, steps=10, budgets=(20,), encoder=str(tiny_encoder), precision="fp32"
    )


@pytest.mark.parametrize("folder", ["tiny", MINILM])
def test_tokens_are_those_of_the_encoders_own_tokenizer(folder, tiny_encoder):
    place = tiny_encoder if folder == "tiny" else model_folder(MINILM)
    texts = ["yes no", "", "ጥሩ yes", "a longer text, with punctuation! " * 40, "é ﷺ 你好"]
    tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True)
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    read = Reader(place).read(texts, [False] * len(texts))
    assert read.tokens.tolist() == [len(row) for row in ids]
    assert read.unknown.tolist() == [row.count(tokenizer.unk_token_id) for row in ids]
    assert read.cut.tolist() == [len(row) > longest_of(place) - 2 for row in ids]
    assert Reader(place).cut(texts).tolist() == read.cut.tolist()


def test_what_is_the_same_after_the_cut_has_one_key(tiny_encoder):
    long = "warm " * ROOM
    read = Reader(tiny_encoder).read([long + "yes", long + "no", long + "yes", long + "no"], [False, False, True, True])
    assert read.cut.all() and read.key[0] == read.key[1] and read.key[2] != read.key[3]


def test_shares_are_counted_per_country():
    data = tiny_preferences()
    n = len(data.texts)
    read = dataclasses.replace(read_data(data, Everything()), unknown=np.ones(n, np.int64) * 2, cut=np.arange(n) < n)
    table = reading_table(data, read).set_index("country")
    assert list(table.index) == ["Aland", "Borealis", "Cascadia"] and (table["cut"] == 1).all()
    assert (table["unknown"] == 2 * table["texts"] / table["tokens"]).all() and (table["alike"] == 0).all()
    assert table["pairs"].sum() == len(data.pairs)


class Everything:
    """Reads every word, each text another."""

    def read(self, texts, tails):

        return Read(
            np.full(len(texts), 5), np.zeros(len(texts), int), np.zeros(len(texts), bool), np.arange(len(texts))
        )


def test_what_was_read_is_kept_by_tokenizer_and_texts_and_damage_is_read_anew(tiny_encoder, tmp_path):
    data, calls = tiny_preferences(), []

    class Counting(Reader):
        def read(self, texts, tails):
            calls.append(len(texts))
            return super().read(texts, tails)

    first = read_data(data, Counting(tiny_encoder), tmp_path, "a")
    again = read_data(data, Counting(tiny_encoder), tmp_path, "a")
    assert len(calls) == 1 and all(np.array_equal(getattr(first, f), getattr(again, f)) for f in ("tokens", "key"))
    read_data(data, Counting(tiny_encoder), tmp_path, "another tokenizer")
    for path in tmp_path.iterdir():
        path.write_bytes(b"cut")
    read_data(data, Counting(tiny_encoder), tmp_path, "a")
    assert len(calls) == 3


@pytest.mark.parametrize(
    "answers, said",
    [
        (in_another_script, "of the tokens are unknown to the tokenizer and 100.0 % of the pairs cannot be told apart"),
        (behind_the_limit, "of the texts are cut at its limit and 100.0 % of the pairs cannot be told apart"),
    ],
)
def test_a_country_that_cannot_be_read_has_words_in_place_of_an_accuracy(answers, said, tiny_encoder, tmp_path):
    result = run(settings(written(tmp_path, answers), tiny_encoder), tmp_path / "run")
    assert unreadable(result.tables["reading"]) == ["Kenya"]
    assert result.metrics["ties"].max() > 0 and result.metrics["n"].max() > 0  # what was measured is kept
    tables = [result.tables[name] for name in ("accuracy", "curve")]
    assert all(table["accuracy"].isna().all() for table in tables)
    text = result_table(result)
    assert said in text and "No accuracy is shown" in text and "nan" not in text and " 0.0" not in text


def test_countries_that_can_be_read_keep_their_numbers_and_the_mean_is_theirs(tiny_encoder, tmp_path):
    path = written(tmp_path, in_another_script, ("Kenya", "Chile", "Peru"))
    result = run(settings(path, tiny_encoder, countries=("Kenya", "Peru")), tmp_path / "run")
    table = result.tables["accuracy"].query("subset == 'full'").set_index(["country", "method"])["accuracy"]
    assert np.isnan(table["Kenya", "scpo"]) and table["Peru", "scpo"] == table["mean", "scpo"] > 0
    assert "Kenya" not in set(result.tables["path"]["country"])


def test_texts_that_are_read_say_nothing(tiny_encoder, tmp_path):
    table = reading_table(data := tiny_preferences(), read_data(data, Everything()))
    assert told(table) == [] and unreadable(table) == [] and unreadable(None) == []


def test_the_check_says_what_the_encoder_reads(tiny_encoder, tmp_path, capsys):
    path = written(tmp_path, in_another_script)
    given = ["data", "check", "--dataset", "file", "--data-file", str(path)]
    assert main([*given, "--encoder", str(tiny_encoder)]) == 0
    out = capsys.readouterr().out
    assert "what the encoder" in out and "Kenya: " in out and "cannot be told apart" in out
    assert main([*given, "--encoder", str(tiny_encoder), "--json"]) == 0
    read = pd.DataFrame(json.loads(capsys.readouterr().out)["reading"]).set_index("country")
    assert read.loc["Kenya", "alike"] == 1 and percent(read.loc["Chile", "alike"]) == "0.0 %"
    assert main([*given, "--encoder", "none"]) == 0
    assert "encoder" not in capsys.readouterr().out


def test_of_a_long_prompt_the_end_is_kept_and_of_an_answer_the_beginning(tiny_encoder):
    encoder, long = load_encoder(str(tiny_encoder), "fp32"), "warm " * ROOM
    texts = [long + "yes", long + "no", "yes " + long, "no " + long]
    starts, ends = encoder.encode(texts), encoder.encode(texts, None, [True] * 4)
    assert np.allclose(starts[0], starts[1]) and not np.allclose(ends[0], ends[1])
    assert not np.allclose(starts[2], starts[3]) and np.allclose(ends[2], ends[3])


def test_a_cached_vector_of_a_cut_prompt_is_not_that_of_its_beginning(tiny_encoder, tmp_path):
    """A text that is a prompt and an answer too has two vectors if it is cut, and one if not."""
    from scpo.training.heads.features import cached_vectors, read_cache

    encoder, long = load_encoder(str(tiny_encoder), "fp32"), "warm " * ROOM + "yes " * 9
    as_answers = cached_vectors([long, "short"], encoder, tmp_path)
    as_prompts = cached_vectors([long, "short"], encoder, tmp_path, prompts=2)
    assert not np.allclose(as_answers[0], as_prompts[0]) and np.array_equal(as_answers[1], as_prompts[1])
    kept = sum(len(keys) for keys, _ in read_cache(tmp_path / encoder.key))
    assert kept == 3
    assert np.array_equal(as_prompts, cached_vectors([long, "short"], encoder, tmp_path, prompts=2))


def test_an_export_reads_the_end_of_a_long_prompt_as_the_run_does(tiny_encoder, tmp_path):
    from scpo.cli.best_of_n import rank
    from scpo.export.huggingface import export

    path = written(tmp_path, known, prompt="warm " * 80 + "{}")
    run(settings(path, tiny_encoder), tmp_path / "run")
    out = export(tmp_path / "run", "Kenya", tmp_path / "model")
    prompts = ["warm " * 80 + "yes", "warm " * 80 + "no", "short"]
    candidates = pd.DataFrame({"prompt": prompts, "response": ["good kind yes"] * 3})
    ours = rank(tmp_path / "run", candidates, "Kenya")["reward"].to_numpy()
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(out)
    tokenizer = AutoTokenizer.from_pretrained(out)
    for cut in (False, True):
        theirs = [
            float(model(**tokenizer(p, "good kind yes", return_tensors="pt", truncation=cut)).logits[0, 0].detach())
            for p in prompts
        ]
        assert theirs == pytest.approx(ours, abs=1e-4) and theirs[0] != pytest.approx(theirs[1], abs=1e-6)


def test_before_a_run_so_many_pairs_of_a_country_are_drawn_and_their_shares_are_those_of_the_whole(
    tmp_path, monkeypatch
):
    data = load(DataConfig("file", (str(written(tmp_path, in_another_script)),), reference=("Chile",)))
    whole = encoder_reading.reading_by(data, MINILM)
    monkeypatch.setattr(encoder_reading, "LOOKED_AT", 50)
    drawn = encoder_reading.reading_by(data, MINILM)
    assert drawn["pairs"].tolist() == [50, 50] and drawn["country"].tolist() == whole["country"].tolist()
    assert drawn["unknown"].to_numpy() == pytest.approx(whole["unknown"].to_numpy(), abs=0.05)
    assert drawn["alike"].tolist() == whole["alike"].tolist()


def test_before_training_only_what_comes_to_nothing_is_a_warning_and_the_rest_stays_in_the_log(caplog):
    row = {"texts": 9, "tokens": 90, "unknown": 0.2, "cut": 0.0, "pairs": 9, "alike": 0.0, "readable": True}
    table = pd.DataFrame([row | {"country": "Chile"}, row | {"country": "Kenya", "unknown": 0.9, "readable": False}])
    with caplog.at_level("INFO", "scpo"):
        encoder_reading.tell_unread(table)
    warned = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert warned == ["Too little is read of the texts of Kenya: no accuracy will be shown there."]
    assert all(line in caplog.text for line in told(table)) and not any(line in warned for line in told(table))
