"""Commands that print configuration: ours, and what a PBX needs."""

from __future__ import annotations

from typing import Annotated

import typer

from streamer.cli.commands.grouping import Group
from streamer.cli.options import AsJson, ConfigFile
from streamer.errors import ExitCode

config_app = typer.Typer(
    cls=Group,
    help="Print a sample config file, the settings in force, or the lines that a PBX needs.",
    rich_markup_mode=None,
    invoke_without_command=True,
)

_Token = Annotated[
    str | None,
    typer.Option(metavar="SECRET", help="Secret the PBX must send (default: a new one)."),
]


@config_app.callback()
def _config(context: typer.Context) -> int:
    """Print a sample config file, the settings in force, or the lines that a PBX needs."""
    from streamer.cli.config import run_sample

    return ExitCode.DONE if context.invoked_subcommand else run_sample()


@config_app.command("sample")
def config_sample() -> int:
    """Print a config file with every setting explained, as `streamer config` does."""
    from streamer.cli.config import run_sample

    return run_sample()


@config_app.command("show")
def config_show(config: ConfigFile = None, as_json: AsJson = False) -> int:
    """Print the settings in force and where each comes from, without secrets."""
    from streamer.cli.config import run_show

    return run_show(config, as_json=as_json)


@config_app.command("check")
def config_check(config: ConfigFile = None, as_json: AsJson = False) -> int:
    """Read every setting, and name each wrong one with its line."""
    from streamer.cli.config_check import run_config_check

    return run_config_check(config, as_json=as_json)


@config_app.command("path")
def config_path(config: ConfigFile = None, as_json: AsJson = False) -> int:
    """Print which config file is read, and which environment variables are set."""
    from streamer.cli.config import run_config_path

    return run_config_path(config, as_json=as_json)


@config_app.command("asterisk")
def config_asterisk(
    version: Annotated[
        str, typer.Option(metavar="VERSION", help="Version of Asterisk, such as 22.5.")
    ],
    via: Annotated[
        str, typer.Option(metavar="audiosocket|websocket|ari", help="How calls reach streamer.")
    ],
    address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Address of streamer; with ari, of Asterisk's HTTP server."
        ),
    ] = None,
    register: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Register each call first, at this address of streamer."
        ),
    ] = None,
    nodes: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Two machines with streamer, each HOST[:PORT][/REGISTER_PORT]; if one is down, calls go to the other.",
        ),
    ] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Use TLS.")] = False,
    token: _Token = None,
    ca: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="On the PBX: CA certificate of streamer."),
    ] = None,
    cert: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="On the PBX: certificate of its HTTP server."),
    ] = None,
) -> int:
    """Print the lines that Asterisk's config files need, and how to load them."""
    from streamer.cli.config import AsteriskFlags, run_asterisk

    flags = AsteriskFlags(version, via, address, register, tls, token, ca, cert, nodes)
    return run_asterisk(flags)


@config_app.command("yeastar")
def config_yeastar(
    url: Annotated[
        str | None,
        typer.Option(metavar="ws://|wss://...", help="URL of streamer for the PBX."),
    ] = None,
    header: Annotated[
        str, typer.Option(metavar="NAME", help="Request header with the secret.")
    ] = "Secret",
    token: _Token = None,
    rate: Annotated[int, typer.Option(metavar="8000|16000", help="Sample rate.")] = 16000,
) -> int:
    """Print what to enter in the web page of a Yeastar P-Series, and in the config file."""
    from streamer.cli.config import run_yeastar

    return run_yeastar(url, header=header, token=token, rate=rate)
