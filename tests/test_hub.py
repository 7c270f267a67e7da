"""Where models are found: the hub's own conversions, its cache, and nothing that is pickled."""

from types import SimpleNamespace

import huggingface_hub
import pytest

from scpo import hub
from scpo.errors import SourceMissing


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    """A hub of one model whose main branch has pickles alone; what was asked of it."""
    asked, requests = [], []

    def snapshot(repo, revision=None, allow_patterns=(), token=None, local_files_only=False):
        asked.append((repo, revision))
        if local_files_only:
            raise OSError("not in the cache")
        folder = tmp_path / (revision or "main").replace("/", "-")
        folder.mkdir(exist_ok=True)
        if revision:
            (folder / "model.safetensors").write_bytes(b"")
        assert not any("bin" in pattern or pattern == "*" for pattern in allow_patterns)
        return str(folder)

    def discussions(self, repo, author=None):
        return iter(requests)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    monkeypatch.setattr(huggingface_hub.HfApi, "get_repo_discussions", discussions)
    return SimpleNamespace(asked=asked, requests=requests)


def request(author, status="open", pull=True, number=3):
    return SimpleNamespace(
        author=author, status=status, is_pull_request=pull, git_reference=f"refs/pr/{number}" if pull else None
    )


def test_the_conversion_of_the_hubs_bot_is_taken(fetched):
    fetched.requests += [request("somebody", number=1), request(hub.CONVERTER, pull=False), request(hub.CONVERTER)]
    assert hub.model_folder("owner/model").name == "refs-pr-3"
    assert fetched.asked == [("owner/model", None), ("owner/model", "refs/pr/3")]


@pytest.mark.parametrize("others", [[], [request("somebody")], [request(hub.CONVERTER, status="closed")]])
def test_nobody_elses_conversion_is_taken(fetched, others):
    fetched.requests += others
    assert hub.model_folder("owner/model").name == "main"


def test_a_revision_that_is_named_is_the_one_fetched(fetched):
    assert hub.model_folder("owner/model@refs/pr/7").name == "refs-pr-7"
    assert fetched.asked == [("owner/model", "refs/pr/7")]


def test_what_is_not_in_the_cache_is_not_local(fetched):
    assert hub.local_folder("owner/model") is None and hub.local_folder("minilm").is_dir()


def test_a_hub_out_of_reach_is_one_message(monkeypatch):
    with pytest.raises(SourceMissing, match="local folder"):
        hub.model_folder("owner/model")


def test_models_here_are_reward_models_of_the_cache(tmp_path, monkeypatch):
    def snapshot(name, about, weights="model.safetensors"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(about)
        (folder / weights).write_bytes(b"")
        return SimpleNamespace(repo_type="model", repo_id=name, revisions=[SimpleNamespace(snapshot_path=folder)])

    reward = '{"architectures": ["DebertaV2ForSequenceClassification"], "id2label": {"0": "LABEL_0"}}'
    repos = [
        snapshot("reward", reward),
        snapshot("pickled", reward, "pytorch_model.bin"),
        snapshot("broken", "{"),
        snapshot("classifier", reward.replace('{"0": "LABEL_0"}', '{"0": "a", "1": "b"}')),
        snapshot("encoder", '{"architectures": ["BertModel"]}'),
    ]
    monkeypatch.setattr(huggingface_hub, "scan_cache_dir", lambda: SimpleNamespace(repos=repos))
    assert hub.models_here() == ["minilm", "reward"]
