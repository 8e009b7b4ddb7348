"""Settings, read once at the edge: defaults, then config.toml, then the environment, then flags."""

from __future__ import annotations

import difflib
import stat
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import platformdirs

from streamer.alerts.rules import read_rules
from streamer.core.languages import ANY, parse_languages
from streamer.core.listening import read_listen_table
from streamer.core.reasons import explain, find_place_in_toml
from streamer.core.tokens import read_tokens
from streamer.core.untrusted import printable
from streamer.core.watching import read_watch_table
from streamer.core.webhooks import read_mqtt, read_webhooks
from streamer.errors import UsageError

ENVIRONMENT_PREFIX = "STREAMER_"
THEMES = ("dark", "light")
GLYPHS = ("unicode", "ascii")
"""What the screen draws with: all characters that the terminal has, or none but ASCII ones."""

LONGEST_S = 3600
"""The longest wait that a setting may ask for."""


def _setting(default: Any, help_text: str, sample: str) -> Any:
    """Declare a setting with its help and an example in TOML, which `streamer config` prints."""
    return field(default_factory=lambda: default, metadata={"help": help_text, "sample": sample})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a user can set; `help` of each field is its documentation."""

    url: str = _setting(
        "ws://127.0.0.1:5039/ws",
        "Asterisk's websocket: stock Asterisk listens on 8088, Wazo on 5039; wss:// for TLS.",
        '"ws://127.0.0.1:5039/ws"',
    )
    user: str = _setting(
        "",
        "User for HTTP Basic authentication, if a proxy in front of Asterisk asks for it.",
        '"monitor"',
    )
    password: str = _setting(
        "", "Password of that user. Keep this file private (chmod 600).", '"secret"'
    )
    headers: Mapping[str, str] = _setting({}, "More request headers.", '{ X-Tenant = "acme" }')
    ca: str = _setting(
        "",
        "PEM file with the certificate that signed the PBX's certificate, for wss://.",
        '"/etc/streamer/ca.pem"',
    )
    insecure: bool = _setting(
        False, "Accept any certificate. Anybody on the network path can then listen.", "true"
    )
    ari_url: str = _setting(
        "http://127.0.0.1:8088",
        "Asterisk's REST interface (ARI), with or without /ari at its end; https:// for TLS.",
        '"http://127.0.0.1:8088"',
    )
    ari_user: str = _setting("", "A user of ari.conf, who asks it.", '"streamer"')
    ari_password: str = _setting(
        "",
        "Password of that user, or @FILE whose first line it is, or $NAME of a variable of the environment. Keep this file private (chmod 600).",
        '"@/etc/streamer/ari-password"',
    )
    ari: bool = _setting(
        False,
        "Let `serve` tap calls by itself through ARI, as with --ari: those that the rules [[watch]] name, and those that ask for it.",
        "true",
    )
    watch: Sequence[Mapping[str, Any]] = _setting(
        [],
        "Which calls `serve --ari` taps: tables [[watch]] with context, endpoint, caller, queue, did, percentage, most, boundary.",
        '[{ context = "from-trunk", most = 20 }]',
    )
    via: str = _setting(
        "auto",
        "How `watch` and `record` get at a channel: ari, stream-channel, or auto for ari where ari_user is set.",
        '"ari"',
    )
    endpoint_technology: str = _setting(
        "PJSIP",
        "How `call` reaches a number that is given alone: PJSIP, SIP, IAX2 or DAHDI.",
        '"PJSIP"',
    )
    trunk: str = _setting(
        "", "Trunk through which it calls such a number; empty for a telephone.", '"provider"'
    )
    caller_id: str = _setting(
        "", "What `call` shows as the caller: a number, or a name and a number.", '"Help <555>"'
    )
    context: str = _setting(
        "",
        "Context into which `call` sends who has answered; empty to hold the call itself.",
        '"from-internal"',
    )
    extension: str = _setting("", "Extension of it; empty for s.", '"s"')
    app: str = _setting(
        "",
        "Application of ARI, other than streamer's own, into which `call` sends who has answered.",
        '"rapida"',
    )
    model: str = _setting(
        "",
        "Speech model: a name of `streamer models` or a directory; empty for the largest installed.",
        '"small"',
    )
    models_dir: str = _setting(
        "",
        "Folder of speech models, one folder each, into which `streamer models pull` puts them; empty for the Hugging Face cache.",
        '"/var/lib/streamer/models"',
    )
    language: str = _setting(
        "en",
        "Language that is spoken, by code or name; several, separated by commas, or auto are chosen from once per leg.",
        '"en,es"',
    )
    prompt: str = _setting(
        "", "A sentence with names and terms that are likely to be said.", '"Ask for Ms Okafor."'
    )
    hotwords: str = _setting("", "Names and terms, separated by commas.", '"PJSIP, Okafor"')
    device: str = _setting("auto", "Where the model runs: auto, cpu or cuda.", '"cpu"')
    compute_type: str = _setting(
        "auto",
        "Number format of the model: auto, int8, float16 or another one of CTranslate2.",
        '"int8"',
    )
    encoder_window: str = _setting(
        "auto",
        "Encoder input: full or short (faster; auto decides by measurement).",
        '"auto"',
    )
    recordings: str = _setting(
        "recordings", "Folder of all recordings.", '"/var/lib/streamer/recordings"'
    )
    db: str = _setting(
        "",
        "Database of transcripts; empty for streamer.sqlite3 in the folder of recordings.",
        '"/var/lib/streamer/streamer.sqlite3"',
    )
    retention_days: int = _setting(
        0,
        "Delete calls that are more than so many days old, when `watch` or `serve` starts and then daily; 0 keeps all.",
        "30",
    )
    register_key: str = _setting(
        "",
        "Key that each registration at `serve --register` must show. Keep this file private (chmod 600).",
        '"secret"',
    )
    register_names: str = _setting(
        "",
        "Further names, separated by commas, by which `serve --register` and `serve --api` may be asked; those of this machine need not be named.",
        '"streamer.example.com"',
    )
    trusted_proxies: str = _setting(
        "",
        "Addresses and networks of proxies, separated by commas, whose X-Forwarded-For `serve` believes.",
        '"127.0.0.1, 10.0.0.0/8"',
    )
    cert: str = _setting(
        "",
        "PEM file with the certificate of `serve`, for all its listeners but those on loopback; it is read again when it changes.",
        '"/etc/letsencrypt/live/streamer.example.com/fullchain.pem"',
    )
    key: str = _setting(
        "",
        "PEM file with the key of that certificate; empty if it is in the same file.",
        '"/etc/letsencrypt/live/streamer.example.com/privkey.pem"',
    )
    listen: Sequence[Mapping[str, Any]] = _setting(
        [],
        "Where `serve` listens, besides its flags: tables [[listen]] with kind, address, tls, auth, rate, yeastar_auth, public_url.",
        '[{ kind = "websocket", address = "0.0.0.0:9094", auth = ["bearer:@/etc/streamer/token"] }]',
    )
    alert: Sequence[Mapping[str, Any]] = _setting(
        [],
        "Watch-words: tables [[alert]] with name, said or not_said, within, leg, severity, quiet, tentative, when, then.",
        '[{ name = "cancels", said = ["cancel my contract"], leg = "caller", severity = "warning" }]',
    )
    webhook: Sequence[Mapping[str, Any]] = _setting(
        [],
        "Who is told what happens: tables [[webhook]] with url, secret, events, format, name, ca. Keep this file private (chmod 600).",
        '[{ url = "https://crm.example.com/hook", secret = "@/etc/streamer/webhook-secret", events = ["alert", "call_ended"] }]',
    )
    mqtt: Mapping[str, Any] = _setting(
        {},
        "Where the same is published: url, topic, events, user, password, ca; needs asterisk-streamer[mqtt].",
        '{ url = "mqtt://127.0.0.1:1883", topic = "streamer" }',
    )
    token: Sequence[Mapping[str, Any]] = _setting(
        [],
        "Who may ask `serve --api`: tables [[token]] with name, token, scopes. Keep this file private (chmod 600).",
        '[{ name = "board", token = "@/etc/streamer/board-token", scopes = ["read"] }]',
    )
    theme: str = _setting(
        "", "Colours of the screen: dark or light; empty for those used last.", '"light"'
    )
    glyphs: str = _setting(
        "",
        "What the screen draws with: ascii, or unicode where the terminal has it; empty for what was used last.",
        '"ascii"',
    )
    log_file: str = _setting(
        "", "Log file; empty for the system's usual place.", '"/var/log/streamer.log"'
    )
    open_timeout: float = _setting(
        10.0,
        "Seconds to wait for the PBX to accept a connection, and again for its answer.",
        "10.0",
    )
    keeper_patience: float = _setting(
        10.0,
        "Seconds without a sign of life from a recording process until the keeper reads its sockets in its place.",
        "10.0",
    )
    runtime_dir: str = _setting(
        "",
        "Folder of the keeper's socket; empty for the system's usual place.",
        '"/run/user/1000/streamer"',
    )


SECRETS = ("password", "headers", "register_key", "ari_password")
"""Settings that nobody else should read."""

_CREDENTIALS = {"auth", "yeastar_auth", "secret", "token", "password"}
"""Keys of tables that nobody else should read."""

_ONLY_IN_FILE = ("listen", "watch", "alert", "webhook", "mqtt", "token")

_CHOICES: Mapping[str, Sequence[str]] = {"theme": THEMES, "glyphs": GLYPHS}

_KINDS: dict[str, type] = {name: type(getattr(Settings(), name)) for name in Settings.__slots__}


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
    for name in _KINDS:
        text = environment.get(ENVIRONMENT_PREFIX + name.upper())
        if text is not None:
            values[name] = read_variable(name, text)
    for name, value in flags.items():
        if value is not None:
            values[name] = _normalise(name, value, where=f"--{name}")
    return Settings(**values)


def find_origins(config: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Return where each setting that is no default comes from: its variable in the environment, or the config file.

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
    variables = [ENVIRONMENT_PREFIX + name.upper() for name in _KINDS]
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
    """Say whether others can read a config file although the settings have a secret; may ask the file system."""
    has_secret = any(getattr(settings, name) for name in SECRETS) or any(
        _CREDENTIALS & table.keys()
        for table in (*settings.listen, *settings.webhook, *settings.token, settings.mqtt)
    )
    with suppress(OSError):
        return has_secret and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
    return False


def find_unknown_variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each variable with our prefix that is no setting, and the nearest that is."""
    known = [ENVIRONMENT_PREFIX + name.upper() for name in _KINDS]
    for name in sorted(environment):
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known:
            yield printable(name), difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]


def render_sample() -> str:
    """Return a config file with every setting, explained and commented out."""
    lines = [
        "# Settings of streamer. Each one can also be set in the environment, as STREAMER_NAME; many have a flag."
    ]
    for setting in fields(Settings):
        lines += [
            "",
            f"# {setting.metadata['help']}",
            f"# {setting.name} = {setting.metadata['sample']}",
        ]
    return "\n".join(lines) + "\n"


def read_file(config: Path | None) -> dict[str, Any]:
    """Return what the config file sets.

    Raises:
        UsageError: It cannot be read, or has an unknown key or a value of the wrong type.
    """
    path = config or default_config_path()
    read = tomllib.loads(read_text(config))
    for name, value in read.items():
        check_value(name, value, where=str(path))
        read[name] = _normalise(name, value, where=f"{path}: {name}")
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


def check_value(name: str, value: Any, *, where: str) -> None:
    """Refuse a key of the config file that is unknown, or whose value has the wrong type; `where` it stands begins the message.

    Raises:
        UsageError: It is so.
    """
    _check(where, name, value)
    _normalise(name, value, where=f"{where}: {name}")


def read_variable(name: str, text: str) -> Any:
    """Return the value of a setting that a variable of the environment has.

    Raises:
        UsageError: It cannot be meant.
    """
    where = ENVIRONMENT_PREFIX + name.upper()
    if name in _ONLY_IN_FILE:
        raise UsageError(
            f"{where} cannot be set in the environment; write {'[mqtt]' if name == 'mqtt' else f'[[{name}]]'} into the config file"
        )
    return _normalise(name, _parse(name, text), where=where)


def _normalise(name: str, value: Any, *, where: str) -> Any:
    """Return a value in the one way in which it is meant; `where` it stands is for the message.

    Raises:
        UsageError: It names an unknown language, theme or kind of glyphs.
    """
    if name == "glyphs" and isinstance(value, bool):  # as its flag says it
        return "ascii" if value else "unicode"
    if name in _CHOICES and value not in ("", *_CHOICES[name]):
        raise UsageError(f"{where} must be {' or '.join(_CHOICES[name])}, not {printable(value)}")
    if name != "language":
        return value
    return ",".join(parse_languages(value, where=where)) or ANY


def _check(where: str, name: str, value: Any) -> None:
    if name not in _KINDS:
        nearest = difflib.get_close_matches(name, _KINDS, n=1, cutoff=0.0)
        raise UsageError(
            f"{where} has the unknown key {name}; the nearest known one is {nearest[0]}"
        )
    is_right = isinstance(value, dict) if name == "mqtt" else _is_right(_KINDS[name], value)
    if not is_right:
        raise UsageError(f"{where}: {name} must be {_describe(_KINDS[name])}")
    if name == "listen":
        for number, table in enumerate(value, start=1):
            read_listen_table(table, where=f"{where}: listen {number}")
    elif name == "watch":
        for number, table in enumerate(value, start=1):
            read_watch_table(table, where=f"{where}: watch {number}")
    elif name in _TABLES:
        _TABLES[name](value, where=f"{where}: mqtt" if name == "mqtt" else where)


_TABLES: Mapping[str, Callable[..., object]] = {
    "alert": read_rules,
    "webhook": read_webhooks,
    "mqtt": read_mqtt,
    "token": read_tokens,
}


def _is_right(kind: type, value: Any) -> bool:
    if kind is dict:
        return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    if kind is list:
        return isinstance(value, list) and all(isinstance(v, dict) for v in value)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if kind is float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and 0 < value <= LONGEST_S
    return isinstance(value, kind)


def _parse(name: str, text: str) -> Any:
    kind = _KINDS[name]
    try:
        if kind is bool:
            return {
                "1": True,
                "true": True,
                "yes": True,
                "0": False,
                "false": False,
                "no": False,
                "": False,
            }[text.lower()]
        if kind is float:
            if not _is_right(float, float(text)):
                raise ValueError
            return float(text)
        if kind is int:
            if not _is_right(int, int(text)):
                raise ValueError
            return int(text)
        if kind is dict:
            return parse_headers(text.splitlines())
    except (KeyError, ValueError) as error:
        raise UsageError(f"{ENVIRONMENT_PREFIX}{name.upper()} must be {_describe(kind)}") from error
    return text


def parse_headers(lines: list[str]) -> dict[str, str]:
    """Read `Name: value` lines.

    Raises:
        UsageError: A line has no colon; the message does not repeat it, because it may be a secret.
    """
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise UsageError("a header must look like Name: value")
        headers[name.strip()] = value.strip()
    return headers


def _describe(kind: type) -> str:
    return {
        str: "a string",
        bool: "true or false",
        int: "a whole number, 0 or more",
        float: f"a number of seconds, more than 0 and at most {LONGEST_S}",
        dict: "a table of strings",
        list: "tables, each under its own [[name]]",
    }[kind]
