"""The app in a real chromium with every other host blocked; skipped where no chromium is installed."""

from __future__ import annotations

import functools
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))


@pytest.fixture(scope="session")
def browser():
    """One headless chromium for all tests."""
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


@pytest.fixture(scope="session")
def profiles(browser):
    """profiles(width, scheme): a profile that all tests share, with what it has in its cache."""
    from screenshots import new_context

    return functools.cache(lambda width, scheme: new_context(browser, width, scheme))


def opened(context, address):
    """A page of a profile of which another one stays: with the last page, all that is compiled would go."""
    from screenshots import watched_page

    if not context.pages:
        context.new_page().goto(f"{address}/_stcore/health")
    return watched_page(context, address)


@pytest.fixture
def visit_app(profiles):
    """visit_app(address, path, width, scheme) opens a page of an app; to end without errors or foreign requests."""
    pages = []

    def go(address, path="", width=1400, scheme="light"):
        page = opened(profiles(width, scheme), address)
        pages.append(page)
        page.goto(f"{address}/{path}")
        return page

    yield go
    for page in pages:
        page.close()


@pytest.fixture
def visit(visit_app, served):
    """visit(path, width, scheme) opens a page of the app; it must end without errors or foreign requests."""
    return functools.partial(visit_app, served)


@pytest.fixture(scope="module")
def shown(profiles, served):
    """shown(path, text, width, scheme): a page on which text was waited for, opened once for all tests of a file.

    Such tests only look at it: what they all see must not depend on their order.
    """
    from screenshots import settle

    @functools.cache
    def look(path, text, width=1400, scheme="light"):
        page = opened(profiles(width, scheme), served)
        pages.append(page)
        page.goto(f"{served}/{path}")
        settle(page, text)
        return page

    pages = []
    yield look
    for page in pages:
        page.close()
