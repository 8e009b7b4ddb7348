"""Settings, read once at the edge: defaults, then config.toml, then the environment, then flags."""

from __future__ import annotations

import difflib
import stat
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import platformdirs

from streamer.config import SECRETS, Settings
from streamer.config.values import ENVIRONMENT_PREFIX, KINDS, check_value, normalise, read_variable
from streamer.core.reasons import explain, find_place_in_toml
from streamer.core.untrusted import printable
from streamer.errors import UsageError

_CREDENTIALS = {"auth", "yeastar_auth", "secret", "token", "password"}
"""Keys of tables that nobody else should read."""


def default_config_path() -> Path:
    """Return where the config file is looked for."""
    return Path(platformdirs.user_config_dir("streamer")) / "config.toml"


def load_settings(
    *, config: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]
) -> Settings:
    """Merge all places that a setting may come from; a flag that is None was not given.

    Raises:
        UsageError: A key is unknown, a value has the wrong type, or the config file cannot be read.
    """
    values = read_file(config)
    for name in KINDS:
        text = environment.get(ENVIRONMENT_PREFIX + name.upper())
        if text is not None:
            values[name] = read_variable(name, text)
    for name, value in flags.items():
        if value is not None:
            values[name] = normalise(name, value, where=f"--{name}")
    return Settings(**values)


def find_origins(config: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Return where each setting comes from that is not left at its default: a variable of the environment, or the config file.

    Raises:
        UsageError: The config file cannot be read, or has an unknown key.
    """
    origins = dict.fromkeys(read_file(config), str(config or default_config_path()))
    return origins | {
        where.removeprefix(ENVIRONMENT_PREFIX).lower(): where
        for where in list_variables(environment)
    }


def list_variables(environment: Mapping[str, str]) -> list[str]:
    """Return the variables of the environment that set something."""
    variables = [ENVIRONMENT_PREFIX + name.upper() for name in KINDS]
    return [name for name in variables if name in environment]


def find_warnings(
    config: Path | None, environment: Mapping[str, str], settings: Settings
) -> list[str]:
    """Return what the user should know about where settings come from, each one line; may ask the file system."""
    warnings = [
        f"the environment sets {name}, which is not a setting; the nearest one is {nearest}"
        for name, nearest in find_unknown_variables(environment)
    ]
    path = config or default_config_path()
    if is_exposed(path, settings):
        warnings.append(f"others can read {path}, which may hold a secret; chmod 600 {path}")
    return warnings


def is_exposed(path: Path, settings: Settings) -> bool:
    """Say whether others can read a config file that holds a secret; may ask the file system."""
    has_secret = any(getattr(settings, name) for name in SECRETS) or any(
        _CREDENTIALS & table.keys()
        for table in (*settings.listen, *settings.webhook, *settings.token, settings.mqtt)
    )
    with suppress(OSError):
        return has_secret and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    return False


def find_unknown_variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each variable with our prefix that is no setting, and the nearest that is."""
    known = [ENVIRONMENT_PREFIX + name.upper() for name in KINDS]
    for name in sorted(environment):
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known:
            yield printable(name), difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]


def read_file(config: Path | None) -> dict[str, Any]:
    """Return what the config file sets.

    Raises:
        UsageError: It cannot be read, or has an unknown key or a value of the wrong type.
    """
    path = config or default_config_path()
    read = tomllib.loads(read_text(config))
    for name, value in read.items():
        check_value(name, value, where=str(path))
        read[name] = normalise(name, value, where=f"{path}: {name}")
    return read


def read_text(config: Path | None) -> str:
    """Return the config file, which is TOML; nothing if the usual one is not there.

    Raises:
        UsageError: It cannot be read, or is no TOML.
    """
    path = config or default_config_path()
    try:
        text = path.read_text(encoding="utf-8")
        tomllib.loads(text)
    except FileNotFoundError:
        if config is None:
            return ""
        raise UsageError(
            f"there is no config file {path}; `streamer config` prints one to start from"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"the config file {path} cannot be read at {find_place_in_toml(error)}: write each setting once, as name = value,"
            " and text in quotes"
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"the config file {path} cannot be read: {explain(error)}") from error
    return text
