"""A folder of a model put on the Hugging Face hub, by a token that is given for this alone and written nowhere.

The token goes to the hub's client as an argument and into no message: of what the hub answers, its like is cut out.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from scpo.errors import ConfigError, SourceMissing

HUB = "https://huggingface.co"
SHOWN = 300  # characters of what the hub says
RIGHTS = "Make one that may write at huggingface.co/settings/tokens and give it once more; it is kept nowhere."


@dataclass(frozen=True)
class Upload:
    """Where a folder goes on the hub.

    repository  owner/name
    token       of the owner, with the right to write
    public      everybody may see it; private otherwise
    update      a new commit in a repository that is there already; it stays as private or public as it is
    """

    repository: str
    token: str = field(repr=False)
    public: bool = False
    update: bool = False

    def check(self) -> None:
        """Ask the hub for what can be known before a model is made.

        Raises `ConfigError` for a name, a token or a repository that cannot be used, `SourceMissing` without a network.
        """
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils import validate_repo_id

        try:
            validate_repo_id(self.repository)
        except HFValidationError:
            self._refuse_name()
        if self.repository.count("/") != 1:
            self._refuse_name()
        if not self.token or not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise ConfigError(f"the token is {'not one' if self.token else 'missing'}. {RIGHTS}")
        with self._explained():
            self._hub().whoami()
            there = self._hub().repo_exists(self.repository)
        if there and not self.update:
            self._refuse_taken()

    def push(self, folder: Path) -> str:
        """Make the repository, put the files of a folder into it in one commit; its address. Raises as `check`."""
        with self._explained():
            place = self._hub().create_repo(self.repository, private=not self.public, exist_ok=self.update)
            self._hub().upload_folder(
                repo_id=self.repository, folder_path=folder, commit_message="Reward model exported by scpo"
            )
        return str(place)

    def _hub(self):
        from huggingface_hub import HfApi

        return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or HUB, token=self.token)

    def _refuse_name(self) -> None:
        raise ConfigError(
            f"the repository's name is {self.repository!r:.120}; it takes OWNER/NAME, of letters, digits, dots, dashes "
            "and underscores, 96 characters at most."
        )

    def _refuse_taken(self) -> None:
        raise ConfigError(
            f"the hub has a repository {self.repository} already. Give another name, or --update to add a commit to it."
        )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """What the hub refuses, as a sentence without the token; nothing of the client's own errors is passed on."""
        from huggingface_hub.errors import HfHubHTTPError

        try:
            yield
        except HfHubHTTPError as error:
            status, said = error.response.status_code, error.server_message or ""
        except Exception as error:  # no network, or a broken one: the clients of the hub and of http raise many kinds
            raise SourceMissing(
                f"the hub could not be reached, or breaks off ({type(error).__name__}). Nothing is lost: try again, or "
                "export the folder with --out and upload it by hand."
            ) from None
        else:
            return
        if status == HTTPStatus.CONFLICT:
            self._refuse_taken()
        if status == HTTPStatus.UNAUTHORIZED:
            raise ConfigError(f"the hub does not know the token. {RIGHTS}")
        if status == HTTPStatus.FORBIDDEN:
            raise ConfigError(f"the token may not write {self.repository}. {RIGHTS}")
        told = said.replace(self.token, "***")[:SHOWN] or "no reason"
        raise ConfigError(f"the hub refuses the upload with status {status}: {told}.")
