"""`streamer config check`: every value of the config file and the environment that cannot be meant, with where it stands."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from streamer.ari.access import complete_url
from streamer.cli import output
from streamer.cli.frontend import judge_keys
from streamer.cli.logs import check_log_file
from streamer.config import Settings
from streamer.config.reading import default_config_path, find_warnings, read_text
from streamer.config.values import ENVIRONMENT_PREFIX, check_value, read_variable
from streamer.core.keys import read_action_keys
from streamer.core.listening import check_listen_key, read_listen_table
from streamer.core.secrets import find_secret
from streamer.core.tokens import read_tokens
from streamer.core.toml_lines import Key, find_lines
from streamer.core.trust import open_trust
from streamer.core.watching import check_watch_key, read_watch_table
from streamer.delivery.endpoint import read_endpoints
from streamer.errors import ExitCode, NotFoundError, StreamerError, UsageError
from streamer.sources.forwarded import read_proxies
from streamer.sources.tls import Certificate
from streamer.sources.websocket.access import read_credentials
from streamer.speech.base import EncoderWindow
from streamer.speech.engine.models import NAMES, resolve_model
from streamer.wire.stream_channel import check_url

_COMPUTE_TYPES = [
    "default",
    "int8",
    "int8_float32",
    "int8_float16",
    "int8_bfloat16",
    "int16",
    "float16",
    "bfloat16",
    "float32",
]
"""Those of CTranslate2."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that cannot be meant; `line` is None in the environment."""

    where: str
    line: int | None
    message: str
    """Begins with where it stands."""


def run_config_check(config: Path | None, *, as_json: bool) -> int:
    """Name each wrong value with its line; return whether there is none.

    Raises:
        UsageError: The config file cannot be read at all.
    """
    faults = list(find_faults(config, os.environ))
    for fault in faults:
        if as_json:
            said = {"where": fault.where, "line": fault.line, "message": fault.message}
            output.json_line(said)
        else:
            output.talk(fault.message)
    for warning in find_warnings(config, os.environ, Settings()):
        output.talk(f"warning: {warning}")
    if not faults and not as_json:
        output.talk(f"all settings can be used; {_name_file(config)}")
    return ExitCode.USAGE if faults else ExitCode.DONE


def _name_file(config: Path | None) -> str:
    """Say which config file is read, or that there is none."""
    path = config or default_config_path()
    return f"the config file is {path}" if path.exists() else f"there is no config file {path}"


def find_faults(config: Path | None, environment: Mapping[str, str]) -> Iterator[Fault]:
    """Yield what is wrong in the config file, from its top, and then in the environment.

    Raises:
        UsageError: The file cannot be read, or is no TOML.
    """
    text, path = read_text(config), str(config or default_config_path())
    values = tomllib.loads(text)
    models_dir = str(environment.get(_name_variable("models_dir"), values.get("models_dir", "")))
    pair = list(_find_wrong_pair(values, environment))
    in_file = [one for one in pair if _name_variable(str(one[0][0])) not in environment]
    wrong = [*_find_wrong(values, models_dir), *in_file]
    lines = find_lines(text) if wrong else {}
    for key, message in sorted(wrong, key=lambda one: lines[one[0]]):
        yield Fault(path, lines[key], f"{path}, line {lines[key]}: {message}")
    for (name, *_), message in [one for one in pair if one not in in_file]:
        variable = _name_variable(str(name))
        yield Fault(variable, None, f"{variable}: {message}")
    for name in Settings.__slots__:
        variable = _name_variable(name)
        if variable in environment and (
            message := _judge_variable(name, environment[variable], models_dir)
        ):
            yield Fault(variable, None, message)


def _find_wrong(values: Mapping[str, Any], models_dir: str) -> Iterator[tuple[Key, str]]:
    """Yield the key of each wrong value of a config file, and what is wrong with it."""
    for name, value in values.items():
        if name in _TABLES and isinstance(value, list):
            yield from _find_wrong_tables(name, value)
        elif name == "keys" and isinstance(value, dict):
            yield from _find_wrong_keys(value)
        elif message := _explain(partial(check_value, name, value, where="")):
            yield (name,), _shorten(message)
        elif message := _judge(name, value, models_dir):
            yield (name,), message


def _find_wrong_pair(
    values: Mapping[str, Any], environment: Mapping[str, str]
) -> Iterator[tuple[Key, str]]:
    """Yield what is wrong with the certificate and its key, wherever each is set."""
    cert, key = (
        environment.get(_name_variable(name), values.get(name, "")) for name in ("cert", "key")
    )
    if not isinstance(cert, str) or not isinstance(key, str):
        return
    name = "cert" if cert else "key"
    if key and not cert:
        yield (name,), "key needs the certificate that it belongs to; set cert"
    elif cert and (message := _explain(partial(Certificate, Path(cert), Path(key or cert)))):
        yield (name,), message


def _name_variable(setting: str) -> str:
    return ENVIRONMENT_PREFIX + setting.upper()


def _shorten(message: str) -> str:
    """Take the empty place from the beginning of a message, before which its line will stand."""
    message = message.removeprefix(": ")
    return message.removeprefix(" has the ") if message.startswith(" has the unknown") else message


def _find_wrong_tables(kind: str, tables: list[Any]) -> Iterator[tuple[Key, str]]:
    check, read = _TABLES[kind]
    for place, table in enumerate(tables):
        way, where = (kind, place), f"{kind} {place + 1}"
        if not isinstance(table, dict):
            yield (kind,), f"{kind} must be tables, each under its own [[{kind}]]"
            return
        is_right = True
        for name, value in table.items():
            if message := _explain(partial(check, name, value, where=where)):
                is_right = False
                yield (*way, name), message
        if is_right and (message := _explain(partial(read, table, where=where))):
            yield way, message


def _find_wrong_keys(table: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
    """Yield the actions whose keys cannot be meant, the way to each in the file, and why."""
    right = {}
    for action, value in table.items():
        if message := _explain(partial(read_action_keys, action, value, where="keys")):
            yield ("keys", action), message
        else:
            right[action] = value
    for action, message in judge_keys(right):
        yield ("keys", action), f"keys: {message}"


def _read_table(table: Mapping[str, Any], *, where: str) -> None:
    read = read_listen_table(table, where=where)
    read_credentials(read.auth, read.yeastar_auth, where=f"{where}: ")


_TABLES: Mapping[str, tuple[Callable[..., None], Callable[..., object]]] = {
    "listen": (check_listen_key, _read_table),
    "watch": (check_watch_key, read_watch_table),
}
"""Of each setting of tables: what judges a key, and what a whole table."""


def _judge_variable(name: str, text: str, models_dir: str) -> str:
    """Return what is wrong with a variable of the environment, nothing if nothing is."""
    try:
        value = read_variable(name, text)
    except UsageError as error:
        return str(error)
    message = _judge(name, value, models_dir)
    return f"{_name_variable(name)}: {message}" if message else ""


def _judge(name: str, value: Any, models_dir: str) -> str:
    """Return why a value of the right type cannot be meant; an empty one is none."""
    if name == "model" and value:
        return _explain(partial(_check_model, value, models_dir))
    judge = _JUDGES.get(name)
    return _explain(partial(judge, value)) if judge is not None and value else ""


def _explain(judge: Callable[[], object]) -> str:
    try:
        judge()
    except StreamerError as error:
        return str(error)
    return ""


def _check_choice(name: str, *choices: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if value not in choices:
            raise UsageError(
                f"{name} must be {', '.join(choices[:-1])} or {choices[-1]}, not {value}"
            )

    return check


def _check_folder(value: str) -> None:
    if Path(value).exists() and not Path(value).is_dir():
        raise UsageError(f"{value} is not a folder; name one")


def _check_database(value: str) -> None:
    if Path(value).is_dir():
        raise UsageError(f"{value} is a folder; name a file in it")


def _check_model(value: str, models_dir: str) -> None:
    with suppress(*[NotFoundError] if value in NAMES else []):  # one of these is yet to be pulled
        resolve_model(value, models_dir)


def _check_tokens(tables: Sequence[Mapping[str, Any]]) -> None:
    for table in read_tokens(tables, where="token"):
        where = f"token {table.name}"
        find_secret(table.token, where=where, environment=os.environ)


_JUDGES: Mapping[str, Callable[[Any], object]] = {
    "url": check_url,
    "ari_url": complete_url,
    "ari_password": lambda value: find_secret(value, where="ari_password", environment=os.environ),
    "ca": lambda value: open_trust(value, insecure=False),
    "device": _check_choice("device", "auto", "cpu", "cuda"),
    "compute_type": _check_choice("compute_type", "auto", *_COMPUTE_TYPES),
    "encoder_window": _check_choice("encoder_window", "auto", *EncoderWindow),
    "recordings": _check_folder,
    "models_dir": _check_folder,
    "db": _check_database,
    "trusted_proxies": read_proxies,
    "log_file": check_log_file,
    "runtime_dir": _check_folder,
    "webhook": lambda value: read_endpoints(Settings(webhook=value), os.environ),
    "mqtt": lambda value: read_endpoints(Settings(mqtt=value), os.environ),
    "token": _check_tokens,
}
"""Settings whose values may be of the right type and still be wrong."""
