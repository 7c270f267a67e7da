"""docs/faults.md and docs/security.md name a test for each claim; every one of them exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = list((ROOT / "tests").rglob("test_*.py"))
DEFINED = {name for path in TESTS for name in re.findall(r"def (test_\w+)", path.read_text())}


@pytest.mark.parametrize("page", ["faults", "security"])
def test_every_test_that_is_named_exists(page):
    text = (ROOT / "docs" / f"{page}.md").read_text()
    files = re.findall(r"\b(test_\w+\.py)", text)
    named = re.findall(r"(?<![\w/])(test_\w+)(\.\.\.)?(?![\w.]*\.py)", text)
    assert len(files) > 15 and len(named) > 5 and not set(files) - {path.name for path in TESTS}
    for name, cut in named:
        assert name in DEFINED or (cut and any(known.startswith(name) for known in DEFINED)), name
    for folder in re.findall(r"`(tests/[\w/]+)`", text):
        assert (ROOT / folder).is_dir(), folder


def test_every_case_of_jobs_data_and_security_is_there_once():
    text = (ROOT / "docs" / "faults.md").read_text()
    assert [int(n) for n in re.findall(r"^\| (\d+)\. ", text, re.MULTILINE)] == list(range(1, 23))
    assert "23 (hostile names, links, texts, models) and 24 (no network, other origins, secrets)" in text


def test_every_claim_about_the_running_app_is_a_test_of_that_name():
    claims = re.findall(r"\*([a-z][^*|]{20,})\*", (ROOT / "docs" / "security.md").read_text())
    assert len(claims) == 6
    for claim in claims:
        name = "test_" + re.sub(r"[^\w]+", "_", claim.replace("'s", "s"))
        assert name in DEFINED, name
