"""Every claim of docs/security.md that the app and its settings make, asked of the running app where it can be."""

import contextlib
import io
import socket
import sys
import tomllib
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import psutil
import pytest

from scpo import runs
from scpo.cli import main
from scpo.export import archive as export
from scpo.export.report import report
from scpo.jobs.store import open_store

from fakes import scored_rows

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
SECRET = "s3cret-of-the-environment"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The running app: (address, its process)."""
    from screenshots import app_server

    with app_server(tmp_path_factory.mktemp("served")) as address:
        yield address, next(p for p in psutil.Process().children() if "streamlit" in p.cmdline())


def refused(address, origin):
    """The status with which the app refuses a session; None if it opens one."""
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    url = f"{address.replace('http', 'ws')}/_stcore/stream"
    try:
        with connect(url, subprotocols=["streamlit"], origin=origin, open_timeout=20):
            return None
    except InvalidStatus as error:
        return error.response.status_code


def answer(url, method="GET", body=None):
    """Status and content of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, method=method), timeout=300) as found:
            return found.status, found.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_it_listens_on_this_machine_only(served):
    listening = [c.laddr.ip for c in served[1].net_connections() if c.status == psutil.CONN_LISTEN]
    assert listening and set(listening) <= {"127.0.0.1", "::1"}


def test_a_session_is_opened_for_its_own_pages_and_for_no_other(served):
    address, _ = served
    assert refused(address, address) is None
    assert refused(address, "http://evil.example") == 403
    assert refused(address, address.replace("localhost", "evil.example")) == 403


def test_a_name_that_leads_to_this_machine_by_a_trick_is_refused(served):
    """A page of evil.example whose name is made to mean 127.0.0.1 sends its own name as Host."""
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    address, _ = served
    port = address.rpartition(":")[2]
    url, own = f"ws://evil.example:{port}/_stcore/stream", socket.create_connection(("localhost", int(port)))
    with own, pytest.raises(InvalidStatus, match="403"), connect(url, sock=own, origin=address):
        pass


def test_an_upload_without_the_pages_own_token_is_refused(served):
    status, _ = answer(f"{served[0]}/_stcore/upload_file/session/file", "PUT", b"prompt,chosen\n")
    assert status == 403


@pytest.mark.parametrize(
    "path",
    [
        "/app/static/../app.py",
        "/app/static/%2e%2e/app.py",
        "/app/static/..%2f..%2fetc/passwd",
        "/static/../app.py",
        "/media/../app.py",
        "/app/static//etc/passwd",
        "/app/static/%00",
    ],
)
def test_no_file_but_those_of_static_is_handed_out(served, path):
    _, content = answer(f"{served[0]}{path}")
    assert b"st.navigation" not in content and b"root:" not in content
    assert answer(f"{served[0]}/app/static/world_110m.json")[0] == 200


def test_the_settings_are_those_of_the_threat_model():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    server = settings["server"]
    assert server["address"] == "localhost" and set(server["allowedHosts"]) == {"localhost", "127.0.0.1"}
    assert server["fileWatcherType"] == "none"  # not a claim of security, but the app would watch all of `.venv`
    assert server["enableXsrfProtection"] is server["enableCORS"] is True and server["maxUploadSize"] == 200
    assert settings["client"]["showErrorDetails"] == "none" and settings["browser"]["gatherUsageStats"] is False
    assert "enableAgentApi" not in server and "corsAllowedOrigins" not in server


@pytest.fixture
def secrets(monkeypatch):
    """Secrets in the environment: a database that is not there, with a password; the hub's token."""
    monkeypatch.setenv("SCPO_DATABASE_URL", f"postgresql+psycopg://me:{SECRET}@127.0.0.1:1/scpo?connect_timeout=2")
    for name in ("HF_TOKEN", "WANDB_API_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, SECRET)


def test_no_secret_of_the_environment_is_in_logs_run_folders_or_exports(
    secrets, tiny_encoder, tmp_path, capfd, monkeypatch
):
    scored_rows(60).to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "out"
    command = [
        "run",
        "--dataset",
        "file",
        "--data-file",
        str(tmp_path / "rows.csv"),
        "--test-share",
        "0.3",
        "--seeds",
        "1",
        "--steps",
        "5",
        "--methods",
        "full,scpo",
        "--encoder",
        str(tiny_encoder),
    ]
    assert main([*command, "--out", str(out)]) == 0
    assert main(["jobs", "list"]) == 1 and main(["data", "check", "--dataset", "prism"]) == 2
    told = "".join(capfd.readouterr())
    assert "me:***@127.0.0.1" in told and SECRET not in told
    monkeypatch.delenv("SCPO_DATABASE_URL")
    monkeypatch.setattr(export, "svgs", lambda figures: ({}, "not asked for"))
    with contextlib.closing(open_store()) as store:
        job = store.get(out)
    files = {str(path): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    files |= {name: content.encode() for name, content in report(runs.read(out), "mine").items()}
    with zipfile.ZipFile(io.BytesIO(export.zip_of(job))) as archive:
        files |= {name: archive.read(name) for name in archive.namelist()}
    assert len(files) > 20 and not [name for name, content in files.items() if SECRET.encode() in content]
