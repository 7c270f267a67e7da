"""A server on this machine that answers an upload as the Hugging Face hub does, and keeps what it received."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

TOKEN = "hf_a-secret-that-no-file-may-hold"


class FakeHub:
    """repositories: name -> file -> content; private: name -> whether; refuses: said to every commit, if anything."""

    def __init__(self):
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.commits, self.refuses = 0, ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FakeHub:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def do_GET(self):
        path = urlsplit(self.path).path
        if path == "/api/whoami-v2":
            self._answer({"name": "me", "type": "user"})
        elif path.startswith("/api/models/"):
            name = "/".join(path.split("/")[3:5])
            found = name in self.hub.repositories
            self._answer({"id": name, "sha": "0" * 40, "siblings": []} if found else {}, 200 if found else 404)
        else:
            self._answer({}, 404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urlsplit(self.path).path
        if path == "/api/repos/create":
            self._create(json.loads(body))
        elif path == "/api/validate-yaml":  # of a model card
            self._answer({"errors": [], "warnings": []})
        elif "/preupload/" in path:
            as_text = {"uploadMode": "regular", "shouldIgnore": False}
            self._answer({"files": [{"path": file["path"], **as_text} for file in json.loads(body)["files"]]})
        elif "/commit/" in path:
            self._commit("/".join(path.split("/")[3:5]), [json.loads(line) for line in body.splitlines()])
        else:
            self._answer({"error": "not here"}, 404)

    def _create(self, asked: dict) -> None:
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        if not name.startswith("me/"):
            self._answer({"error": "not yours"}, 403)
        elif name in self.hub.repositories:
            self._answer({"error": "You already created this model repo", "url": f"{self.hub.address}/{name}"}, 409)
        else:
            self.hub.repositories[name] = {}
            self.hub.private[name] = asked.get("visibility", "public") == "private"
            self._answer({"url": f"{self.hub.address}/{name}"})

    def _commit(self, name: str, lines: list[dict]) -> None:
        if self.hub.refuses:
            return self._answer({"error": self.hub.refuses}, 507)
        for line in lines:
            if line["key"] == "file":
                self.hub.repositories[name][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        self.hub.commits += 1
        at = "1" * 40
        self._answer({"success": True, "commitOid": at, "commitUrl": f"{self.hub.address}/{name}/commit/{at}"})

    def _answer(self, body: dict, status: int = 200) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            body, status = {"error": "Invalid credentials"}, 401
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 404:
            self.send_header("X-Error-Code", "RepoNotFound")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass
