"""What screens may ask of the application that composes them; the screens know this module, the application knows the screens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from textual.app import App
from textual.screen import Screen

from tui.state.call import Key
from tui.state.open_calls import OpenCalls

CHANGES = frozenset({"stop", "rename", "export", "delete", "pull", "mark", "channels"})
"""Actions that change, write or record something; a screen that only shows has none of them."""


class Navigator(App[None]):
    """An application that opens calls, goes back, and says a line."""

    clock: Callable[[], datetime]
    keymap: Mapping[str, str]
    """Keys that the user has chosen, by action."""
    open_calls: OpenCalls

    def offers(self, action: str) -> bool:
        """Say whether an action is to be had at all."""
        return not (self.open_calls.request.is_read_only and action in CHANGES)

    async def open_call(self, call_id: str, *, at: Key | None = None) -> None:
        """Open a call, live or past, perhaps at an utterance."""
        raise NotImplementedError

    async def go_back(self, screen: Screen[None]) -> None:
        """Leave a screen for the one before it; the list of all calls lies below the first one."""
        raise NotImplementedError

    async def ask_to_stop(self, folder: Path | None) -> None:
        """Ask whether to end the recording of a call, and end it after a yes."""
        raise NotImplementedError

    def listen_in(self, call_id: str, position_s: float | None) -> bool:
        """Have the browser play a call, from a line on or from now; False if there is none."""
        return False

    def say(self, text: str, *, is_bad: bool = False, is_advice: bool = False) -> None:
        """Show a line that goes away by itself; an error or advice that does not fit stays until it is dismissed."""
        raise NotImplementedError
