"""Takes the local paths of a run out of what leaves this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from scpo import runs


class Hidden:
    """Replaces the local paths of a run by their last part, in any text and in any depth of a value."""

    def __init__(self, result: runs.Result):
        config = result.config
        named = [config.encoder, config.global_model, config.finetune.model]
        paths = {path for path in map(Path, named) if path.is_absolute()}
        paths |= {result.folder.absolute(), runs.workspace().absolute(), Path.home()}
        called = {str(path): path.name for path in paths - {Path("/")}}
        files = zip(config.data.data_files, config.data.shown_files, strict=True)
        called |= {path: name for path, name in files if Path(path).is_absolute()}
        self._names = dict(sorted(called.items(), key=lambda pair: len(pair[0]), reverse=True))

    def __call__(self, value):
        if isinstance(value, Mapping):
            return {self(key): self(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self(inner) for inner in value]
        if isinstance(value, str):
            for path, name in self._names.items():
                value = value.replace(path, name)
        return value
