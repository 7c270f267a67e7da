"""An own file's way through the app in a real browser: loaded once, seen, mended, trained on, shown by its name."""

import json
import zipfile

import pytest
from faults import serious_faults

from scpo.jobs.store import open_store

from fakes import scored_rows
from screenshots import app_server, settle

pytestmark = pytest.mark.browser
NAME = "Interviews 2025 <b> (María).csv"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    names = {"Aland": "Mexico", "Borealis": "Japan", "Cascadia": "Germany"}
    rows = scored_rows(240)
    rows["country"] = rows["country"].map(names)
    (folder / "broken").mkdir()
    rows.to_csv(folder / NAME, index=False)
    rows.head(0).to_csv(folder / "broken" / NAME, index=False)
    return folder / NAME


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    return tmp_path_factory.mktemp("space")


@pytest.fixture(scope="module")
def address(space, browser):
    with app_server(space) as found:
        yield found


@pytest.fixture
def served(address):
    """What `visit` visits in this file."""
    return address


def field(page, name):
    return page.locator(f".st-key-form-{name}-new input").first


def type_in(page, name, text):
    field(page, name).fill(text)
    field(page, name).press("Enter")
    page.wait_for_timeout(800)


def load(page, path):
    page.locator("input[type=file]").set_input_files(str(path))


def own_file(page, path):
    settle(page, "Read the pairs")
    page.get_by_text("Your own file").click()
    settle(page, "Choose a file to go on")
    load(page, path)


def test_a_file_is_loaded_once_and_called_by_its_name_to_the_end(visit, address, space, file):
    page = visit("data")
    own_file(page, file.parent / "broken" / NAME)
    settle(page, "Fix the file")
    assert page.get_by_text(f"1 fault in {NAME}").count() == 1
    load(page, file)
    settle(page, "Read the pairs")
    assert page.get_by_role("button", name="Remove").count() == 1
    assert page.get_by_text("replaces the file of the same name").count() == 1
    assert page.get_by_text(f"{NAME}. Licence:").count() == 1
    page.get_by_role("link", name="Train on these pairs").click()  # the fourth: Data, Your own file, the file, this
    settle(page, "What it will take")
    assert page.get_by_text("Choose a file to go on").count() == 0, "the file is asked for again"
    assert page.get_by_text(NAME).count() >= 1 and "/train" in page.url
    for name, value in (("seeds", "1"), ("steps", "20"), ("budgets", "50")):
        type_in(page, name, value)
    page.get_by_role("button", name="Start", exact=True).click()  # the fifth
    settle(page, "Done in")
    with page.expect_download() as download:  # and the sixth: from an own file to a model
        page.get_by_role("button", name="Download model").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert any(name.endswith("model.safetensors") for name in archive.namelist())
    (job,) = open_store(space).jobs()
    assert job.config.data.data_names == (NAME,) and NAME not in "".join(job.config.data.data_files)
    card = json.loads((job.folder / "data.json").read_bytes())
    assert card["source"] == NAME

    page.goto(f"{address}/accuracy?run={job.id}")
    settle(page, "Country by country, in words")
    assert page.get_by_text(f"Source: {NAME}").count() >= 1
    page.goto(f"{address}/data")
    own_file(page, file)
    settle(page, "On the training pairs of")
    assert page.get_by_text("Nobody has trained a global model").count() == 0
    assert page.get_by_role("link", name="Train on these pairs").count() == 1
    assert not [problem for problem in page.problems if "_stcore" not in problem]


def test_a_file_stays_through_the_menu_and_a_reload_says_that_it_is_gone(visit, file):
    page = visit("data")
    own_file(page, file)
    settle(page, "Read the pairs")
    for link, there in (("Lesson", "Question."), ("Train", "What it will take"), ("Data", "Read the pairs")):
        page.get_by_role("link", name=link, exact=True).first.click()
        settle(page, there)
    assert page.get_by_text(f"{NAME}. Licence:").count() == 1
    page.reload()
    settle(page, "Choose a file to go on")
    assert page.get_by_text("a reload of the page").count() == 1 and page.get_by_text("Meridia").count() == 0


@pytest.mark.parametrize("width", [1400, 420])
def test_a_wrong_field_is_told_where_it_stands_and_holds_start_back(visit, width):
    page = visit("train", width)
    settle(page, "What it will take")
    type_in(page, "tau", "7")
    settle(page, "To be mended first")
    type_in(page, "budgets", "fifty, 100")
    settle(page, "is not a whole number")
    start = page.get_by_role("button", name="Start", exact=True)
    assert start.is_disabled() and page.get_by_text("Time, about").count() == 0
    for name in ("tau", "beta", "steps", "lr", "seeds"):
        assert field(page, name).is_visible()
    error = page.get_by_text("is 7; needed: above 0, at most 1").first.bounding_box()
    box, below = field(page, "tau").bounding_box(), field(page, "beta").bounding_box()
    assert box["y"] < error["y"] < below["y"]
    assert not serious_faults(page)
    type_in(page, "tau", "0.5")
    type_in(page, "budgets", "")
    settle(page, "What it will take")
    assert start.is_enabled()
