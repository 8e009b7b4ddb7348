"""Textual's driver for a browser, made to end with its server, and to exchange messages with it."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, runtime_checkable

from textual.drivers.web_driver import WebDriver
from textual.events import Resize
from textual.geometry import Size
from textual.messages import ExitApp

from streamer.core.events import Trouble
from tui.app import ScreenApp
from tui.web.address import Address, parse_address

_STDOUT = 1
_META, _LENGTH_BYTES = b"M", 4


@runtime_checkable
class Goes(Protocol):
    """An application that can be told where to go."""

    async def go_to(self, address: Address) -> None:
        """Show what an address names."""


def tell_opened(call_id: str) -> None:
    """Tell the server that its user has opened a call; see `service.py`. From the event loop, which writes all else too."""
    packet = json.dumps({"type": "opened", "call": call_id}).encode()
    write_all(_META + len(packet).to_bytes(_LENGTH_BYTES, "big") + packet)


def write_all(packet: bytes) -> int:
    """Write a packet to stdout; what cannot be written is lost, since there is no one to see it."""
    rest = memoryview(packet)
    with suppress(OSError):
        while rest:
            rest = rest[os.write(_STDOUT, rest) :]
    return len(packet)


class TabDriver(WebDriver):
    """Draws into a pipe that may break, and leaves when its stdin ends, since then the server is gone."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._write = partial(write_all)

    def run_input_thread(self) -> None:
        """Read until the server is gone, and end with it."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            with suppress(RuntimeError):  # it has ended meanwhile
                asyncio.run_coroutine_threadsafe(self._app._post_message(ExitApp()), self._loop)

    def say_size(self) -> None:
        """Tell the application its size again: what the browser says at the start is overtaken by the guess that the tab was opened with."""
        if self._size is not None:
            size = Size(*self._size)
            self._app.post_message(Resize(size, size))

    def on_meta(self, packet_type: str, payload: dict[str, object]) -> None:
        """Take what the server says; see `service.py`."""
        if packet_type == "trouble":
            call_id = payload["call"]
            self._loop.call_soon_threadsafe(
                self._hear,
                Trouble(None if call_id is None else str(call_id), str(payload["message"])),
            )
        elif packet_type == "go":
            assert isinstance(self._app, Goes)
            address = parse_address(str(payload["address"]))
            self._loop.call_soon_threadsafe(self._app.call_later, self._app.go_to, address)
        else:
            super().on_meta(packet_type, payload)

    def _hear(self, trouble: Trouble) -> None:
        assert isinstance(self._app, ScreenApp)
        self._app.open_calls.hear(trouble)
