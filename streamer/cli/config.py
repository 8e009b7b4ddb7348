"""`streamer config`: a sample of our config file, the settings in force, and the lines for a PBX."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streamer.cli import output
from streamer.cli.masking import mask, render_setting
from streamer.config import render_sample
from streamer.config.reading import (
    default_config_path,
    find_origins,
    find_warnings,
    list_variables,
    load_settings,
)
from streamer.core.addresses import show_address
from streamer.core.untrusted import printable
from streamer.errors import ExitCode, UsageError
from streamer.wire.pbx.asterisk import ADDRESSES, CERT, TLS_ADDRESSES, render_asterisk
from streamer.wire.pbx.blocks import Node, Wanted
from streamer.wire.pbx.failover import read_nodes
from streamer.wire.pbx.releases import check_way
from streamer.wire.pbx.values import (
    is_local,
    read_address,
    read_header,
    read_path,
    read_token,
    read_websocket_url,
)
from streamer.wire.pbx.versions import parse_version
from streamer.wire.pbx.yeastar import RATES, complete_url, render_yeastar

_SECRET_BYTES = 24


@dataclass(frozen=True, slots=True)
class AsteriskFlags:
    """The flags as the user gave them, unchecked."""

    version: str
    via: str
    address: str | None = None
    register: str | None = None
    tls: bool = False
    token: str | None = None
    ca: str | None = None
    cert: str | None = None
    nodes: str | None = None


def run_sample() -> int:
    """Print a config file to start from."""
    output.data(render_sample().rstrip("\n"))
    path = default_config_path()
    folder = "" if path.parent.is_dir() else f", in a new folder: mkdir -p {path.parent}"
    output.talk(f"save it as {path}{folder}")
    return ExitCode.DONE


def run_show(config: Path | None, *, as_json: bool) -> int:
    """Print each setting in force as a line of TOML, with where it comes from as a comment.

    Raises:
        UsageError: A setting has a wrong value.
    """
    settings = load_settings(config=config, environment=os.environ, flags={})
    origins = find_origins(config, os.environ)
    for warning in find_warnings(config, os.environ, settings):
        output.talk(f"warning: {warning}")
    for name in settings.__slots__:
        value, origin = getattr(settings, name), origins.get(name, "default")
        if as_json:
            output.json_line({"name": name, "value": mask(name, value), "from": origin})
        else:
            output.data(f"{render_setting(name, value)} # {printable(origin)}")
    return ExitCode.DONE


def run_config_path(config: Path | None, *, as_json: bool) -> int:
    """Print the config file that is read, whether it is there or not, and say what else sets something."""
    path = (config or default_config_path()).absolute()
    variables = list_variables(os.environ)
    if as_json:
        about = {"path": str(path), "exists": path.is_file(), "variables": variables}
        output.json_line(about)
        return ExitCode.DONE
    output.data(printable(str(path)))
    if not path.is_file():
        output.talk("this file does not exist yet; `streamer config` prints one to save there")
    if variables:
        output.talk(f"the environment sets {', '.join(variables)}, which overrides the file")
    return ExitCode.DONE


def run_asterisk(flags: AsteriskFlags) -> int:
    """Print the lines for an Asterisk.

    Raises:
        UsageError: The version is too old for the way or none, or a value cannot stand in a line.
    """
    version = parse_version(flags.version)
    way = check_way(version, flags.via)
    _check(flags)
    register = None if flags.register is None else read_address(flags.register, flag="--register")
    nodes = () if flags.nodes is None else read_nodes(flags.nodes)
    usual = (TLS_ADDRESSES if flags.tls else ADDRESSES)[way.name]
    address = usual if flags.address is None else flags.address
    wanted = Wanted(
        version,
        show_address(*read_address(address, flag="--address", listens=way.name == "ari")),
        flags.tls,
        _choose_token(flags, register, nodes),
        show_address(*register) if register else "",
        read_path(flags.ca, flag="--ca") if flags.ca is not None else "",
        read_path(CERT if flags.cert is None else flags.cert, flag="--cert"),
        nodes,
    )
    output.data(render_asterisk(way, wanted).rstrip("\n"))
    return ExitCode.DONE


def _check(flags: AsteriskFlags) -> None:
    """Refuse flags that the lines of a way have no place for, rather than drop them.

    Raises:
        UsageError: There are such flags.
    """
    via, has_register = flags.via, flags.register is not None
    if flags.nodes is not None and via != "audiosocket":
        raise UsageError("--nodes is for --via audiosocket only")
    if flags.nodes is not None and (has_register or flags.address is not None):
        raise UsageError(
            "--nodes names the machines, and each call is registered with the one that it goes to; leave --address and --register out"
        )
    has_register |= flags.nodes is not None
    if via == "ari" and has_register:
        raise UsageError("--register is for calls that the dialplan sends, and --via ari has none")
    if via == "audiosocket" and flags.tls and not has_register:
        raise UsageError("AudioSocket has no TLS; leave --tls out, or use --via websocket")
    if via == "audiosocket" and flags.token is not None and not has_register:
        raise UsageError(
            "AudioSocket has no password; the token is the key of registrations: add --register HOST:PORT"
        )
    if flags.ca is not None and not (via == "websocket" and flags.tls):
        raise UsageError("--ca is for --via websocket --tls only")
    if flags.cert is not None and not (via == "ari" and flags.tls):
        raise UsageError("--cert is for --via ari --tls only")


def _choose_token(
    flags: AsteriskFlags, register: tuple[str, int] | None, nodes: Sequence[Node]
) -> str:
    """Return the secret of the lines: the user's, or a new one where there has to be one.

    Raises:
        UsageError: The user's cannot stand in a line.
    """
    if flags.token is not None:
        return read_token(flags.token)
    hosts = [*(node.host for node in nodes), *([register[0]] if register else [])]
    is_needed = flags.via == "ari" or not all(map(is_local, hosts))
    return _make_secret() if is_needed else ""


def run_yeastar(url: str | None, *, header: str, token: str | None, rate: int) -> int:
    """Print what to enter in a Yeastar P-Series, and our table for it.

    Raises:
        UsageError: A value cannot be entered there.
    """
    if rate not in RATES:
        raise UsageError(f"--rate must be one of {', '.join(map(str, RATES))}, not {rate}")
    usual = f"ws://{socket.gethostname()}:9094"
    text = render_yeastar(
        complete_url(read_websocket_url(usual if url is None else url)),
        header=read_header(header),
        token=_make_secret() if token is None else read_token(token),
        rate=rate,
    )
    output.data(text.rstrip("\n"))
    if url is None:
        output.talk(
            "name the address that the PBX reaches this machine at with --url, if it is another"
        )
    return ExitCode.DONE


def _make_secret() -> str:
    return secrets.token_urlsafe(_SECRET_BYTES)
