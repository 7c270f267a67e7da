"""Train and Runs in a real browser: start, watch, reload, cancel, resume, compare, delete, export."""

import hashlib
import shutil
import zipfile

import pytest
from faults import check_faultless, serious_faults

from scpo import runs
from scpo.config import ExperimentConfig
from scpo.jobs.leases import Leases
from scpo.jobs.store import open_store
from scpo.runs.files import write_json
from scpo.runs.progress_log import add_progress
from scpo.ui.polling import EVERY

from fakes import scored_rows
from screenshots import app_server, open_page, settle

pytestmark = pytest.mark.browser
BAR = "[data-testid=stProgress]"
POLL = 1000 * EVERY  # milliseconds between two looks of a page at a live run


@pytest.fixture(scope="module")
def space(tmp_path_factory, demo_run):
    """A workspace with two finished runs, one that was cancelled half way, and one that failed."""
    folder = tmp_path_factory.mktemp("jobs")
    first, config = shutil.copytree(demo_run, folder / "runs" / "demo-finished"), runs.read_config(demo_run)
    second = shutil.copytree(first, folder / "runs" / "demo-longer")
    write_json(second / "config.json", {**config.as_dict(), "steps": 99})
    runs.finish(second, 1.0)
    store = open_store(folder)
    for name, job in zip(("first", "second"), sorted(store.jobs(), key=lambda job: job.config.steps), strict=True):
        store.rename(job.id, name)
    for name, state in (("stopped", "cancelled"), ("broken", "failed")):
        job = Leases(store.table).begin(ExperimentConfig(seeds=4 + len(name)), folder / "runs" / name, "gone:1:1")
        runs.create(job.folder, job.config)
        if state == "cancelled":
            for step, value in ((10, 0.5), (40, 0.7)):
                add_progress(
                    job.folder,
                    {
                        "stage": "train",
                        "done": step,
                        "total": 300,
                        "accuracy": {"Alvoria": {"full": value, "scpo": value + 0.1}},
                    },
                )
        Leases(store.table).finish(job, state, "budgets [9] are beyond the data" if state == "failed" else "")
    store.close()
    return folder


@pytest.fixture(scope="module")
def ids(space):
    store = open_store(space)
    found = {job.name: job.id for job in store.jobs()}
    store.close()
    return found


@pytest.fixture(scope="module")
def jobs_served(space, browser):
    with app_server(space) as address:
        yield address


@pytest.fixture
def served(jobs_served):
    """What `visit` visits in this file."""
    return jobs_served


@pytest.fixture(scope="module")
def watched(tmp_path_factory, demo_run, browser):
    """An app in which runs are started and watched: (address, its store, a finished run)."""
    space = tmp_path_factory.mktemp("watched")
    shutil.copytree(demo_run, space / "runs" / "demo-finished")
    store = open_store(space)
    (done,) = store.jobs()
    with app_server(space) as address:
        yield address, store, done
    store.close()


VIEWS = {
    "the form": ("train", "What it will take"),
    "a cancelled run": ("train?run={stopped}", "PARTIAL"),
    "a failed run": ("train?run={broken}", "beyond the data"),
    "all runs": ("runs", "4 of 4 runs"),
    "a finished run": ("runs?run={first}", "How it trained"),
    "two runs": ("runs?run={first}&run={second}", "Results side by side"),
    "the study": ("study", "The other studies of this project"),
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (420, "dark")])
def test_a_view_is_accessible_fits_and_has_no_errors(visit, ids, view, width, scheme):
    path, text = VIEWS[view]
    page = visit(path.format(**ids), width, scheme)
    settle(page, text)
    assert page.locator("[data-testid=stException]").count() == 0
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= width
    assert serious_faults(page) == []
    first = page.locator("[data-testid=stPlotlyChart], [data-testid=stDataFrame]").first
    assert path.startswith("train") or width < 1400 or first.bounding_box()["y"] < 420
    check_faultless(page, "train", "runs", "study")


def test_a_run_is_started_watched_cancelled_resumed_and_survives_reloads(visit_app, watched):
    address, store, done = watched
    known = {job.id for job in store.jobs()}
    page = visit_app(address, f"train?like={done.id}")
    settle(page, "What it will take")
    steps = page.get_by_role("spinbutton", name="Steps")
    steps.fill("60000")
    steps.press("Enter")
    start = page.get_by_role("button", name="Start", exact=True)
    start.wait_for()
    start.dblclick()
    page.get_by_role("button", name="Cancel", exact=True).wait_for()
    assert len(store.jobs()) == len(known) + 1 and "run=" in page.url
    settle(page, "Accuracy so far")  # below the curve, once the first step is scored
    assert serious_faults(page) == []
    form = page.locator("h1", has_text="Train").element_handle()
    before = page.locator(BAR).inner_text()
    page.wait_for_function(f"t => document.querySelector('{BAR}')?.innerText !== t", arg=before)
    assert form.evaluate("e => e.isConnected"), "the page was drawn again by a poll"
    page.reload()
    page.get_by_role("button", name="Cancel", exact=True).click()
    settle(page, "PARTIAL")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Cancel", exact=True).wait_for()
    page.wait_for_timeout(3000)
    page.get_by_role("button", name="Cancel", exact=True).click()
    settle(page, "PARTIAL")
    (job,) = (job for job in store.jobs() if job.id not in known)
    assert (job.state, job.attempt) == ("cancelled", 2)
    check_faultless(page, "train", "runs")


def test_polling_stops_when_nothing_is_live(visit, ids):
    frames = []
    page = visit("")
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: frames.append(data)))
    page.goto(page.url.rstrip("/") + f"/train?run={ids['stopped']}")
    settle(page, "PARTIAL")
    page.wait_for_timeout(1000)
    quiet = len(frames)
    page.wait_for_timeout(2 * POLL)
    assert quiet > 0 and len(frames) == quiet


def test_a_run_that_gets_done_while_watched_shows_so_and_its_results(visit_app, watched):
    address, _, done = watched
    page, sent = visit_app(address), []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(data)))
    page.goto(f"{address}/train?like={done.id}")
    settle(page, "What it will take")
    page.get_by_role("spinbutton", name="Steps").fill("25")
    page.get_by_role("spinbutton", name="Steps").press("Enter")
    page.get_by_label("Name (optional)").fill("<b>quick</b> ![x](https://evil.example/x.png)")
    page.get_by_label("Name (optional)").press("Enter")
    page.get_by_role("button", name="Start", exact=True).click()
    settle(page, "Done in")
    page.wait_for_timeout(1000)
    quiet = len(sent)
    page.wait_for_timeout(2 * POLL)
    assert len(sent) == quiet, "the page goes on asking after the run has ended"
    assert page.get_by_role("heading", name="<b>quick</b> ![x](https://evil.example/x.png)").count() == 1
    page.get_by_role("button", name="Open it on the Runs page").click()
    settle(page, "Gain of SCPO (paper) over the global model")
    assert "/runs?run=" in page.url
    check_faultless(page, "train", "runs")


def test_an_uploaded_file_is_kept_for_its_job(browser, tmp_path, monkeypatch):
    monkeypatch.setenv("SCPO_WORKERS", "0")
    scored_rows(120).to_csv(tmp_path / "own.csv", index=False)
    with app_server(tmp_path / "space") as address:
        page = open_page(browser, address)
        page.goto(f"{address}/train")
        settle(page, "What it will take")
        page.get_by_text("Your own file").click()
        settle(page, "Choose a file to go on")
        page.locator("input[type=file]").set_input_files(tmp_path / "own.csv")
        settle(page, "What it will take")
        page.get_by_role("button", name="Start", exact=True).click()
        settle(page, "it waits for a worker")
        page.context.close()
    store = open_store(tmp_path / "space")
    (name,) = store.jobs()[0].config.data.data_files
    store.close()
    kept = tmp_path / "space" / "uploads" / f"{hashlib.sha256((tmp_path / 'own.csv').read_bytes()).hexdigest()}.csv"
    assert name == str(kept) and kept.read_bytes() == (tmp_path / "own.csv").read_bytes()


def test_runs_are_chosen_by_name_and_the_link_keeps_them(visit, ids):
    page = visit("runs")
    settle(page, "4 of 4 runs")
    chooser = page.get_by_role("combobox", name="Open a run, or add one to compare")
    for name in ("first", "second"):
        chooser.click()
        page.get_by_role("option", name=name).click()
        page.wait_for_timeout(1500)
    settle(page, "Results side by side")
    assert page.url.endswith(f"run={ids['first']}&run={ids['second']}")
    page.reload()
    settle(page, "Results side by side")
    check_faultless(page, "train", "runs")


@pytest.mark.parametrize("width", [1400, 420])
def test_a_row_of_the_table_opens_its_run_and_no_row_moves(visit, ids, width):
    page = visit("runs?sort=name", width)
    settle(page, "4 of 4 runs")
    table = page.locator("[data-testid=stDataFrame]").first
    box = table.bounding_box()
    page.mouse.click(box["x"] + 15, box["y"] + 35 * 2.5)  # the second row: broken, first, second, stopped
    page.get_by_role("heading", name="first").wait_for()
    settle(page, "How it trained")
    assert f"run={ids['first']}" in page.url
    assert abs(table.bounding_box()["y"] - box["y"]) < 35 / 4, "another row is under the pointer"
    page.mouse.click(box["x"] + 15, box["y"] + 35 * 3.5)
    settle(page, "Results side by side")
    assert f"run={ids['first']}&run={ids['second']}" in page.url
    check_faultless(page, "train", "runs")


def test_delete_asks_again_and_undo_brings_the_run_back(visit, ids):
    page = visit(f"runs?run={ids['broken']}")
    settle(page, "This run failed")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Yes, delete it").click()
    settle(page, "broken is deleted")
    assert page.get_by_text("3 of 4 runs").count() == 1
    page.get_by_role("button", name="Undo").click()
    settle(page, "4 of 4 runs")
    check_faultless(page, "train", "runs")


def test_a_run_is_renamed_and_noted(visit, ids):
    page = visit(f"runs?run={ids['stopped']}")
    settle(page, "PARTIAL")
    page.get_by_role("button", name="Note", exact=True).click()
    page.get_by_role("textbox", name="Note", exact=True).fill("<img src=x onerror='window.hacked = 1'> **for** class")
    page.get_by_role("textbox", name="Note", exact=True).press("Control+Enter")
    page.get_by_role("button", name="Save note").click()
    settle(page, "onerror")
    assert page.evaluate("() => window.hacked") is None
    check_faultless(page, "train", "runs")


def test_the_export_is_a_zip_whose_figures_draw_without_a_network(visit, browser, ids, tmp_path):
    page = visit(f"runs?run={ids['first']}")
    settle(page, "How it trained")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as zip").click()
    assert download.value.suggested_filename == f"scpo-run-{ids['first']}.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(tmp_path)
    context = browser.new_context(offline=True)
    figure, problems, asked = context.new_page(), [], []
    figure.on("console", lambda e: problems.append(e.text) if e.type == "error" else None)
    figure.on("request", lambda request: asked.append(request.url))
    for file in sorted(tmp_path.glob("*/report/*.html")):
        figure.goto(file.as_uri())
        figure.locator(".main-svg").first.wait_for(timeout=240_000)
        assert figure.get_by_text("Simulated data: nothing here is measured").count() > 0
    assert problems == [] and all(url.startswith(("file:", "data:", "blob:")) for url in asked)
    context.close()
