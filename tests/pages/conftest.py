"""What tests of several pages need: a job store, and jobs that stay queued."""

import pytest


@pytest.fixture
def no_workers(monkeypatch):
    """Jobs stay queued: these tests are of the page, not of the work."""
    monkeypatch.setenv("SCPO_WORKERS", "0")


@pytest.fixture
def store(file_store):
    """The job store that the pages open."""
    return file_store
