"""Every page, through the router, on every state that a workspace can be in."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from scpo.config import ExperimentConfig
from scpo.jobs.leases import Leases
from scpo.jobs.process import this_host, worker_name
from scpo.jobs.store import open_store

from fakes import TRAINING, unfinished

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
OF_A_RUN = ("accuracy", "bias", "efficiency", "overview", "paper", "selection", "steer")  # those that show one run


def opened(page, **query):
    """A page as the app opens it, which must draw without an exception."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.query_params.update(query)
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception and len(app.title) == 1
    return app


def words(app):
    kinds = (app.title, app.header, app.markdown, app.caption, app.info, app.warning, app.error, app.text)
    return " ".join(str(e.value) for kind in kinds for e in kind)


def test_pages_have_titles_of_their_own(workspace):
    titles = [opened(page).title[0].value for page in PAGES]
    assert len(set(titles)) == len(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_workspace(page, workspace):
    app = opened(page)
    assert not app.error and len(words(app)) > 100
    if page == "overview":
        assert "Built-in demo run" in words(app) and app.button[0].label == "Run it yourself"
    elif page in OF_A_RUN:
        assert "no run yet" in words(app) and app.button[0].label == "Run the demo experiment"


@pytest.mark.parametrize("page", PAGES)
def test_a_running_run(page, workspace):
    store, job = unfinished(workspace, worker_name(), TRAINING)
    Leases(store.table).renew(job, "train", 0.4, 12.0)
    app = opened(page)
    assert not app.error
    if page in OF_A_RUN:
        assert app.get("progress")[0].proto.value == 40 and not app.metric


@pytest.mark.parametrize("page", PAGES)
def test_a_partial_run(page, workspace):
    store, job = unfinished(workspace, f"{this_host()}:{2**22 + 1}:1", TRAINING)
    Leases(store.table).finish(job, "cancelled", "Cancelled at step 30 of 300.")
    app = opened(page)
    assert not app.error
    if page in OF_A_RUN:
        assert "PARTIAL" in app.warning[0].value and not app.metric


@pytest.mark.parametrize("page", PAGES)
def test_a_failed_run(page, workspace):
    store, job = unfinished(workspace, worker_name())
    Leases(store.table).finish(job, "failed", "budgets [9] are beyond the data")
    app = opened(page)
    if page in OF_A_RUN:
        assert "beyond the data" in app.error[0].value and not app.metric
    else:
        assert not app.error


@pytest.mark.parametrize("page", PAGES)
def test_a_deleted_run(page, workspace, demo_run):
    shutil.copytree(demo_run, workspace / "runs" / "finished")
    store = open_store(workspace)
    gone = store.submit(ExperimentConfig(seeds=1))
    store.cancel(gone.id)
    store.delete(gone.id)
    app = opened(page, run=gone.id)
    assert not app.error
    if page in OF_A_RUN:
        assert any(gone.id in warning.value for warning in app.warning)
        assert len(app.header) + len(app.button) > 0


OPENS = """
import sys
from streamlit.testing.v1 import AppTest

run, *pages = sys.argv[1:]
for page in pages:
    for query in ({}, {"run": run}):
        app = AppTest.from_file(f"pages/{page}.py", default_timeout=300)
        app.query_params.update(query)
        app.run()
        assert not app.exception and not app.error, page
        assert not {"torch", "transformers"} & set(sys.modules), f"{page} {query} loads it"
"""


def test_opening_a_page_or_a_link_to_a_run_loads_no_torch(workspace, demo_run):
    """In one new process, page after page: what the first of them loads is blamed on the first."""
    shutil.copytree(demo_run, workspace / "runs" / "finished")
    (job,) = open_store(workspace).jobs()
    done = subprocess.run([sys.executable, "-c", OPENS, job.id, *PAGES], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
