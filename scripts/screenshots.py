"""Take the README's screenshots: start the app, click the demo experiment, wait for it, take pictures.

    python scripts/screenshots.py                 those of the README, into docs/screenshots
    python scripts/screenshots.py --pages all --widths 1400 420 --schemes light dark --out FOLDER

Drives an installed chromium (`SCPO_CHROMIUM`, or the one on the path) with every other host
blocked, in a workspace of its own, so that the pictures are of a real run and of nothing else.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # so that `scpo` is found without being installed
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",  # what one page of a profile has compiled, the next ones need not
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
]
PAGES = {  # page -> what stands on it when it is drawn
    "overview": "How SCPO steers a model to a country",
    "data": "Read the pairs",
    "selection": "The numbers behind this chart",
    "train": "What is compared",
    "accuracy": "Country by country, in words",
    "bias": "Bold: a country's model",
    "efficiency": "Gain per training pair",
    "runs": "The numbers behind this chart",
    "steer": "Loads this run's reward models",
    "learn": "Question.",
    "room": "Rooms are off",
    "study": "There is no study",
}
DRAWN = """quiet => {
    const drawn = document.querySelector('[data-test-script-state=notRunning]')
        && !document.querySelector('[data-testid=stSkeleton]')
        && [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(c => c.querySelector('.main-svg'));
    window.drawnSince = drawn ? window.drawnSince ?? performance.now() : undefined;
    return drawn && performance.now() - window.drawnSince >= quiet;
}"""  # drawn, and has been so for that many milliseconds
QUIET = 400
PATIENCE = 240  # seconds until something counts as broken; a machine may be busy


def chromium() -> str | None:
    """Path of an installed chromium, None if there is none."""
    named = os.environ.get("SCPO_CHROMIUM")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def open_browser(play: Playwright) -> Browser:
    """A headless chromium with a fresh profile."""
    return play.chromium.launch(executable_path=chromium(), args=FLAGS)


@contextlib.contextmanager
def app_server(workspace: Path) -> Iterator[str]:
    """The app on a free port of this machine with a workspace of its own; yields its address."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.headless",
        "true",
        "--server.port",
        str(port),
    ]
    environment = {**os.environ, "SCPO_WORKSPACE": str(workspace), "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_until_healthy(f"http://localhost:{port}", server)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()
            server.wait(PATIENCE)
            end_workers(workspace)


def end_workers(workspace: Path) -> None:
    """End the workers of a workspace that is about to be removed."""
    from scpo.jobs.leases import Leases
    from scpo.jobs.table import open_table

    with contextlib.closing(open_table(workspace)) as table:
        for worker in Leases(table).waiting()[1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(worker.split(":")[1]), signal.SIGTERM)


def wait_until_healthy(address: str, server: subprocess.Popen, seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
            return
        time.sleep(0.2)
    raise SystemExit(f"The app did not start (exit code {server.poll()}); run `streamlit run app.py` to see why.")


def open_page(browser: Browser, address: str, width: int = 1400, scheme: str = "light") -> Page:
    """A page of a fresh profile, watched as `watched_page` says."""
    return watched_page(new_context(browser, width, scheme), address)


def new_context(browser: Browser, width: int, scheme: str) -> BrowserContext:
    """A fresh profile with a window of this width, on a system with this colour scheme."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(1000 * PATIENCE)
    return context


def watched_page(context: BrowserContext, address: str) -> Page:
    """A page whose `problems` lists what went wrong in it, and `refused` what it asked of hosts other than the app.

    The browser itself knows no other host (see FLAGS); routes of playwright would do the same, but without its cache.
    """
    page = context.new_page()
    page.problems, page.refused = [], []

    def other_host(request: Request) -> None:
        if request.url.startswith("http") and not request.url.startswith(address):
            page.refused.append(request.url)

    page.on("request", other_host)
    page.on("console", lambda e: page.problems.append(f"{e.text} {e.location['url']}") if e.type == "error" else None)
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    return page


def settle(page: Page, text: str, seconds: float = PATIENCE) -> None:
    """Wait until a text is there, the script has stopped running for a while, and the charts have been drawn."""
    page.get_by_text(text).first.wait_for(timeout=1000 * seconds)
    page.evaluate("() => delete window.drawnSince")
    page.wait_for_function(DRAWN, arg=QUIET, timeout=1000 * seconds)


def whole(page: Page, path: Path) -> None:
    """A picture of the whole page; the app scrolls inside itself, so the window grows to its height first."""
    size = page.viewport_size
    height = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(height + 20, 600)})
    page.wait_for_timeout(1500)
    page.screenshot(path=str(path))
    page.set_viewport_size(size)


def take(browser: Browser, address: str, out: Path, pages: list[str], widths: list[int], schemes: list[str]) -> None:
    """Run the demo once, then picture pages of it at each width and in each scheme."""
    page = open_page(browser, address)
    page.goto(address)
    settle(page, "Run it yourself")
    page.get_by_role("button", name="Run it yourself").click()
    page.get_by_role("progressbar").first.wait_for()
    page.get_by_text("Accuracy so far of every method").wait_for(timeout=600_000)
    page.wait_for_timeout(2000)
    whole(page, out / "running.png")
    settle(page, "Gain of SCPO (paper) over the global model", 600)
    run = page.url.partition("?")[2]
    for width in widths:
        for scheme in schemes:
            for name in pages:
                page = open_page(browser, address, width, scheme)
                path = "" if name == "overview" else name
                page.goto(f"{address}/{path}?{'' if name == 'train' else run}")  # there, a link watches the run
                settle(page, PAGES[name])
                if name == "steer":
                    page.get_by_role("button", name="Ask the models").click()
                    settle(page, "In a cell: the rank")
                whole(page, out / f"{name}-{scheme}-{width}.png")
                page.context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "screenshots")
    parser.add_argument("--pages", nargs="+", default=["overview"], choices=["all", *PAGES])
    parser.add_argument("--widths", type=int, nargs="+", default=[1400])
    parser.add_argument("--schemes", nargs="+", default=["light"], choices=["light", "dark"])
    options = parser.parse_args()
    if chromium() is None:
        sys.exit("No chromium was found. On Debian: apt install chromium; or set SCPO_CHROMIUM to its path.")
    pages = list(PAGES) if "all" in options.pages else options.pages
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="scpo-shots-", ignore_cleanup_errors=True) as space:
        with app_server(Path(space)) as address, sync_playwright() as play:
            take(open_browser(play), address, options.out, pages, options.widths, options.schemes)


if __name__ == "__main__":
    main()
