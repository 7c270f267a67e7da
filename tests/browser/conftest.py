"""The app in a real chromium with every other host blocked; skipped where no chromium is installed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))


@pytest.fixture(scope="session")
def browser():
    """One headless chromium for all tests; every page has a fresh profile."""
    from playwright.sync_api import sync_playwright

    from screenshots import chromium, open_browser

    if chromium() is None:
        pytest.skip("no chromium is installed (on Debian: apt install chromium; or set SCPO_CHROMIUM)")
    with sync_playwright() as play:
        opened = open_browser(play)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory, demo_run, browser):
    """Address of the app over a workspace that holds one finished run."""
    from screenshots import app_server

    space = tmp_path_factory.mktemp("served")
    shutil.copytree(demo_run, space / "runs" / "demo-finished")
    with app_server(space) as address:
        yield address


@pytest.fixture
def visit(browser, served):
    """visit(path, width, scheme) opens a page of the app; it must end without errors or foreign requests."""
    from screenshots import open_page

    pages = []

    def go(path="", width=1400, scheme="light"):
        page = open_page(browser, served, width, scheme)
        pages.append(page)
        page.goto(f"{served}/{path}")
        return page

    yield go
    for page in pages:
        page.context.close()
