"""Reads the settings as every command does, and looks at who else can read what is secret."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from streamer.config import SECRETS, Settings
from streamer.config.reading import (
    default_config_path,
    find_unknown_variables,
    is_exposed,
    load_settings,
)
from streamer.doctor.settings import SettingsFacts
from streamer.errors import UsageError

_NOTHING = Path(os.devnull)


def read_settings(
    config: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]
) -> tuple[Settings, str]:
    """Return the settings and why they are not all that was written: without the config file, or the environment, where those are wrong."""
    trouble = ""
    for file, variables in ((config, environment), (_NOTHING, environment), (_NOTHING, {})):
        try:
            return load_settings(config=file, environment=variables, flags=flags), trouble
        except UsageError as error:
            trouble = trouble or str(error)
    return Settings(), trouble


def gather_settings(
    config: Path | None, environment: Mapping[str, str], settings: Settings, trouble: str
) -> SettingsFacts:
    """Return what is known of where the settings come from."""
    path = config or default_config_path()
    return SettingsFacts(
        str(path),
        path.exists(),
        trouble,
        is_exposed(path, settings),
        tuple(str(file) for file in _list_secret_files(settings) if _can_others_read(file)),
        tuple(find_unknown_variables(environment)),
    )


def _list_secret_files(settings: Settings) -> Iterator[Path]:
    """Yield the files that secrets are read from, and the key of the certificate."""
    if settings.key:
        yield Path(settings.key)
    texts = [getattr(settings, name) for name in SECRETS]
    for table in settings.listen:
        auth = table.get("auth", [])
        texts += [auth] if isinstance(auth, str) else list(auth)
    for text in texts:
        if isinstance(text, str) and "@/" in text:
            yield Path(text[text.index("@/") + 1 :])


def _can_others_read(file: Path) -> bool:
    """Say whether others can read a file; a group may be how we ourselves can, where it is not ours."""
    with suppress(OSError):
        status = file.stat()
        is_ours = status.st_uid == os.getuid()
        return bool(status.st_mode & (stat.S_IROTH | (stat.S_IRGRP if is_ours else 0)))
    return False
