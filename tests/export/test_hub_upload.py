"""A model on the hub: what a server that speaks as the hub does really receives, and what each refusal says."""

import sys

import pytest

from scpo.cli import main
from scpo.errors import ConfigError, SourceMissing
from scpo.export.hub_upload import Upload
from scpo.export.usage import load_lines

from fake_hub import TOKEN, FakeHub


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with FakeHub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model").mkdir()
    for name in ("README.md", "config.json", "model.safetensors"):
        (tmp_path / "model" / name).write_bytes(f"content of {name}".encode())
    return tmp_path / "model"


def test_every_file_arrives_in_one_commit_of_a_private_repository(hub, folder):
    upload = Upload("me/rm", TOKEN)
    upload.check()
    assert upload.push(folder) == f"{hub.address}/me/rm"
    assert hub.repositories["me/rm"] == {path.name: path.read_bytes() for path in folder.iterdir()}
    assert hub.private == {"me/rm": True} and hub.commits == 1


def test_a_repository_is_public_only_where_that_is_asked(hub, folder):
    Upload("me/rm", TOKEN, public=True).push(folder)
    assert hub.private == {"me/rm": False}


def test_a_name_that_is_taken_is_refused_and_nothing_is_written_unless_an_update_is_asked(hub, folder):
    hub.repositories["me/rm"] = {"old.txt": b"old"}
    with pytest.raises(ConfigError, match="already.*--update"):
        Upload("me/rm", TOKEN).check()
    with pytest.raises(ConfigError, match="already"):  # taken since it was asked
        Upload("me/rm", TOKEN).push(folder)
    assert hub.repositories["me/rm"] == {"old.txt": b"old"} and not hub.commits
    again = Upload("me/rm", TOKEN, update=True)
    again.check()
    again.push(folder)
    assert {"old.txt", "model.safetensors"} <= set(hub.repositories["me/rm"])


@pytest.mark.parametrize(
    ("repository", "token", "told"),
    [
        ("me/rm", "hf_another-secret", "does not know the token"),
        ("me/rm", "", "token is missing"),
        ("me/rm", "two words", "token is not one"),
        ("rm", TOKEN, "OWNER/NAME"),
        ("me/rm/x", TOKEN, "OWNER/NAME"),
        ("me/<b>", TOKEN, "OWNER/NAME"),
    ],
)
def test_a_name_or_a_token_that_is_none_is_refused_in_a_sentence_without_the_token(hub, repository, token, told):
    with pytest.raises(ConfigError, match=told) as refused:
        Upload(repository, token).check()
    assert not token or token not in str(refused.value)
    assert not token or token not in repr(Upload(repository, token))


def test_the_repository_of_somebody_else_may_not_be_written(hub, folder):
    with pytest.raises(ConfigError, match="may not write theirs/rm"):
        Upload("theirs/rm", TOKEN).push(folder)


def test_what_the_hub_says_is_passed_on_without_the_token(hub, folder):
    hub.refuses = f"storage is full for {TOKEN}"
    with pytest.raises(ConfigError, match=r"status 507: .*storage is full for \*\*\*"):
        Upload("me/rm", TOKEN).push(folder)


def test_without_a_network_nothing_is_lost(monkeypatch, folder):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SourceMissing, match="could not be reached") as refused:
        Upload("me/rm", TOKEN).check()
    assert TOKEN not in str(refused.value) and refused.value.__cause__ is None


def test_the_command_puts_a_model_on_the_hub_whose_card_loads_it_from_there(hub, demo_run, capsys, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert main(["export", str(demo_run), "--country", "Galune", "--push-to-hub", "me/galune"]) == 0
    told = "".join(capsys.readouterr())
    assert f"{hub.address}/me/galune" in told and TOKEN not in told
    files = hub.repositories["me/galune"]
    assert {"README.md", "config.json", "model.safetensors", "tokenizer.json"} <= set(files)
    from scpo import runs

    assert load_lines(runs.read(demo_run), "me/galune") in files["README.md"].decode()
    assert not any(TOKEN.encode() in content for content in files.values())


def test_a_token_that_is_piped_in_is_read_and_a_wrong_one_makes_no_folder(hub, demo_run, capsys, monkeypatch, tmp_path):
    (tmp_path / "piped").write_text("hf_wrong-secret\n")
    with open(tmp_path / "piped") as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        command = [
            "export",
            str(demo_run),
            "--country",
            "Galune",
            "--push-to-hub",
            "me/x",
            "--out",
            str(tmp_path / "o"),
        ]
        assert main(command) == 2
    told = "".join(capsys.readouterr())
    assert "does not know the token" in told and "hf_wrong-secret" not in told and not (tmp_path / "o").exists()


@pytest.mark.parametrize(("more", "told"), [([], "nothing to do"), (["--public", "--out", "x"], "--push-to-hub")])
def test_options_that_go_with_nothing_are_refused(demo_run, capsys, more, told):
    assert main(["export", str(demo_run), "--country", "Galune", *more]) == 2
    assert told in capsys.readouterr().err
