"""The Hugging Face hub, asked once whether it is there.

Its clients retry for half a minute and log each try. `stay_offline_if_unreachable` is called
before they are first imported: if nothing answers within a few seconds they are told to use
copies on this machine only, so that a user without a network gets one message, at once.
"""

from __future__ import annotations

import logging
import os
import socket
import urllib.parse
import urllib.request

PATIENCE = 4.0  # seconds


def stay_offline_if_unreachable() -> None:
    """Set HF_HUB_OFFLINE for this process if the hub's host cannot be reached."""
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    if os.environ.get("HF_HUB_OFFLINE") or urllib.request.getproxies():
        return
    endpoint = urllib.parse.urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    port = endpoint.port or (443 if endpoint.scheme == "https" else 80)
    try:
        socket.create_connection((endpoint.hostname or "", port), timeout=PATIENCE).close()
    except OSError:
        os.environ["HF_HUB_OFFLINE"] = "1"
