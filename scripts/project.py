"""Set up and start the app, or set up and run all tests, on a machine with Python 3.11 or newer.

    python3 scripts/project.py start [options of streamlit]
    python3 scripts/project.py test  [options of pytest]

Makes `.venv` beside this checkout and installs requirements.txt into it when they changed; for the tests
also requirements-cluster.txt, since they run a real Ray cluster. Uses the standard library only, and says
what to do when something is missing.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# Tests often wait, for a browser, a lease or a disk, so three files at a time fill two cores; in their order, which
# has the longest first.
SIDE_BY_SIDE = ("-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")
FREE_DISK = 4 << 30  # bytes; torch alone unpacks to about 1 GB


def set_up(*names: str) -> None:
    """Make the virtual environment and install what these files of requirements pin, if that changed."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this very check is for older ones)
        sys.exit(f"This is Python {sys.version.split()[0]}; needed: 3.11 or newer. Try `python3.11 {sys.argv[0]}`.")
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit(
            "This Python has no ensurepip, so no virtual environment can be made. On Debian: apt install python3-venv"
        )
    wanted = {hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in names}
    stamp = VENV / "requirements.sha256"
    if stamp.is_file() and wanted <= set(stamp.read_text().split()):
        return
    if shutil.disk_usage(ROOT).free < FREE_DISK:
        sys.exit(
            f"{ROOT} has less than {FREE_DISK >> 30} GiB of free disk; the packages need that. Free some and try again."
        )
    print("Setting up .venv; the packages take one to five minutes, once.", flush=True)
    venv.create(VENV, with_pip=True, clear=not PYTHON.exists())
    install = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    for name in names:
        install += ["-r", str(ROOT / name)]
    if subprocess.run(install).returncode:
        sys.exit(
            "The packages could not be installed; pip says why above. Needed: a connection to the Python package "
            "index, or a mirror named by PIP_INDEX_URL. Run the same command again to go on."
        )
    # Where PYTHONDONTWRITEBYTECODE is set, each process would compile what it imports; pip would do it on one core, and
    # the packages' own tests too, a fifth of all there is. Some files are no Python of this version, which is no fault.
    compile_all = ["-m", "compileall", "-qq", "-j", "0", "-x", r"[\\/]tests?[\\/]"]
    subprocess.run([str(PYTHON), *compile_all, sysconfig.get_path("purelib", vars={"base": str(VENV)})])
    stamp.write_text("\n".join(sorted(wanted)))


def main() -> None:
    """Run one of the two commands."""
    if len(sys.argv) < 2 or sys.argv[1] not in ("start", "test"):
        sys.exit(__doc__)
    set_up("requirements.txt", *(["requirements-cluster.txt"] if sys.argv[1] == "test" else []))
    if sys.argv[1] == "start":
        command = ["-m", "streamlit", "run", "app.py", *sys.argv[2:]]
    else:
        if not (os.environ.get("SCPO_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")):
            print("No chromium was found, so the browser tests will be skipped. On Debian: apt install chromium")
        command = ["-m", "pytest", *SIDE_BY_SIDE, *sys.argv[2:]]
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a hundred processes would each compile scpo again
    try:
        sys.exit(subprocess.run([str(PYTHON), *command], cwd=ROOT).returncode)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
