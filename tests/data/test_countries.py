"""From what a file says to a country: the same for every source."""

import json
import shlex

import numpy as np
import pandas as pd
import pytest

from scpo import cli
from scpo.cli.options import config_of
from scpo.config import DataConfig, ExperimentConfig
from scpo.data import load, look
from scpo.data.countries import find, iso3, names_country, one_spelling, read_countries, split_names
from scpo.data.samples import samples_of_one_country
from scpo.errors import InputError


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Kenya", "KEN"),
        (" kenya ", "KEN"),
        ("KE", "KEN"),
        ("ken", "KEN"),
        ("404", "KEN"),
        ("Kenyan", "KEN"),
        ("8", "ALB"),
        ("36", "AUS"),
        ("008", "ALB"),
        ("840.0", "USA"),
        ("999", None),
        ("-1", None),
        ("UAE", "ARE"),
        ("U.K.", "GBR"),
        ("U.S.", "USA"),
        ("DR Congo", "COD"),
        ("Congo, Dem. Rep.", "COD"),
        ("Congo, Rep.", "COG"),
        ("Brunei", "BRN"),
        ("East Timor", "TLS"),
        ("Holland", "NLD"),
        ("Bosnia", "BIH"),
        ("State of Palestine", "PSE"),
        ("Korea, Rep.", "KOR"),
        ("Korea, Republic of", "KOR"),
        ("S. Korea", "KOR"),
        ("Korea, Dem. People's Rep.", "PRK"),
        ("North Korea", "PRK"),
        ("Côte d’Ivoire", "CIV"),
        ("México", "MEX"),
        ("Mexican", "MEX"),
        ("Egypt, Arab Rep.", "EGY"),
        ("St. Lucia", "LCA"),
        ("Hong Kong SAR, China", "HKG"),
        ("Gambia, The", "GMB"),
        ("Lao PDR", "LAO"),
        ("Trinidad & Tobago", "TTO"),
        ("Czech", "CZE"),
        ("Niger", "NER"),
        ("Nigerien", "NER"),
        ("Dominica", "DMA"),
        ("Dominican Republic", "DOM"),
        ("Guinea-Bissau", "GNB"),
        ("Brazil (Non-national sample)", "BRA"),
        ("England", "GBR"),
        ("Assam", None),
        ("West Java", None),
        ("Alvoria", None),
        ("Northern Cyprus", None),
        ("", None),
    ],
)
def test_usual_spellings_codes_and_adjectives_have_their_code(said, code):
    assert iso3(said) == code


def test_every_country_of_the_standard_is_known_by_its_name_and_its_three_codes():
    import pycountry

    for country in pycountry.countries:
        for said in (country.name, country.alpha_2, country.alpha_3.lower(), country.numeric.lstrip("0")):
            assert iso3(said) == country.alpha_3, said


@pytest.mark.parametrize(
    "said",
    [
        "",
        " ",
        None,
        float("nan"),
        pd.NA,
        "N/A",
        "n.a.",
        "None",
        "nan",
        "NULL",
        "-",
        "?",
        "Other",
        "Prefer not to say",
        "(refused)",
        "Don’t know",
        "Not specified",
        "unknown",
    ],
)
def test_words_that_name_no_country(said):
    assert not names_country(said)


@pytest.mark.parametrize("said", ["NA", "No", "Norway", 840, "Assam", "Nauru", "Niger", "Other Islands"])
def test_words_that_name_one(said):
    assert names_country(said)


def test_spellings_of_one_country_are_one_under_its_most_frequent_name():
    said = ["CHL"] * 5 + ["chile"] * 2 + ["Chile", "Chile", "Chile ", "Chilean", "Assam", "assam ", None, "N/A"]
    read = read_countries(said)
    assert read.names.tolist() == ["Chile"] * 11 + ["Assam"] * 2 + [None] * 2
    assert read.left_out("rows") == {"rows that name no country: empty, 'N/A'": 2}
    assert read.notes == (
        "one country under several spellings: Assam (also 'assam', 'assam '); Chile (also 'Chile ', 'chile')",
        "read from a code or an adjective: CHL as Chile, Chilean as Chile",
    )


def test_a_code_that_may_be_a_word_is_told():
    read = read_countries(["NA", "No", "Kenya"])
    assert read.names.tolist() == ["Namibia", "Norway", "Kenya"]
    assert read.notes == ("read from a code or an adjective: NA as Namibia, No as Norway",)


def test_parts_of_the_united_kingdom_and_samples_stay_apart():
    read = read_countries(["Britain", "UK", "UK", "Scotland", "Brazil", "Brazil (Online sample)"])
    assert read.names.tolist() == ["UK", "UK", "UK", "Scotland", "Brazil", "Brazil (Online sample)"]


def test_a_column_of_plain_names_is_what_it_was_and_nothing_is_told():
    said = ["Kenya", "United States", "Alvoria"]
    read = read_countries(said)
    assert read.names.tolist() == said and read.notes == () and read.left_out("rows") == {}


def test_in_a_survey_two_names_of_one_country_are_two_samples():
    labels = ["S. Korea", "South Korea", "Kenya", "kenya ", "KEN", "CL"]
    spelling, notes = one_spelling(labels)
    assert list(spelling.values()) == ["Kenya" if "en" in c.lower() else c for c in labels[:-1]] + ["Chile"]
    assert any("KEN as Kenya" in note for note in notes)
    apart, _ = one_spelling(["Kenya", "KEN"], [("Kenya", "KEN")])
    assert apart == {"Kenya": "Kenya", "KEN": "KEN"}, "both answered one question: different samples"


def test_a_country_is_found_by_any_spelling():
    known = ["Chile", "Korea, Republic of", "Britain", "Great Britain"]
    assert find("chl", known) == ["Chile"] and find("South Korea", known) == ["Korea, Republic of"]
    assert find("GBR", known) == ["Britain", "Great Britain"] and find("Kenya", known) == []


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("Kenya, Chile", ["Kenya", "Chile"]),
        ("Korea, Republic of", ["Korea, Republic of"]),
        ("Chile,Korea, Republic of,Kenya", ["Chile", "Korea, Republic of", "Kenya"]),
        ("China, Taiwan", ["China", "Taiwan"]),
        ('"Alvoria, East",Kenya', ["Alvoria, East", "Kenya"]),
        ("Alvoria, East", ["Alvoria", "East"]),
        ("", []),
        (" , ", []),
        ('"a ""b"" c, d"', ['a "b" c, d']),
    ],
)
def test_names_are_split_at_commas_that_are_not_their_own(said, names):
    assert split_names(said) == names


@pytest.mark.parametrize(
    "names",
    [
        ("Korea, Republic of",),
        ("Korea, Republic of", "Chile"),
        ("Alvoria, East", "Kenya"),
        ('a "b"', "c"),
        ("Chile",),
    ],
)
def test_the_printed_command_gives_the_same_settings(names):
    config = ExperimentConfig(DataConfig("file", ("own.csv",), countries=names, reference=(*names, "Peru")))
    words = shlex.split(config.command())[3:]
    assert config_of(cli._parser().parse_args([*words, "--out", "x"])) == config


def rows(*countries, n=60):
    return [
        {"prompt": f"Ask {i}?", "chosen": f"yes {i}", "rejected": f"no {i}", "country": c, "user": f"{at}-{i}"}
        for at, c in enumerate(countries)
        for i in range(n)
    ]


def written(folder, table, kind="jsonl"):
    path = folder / f"own.{kind}"
    if kind == "jsonl":
        path.write_text("\n".join(map(json.dumps, table)))
    elif kind == "csv":
        pd.DataFrame(table).to_csv(path, index=False)
    else:
        pd.DataFrame(table).to_parquet(path)
    return str(path)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_numeric_codes_are_read_alike_from_every_kind_of_file(tmp_path, kind):
    data = load(DataConfig("file", (written(tmp_path, rows(840, 8, 36), kind),)))
    assert set(data.pairs["country"].cat.categories) == {"United States", "Albania", "Australia"}


def test_rows_that_name_no_country_leave_by_reason_and_count(tmp_path):
    data = load(DataConfig("file", (written(tmp_path, rows("Chile", "N/A", "Kenya", "Prefer not to say", None)),)))
    assert set(data.pairs["country"]) == {"Chile", "Kenya"} and len(data.pairs) == 120
    assert data.card.dropped == {"pairs that name no country: empty, 'N/A', 'Prefer not to say'": 180}


def test_a_name_with_a_comma_can_be_chosen_in_every_way(tmp_path):
    path = written(tmp_path, rows("Korea, Republic of", "Alvoria, East", "Kenya"))
    again = ["--countries", "Korea, Republic of", "--countries", "Alvoria, East"]
    for given in (again, ["--countries", "KOR,alvoria, east"], ["--countries", 'South Korea,"Alvoria, East"']):
        args = cli._parser().parse_args(["data", "check", "--dataset", "file", "--data-file", path, *given])
        data = load(config_of(args).data)
        assert data.card.countries == ("Korea, Republic of", "Alvoria, East") and data.card.reference == ("Kenya",)


def test_two_samples_differ_by_the_answer_that_differs_most_and_by_all_together():
    """Question 1: 30, 10 and 20 points apart; question 2: 10 and 10; question 3 is asked of one sample alone."""
    shares = {
        "Mali": {"1": (0.6, 0.3, 0.1), "2": (0.5, 0.5), "3": (1.0, 0.0)},
        "Mali (Non-national sample)": {"1": (0.3, 0.4, 0.3), "2": (0.4, 0.6)},
    }
    asked = [(country, question, of) for country, questions in shares.items() for question, of in questions.items()]
    rows = [(question, f"answer {at}", of[at], country) for country, question, of in asked for at in range(len(of))]
    notes = samples_of_one_country(pd.DataFrame(rows, columns=["prompt", "response", "score", "country"]))
    assert len(notes) == 1 and "Mali and Mali (Non-national sample), 2 questions, 20 and 40 points" in notes[0]


@pytest.mark.shared_data
def test_the_three_samples_of_india_differ_by_8_to_11_points_in_the_answer_that_differs_most(shared_data):
    data = load(DataConfig("globalopinionqa", (str(shared_data / "globalopinionqa_sample.jsonl"),)))
    note = next(note for note in data.card.notes if "asked the same questions" in note)
    assert "India (Current national sample) and India (Non-national sample), 3 questions, 11 and 24 points" in note
    assert "India (Current national sample) and India (Old national sample), 4 questions, 10 and 28 points" in note


def test_a_spelling_that_could_be_two_samples_is_asked_about(tmp_path):
    asked = (("S. Korea", 0.7), ("South Korea", 0.3), ("United States", 0.6))
    table = [
        {"question": f"Q{i}?", "country": c, "options": ["Yes", "No"], "distribution": [p, 1 - p]}
        for i in range(60)
        for c, p in asked
    ]
    path = written(tmp_path, table)
    with pytest.raises(InputError, match="could be S. Korea or South Korea"):
        load(DataConfig("globalopinionqa", (path,), countries=("KOR",)))
    data = load(DataConfig("globalopinionqa", (path,)))
    assert data.card.countries == ("S. Korea", "South Korea")
    assert any("S. Korea and South Korea, 60 questions, 40 and 80 points" in note for note in data.card.notes)
    merged, _ = look(DataConfig("globalopinionqa", (path,), merge_samples=True, min_gap=0.001))
    assert set(merged.pairs["country"]) == {"United States"}, "the mean of 0.7 and 0.3 has no choice"


def test_two_hundred_thousand_rows_are_read_in_a_moment():
    said = np.array(["Kenya", "kenya ", "KE", "Chile", "N/A"], dtype=object)[np.arange(200_000) % 5]
    assert set(read_countries(said).names) == {"Kenya", "Chile", None}


@pytest.mark.parametrize("name", ["Global", "global", "MEAN", "All countries", "class"])
def test_no_country_is_called_as_a_row_or_a_model_of_ours(name):
    assert list(read_countries([name, "Kenya"]).names) == [f"country {name}", "Kenya"]
    assert one_spelling([name, "Kenya"])[0] == {name: f"country {name}", "Kenya": "Kenya"}
