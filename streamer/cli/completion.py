"""Completion of values in a shell: calls, models, channels, and the words of a flag that takes one of some.

What a value may be is told by how it is written in the help: `CALL`, `NAME|DIR`, `[LABEL=]CHANNEL...`, `txt|srt|vtt`. Whoever presses Tab
waits and sees stderr, so nothing is said, nothing fails, and a PBX is waited for a second.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamer.cli import output
from streamer.errors import ExitCode, StreamerError, UsageError

if TYPE_CHECKING:
    from streamer.config import Settings

VARIABLE = "_STREAMER_COMPLETE"
"""Set by a shell that asks for completions."""

SHELLS = ("bash", "zsh", "fish")

PBX_PATIENCE_S = 1.0
_MOST_CALLS = 50
_WORDS = re.compile(r"\[?[a-z0-9][a-z0-9-]*(\|[a-z0-9][a-z0-9-]*)+\]?")


def run_completion(shell: str) -> int:
    """Print what a shell reads to complete the command line of streamer.

    Raises:
        UsageError: There is no such shell.
    """
    from typer._completion_shared import get_completion_script

    if shell not in SHELLS:
        raise UsageError(f"the shell must be one of {', '.join(SHELLS)}, not {shell}")
    output.data(get_completion_script(prog_name="streamer", complete_var=VARIABLE, shell=shell))
    return ExitCode.DONE


def offer_values(command: Any) -> None:
    """Let every argument and flag below a command complete its values."""
    for below in getattr(command, "commands", {}).values():
        offer_values(below)
    for parameter in command.params:
        if find := _choose(parameter.metavar or "", parameter.name):
            parameter._custom_shell_complete = _to_items(find)


def _choose(metavar: str, name: str) -> Callable[[Mapping[str, Any]], Iterable[str]] | None:
    if _WORDS.fullmatch(metavar):
        words = metavar.strip("[]").split("|")
        return lambda _: words
    if name == "name" and metavar == "[NAME]":
        return _find_names
    return _BY_METAVAR.get(metavar)


def _to_items(find: Callable[[Mapping[str, Any]], Iterable[str]]) -> Callable[..., list[Any]]:
    from typer._click.shell_completion import CompletionItem

    def complete(context: Any, _: object, incomplete: str) -> list[CompletionItem]:
        before, equals, begun = incomplete.rpartition("=")  # a label stands before a channel
        values: list[str] = []
        with suppress(StreamerError, OSError):
            values = [value for value in find(context.params) if value.startswith(begun)]
        return [CompletionItem(f"{before}{equals}{value}") for value in values]

    return complete


def _read_settings(given: Mapping[str, Any]) -> Settings:
    from streamer.config.reading import load_settings

    named = {name: given.get(name) for name in ("recordings", "db", "models_dir")}
    config = given.get("config")
    return load_settings(
        config=Path(config) if config else None, environment=os.environ, flags=named
    )


def _find_calls(given: Mapping[str, Any]) -> Iterator[str]:
    from streamer.recording.index import Recordings

    yield "last"
    yield from Recordings(Path(_read_settings(given).recordings)).call_ids()[:_MOST_CALLS]


def _find_models(given: Mapping[str, Any]) -> list[str]:
    from streamer.speech.engine.models import list_models

    return [model.name for model in list_models(_read_settings(given).models_dir)]


def _find_names(_: Mapping[str, Any]) -> Iterable[str]:
    from streamer.speech.engine.models import NAMES

    return NAMES


def _find_channels(given: Mapping[str, Any]) -> list[str]:
    from streamer.ari.access import Access, read_access
    from streamer.ari.client import open_ari
    from streamer.ari.listing import list_lines

    async def ask(access: Access) -> list[str]:
        async with asyncio.timeout(PBX_PATIENCE_S), open_ari(access) as ari:
            return [line.channel.name for line in await list_lines(ari, dict)]

    access = read_access(_read_settings(given))
    return asyncio.run(ask(replace(access, open_timeout_s=PBX_PATIENCE_S)))


_BY_METAVAR: Mapping[str, Callable[[Mapping[str, Any]], Iterable[str]]] = {
    "CALL": _find_calls,
    "[CALL]": _find_calls,
    "NAME|DIR": _find_models,
    "[NAME|DIR]": _find_models,
    "[LABEL=]CHANNEL...": _find_channels,
    "[[LABEL=]CHANNEL...]": _find_channels,
    "[CHANNEL]": _find_channels,
}
