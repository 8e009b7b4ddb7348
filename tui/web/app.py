"""The application as a tab shows it: it opens at an address, and says where it is."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.events import Mount
from textual.screen import Screen

from streamer.calls.catalog import CallState
from streamer.cli.frontend import ScreenRequest
from streamer.core.events import SPEECH_RATE
from tui.app import FIRST, ScreenApp
from tui.layout.formatting import show_beginning, show_count, show_name
from tui.screens.call import CallScreen
from tui.screens.calls import CallsScreen
from tui.state.messages import BackendOpened
from tui.web.address import Address
from tui.web.driver import TabDriver

_LOOK_S = 0.4
"""Seconds between two looks where the user is; browsers take no more than about 3 new addresses a second."""

_LONGEST_NAME = 30


class TabApp(ScreenApp):
    """Goes where the browser's address says, and tells the page address, title and icon of what it shows."""

    def __init__(self, request: ScreenRequest, address: Address) -> None:
        super().__init__(request, driver_class=TabDriver)
        self._wanted: Address | None = address
        self._answers = 0
        """Addresses that were asked for, the first one included, and are shown now."""
        self._told: dict[str, Any] = {}

    @on(Mount)
    def begin_to_tell(self) -> None:
        """Say where the user is from now on; the base opens the first screen."""
        self.set_interval(_LOOK_S, self._tell_place)
        if isinstance(self._driver, TabDriver):
            self.call_after_refresh(self._driver.say_size)

    @on(BackendOpened)
    async def open_wanted(self) -> None:
        """Open what is wanted, which can be found now."""
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            await self._show(wanted)

    async def go_to(self, address: Address) -> None:
        """Show what an address names."""
        if self._wanted is not None:
            self._answers += 1
            self._wanted = address  # instead of what was asked for before it could be found
        else:
            await self._show(address)

    async def _show(self, address: Address) -> None:
        try:
            if not address.call_id:
                await self._go_to_list()
            elif self._shown_id() != address.call_id:
                await self.open_call(address.call_id)
            if isinstance(self.screen, CallScreen) and address.position_s is not None:
                self.screen.go_to_time(address.position_s, grain_s=address.grain_s)
        finally:
            self._answers += 1
            self._tell_place()

    async def _go_to_list(self) -> None:
        while len(self.screen_stack) > FIRST and not isinstance(self.screen, CallsScreen):
            await self.pop_screen()
        if isinstance(self.screen, CallScreen):
            await self.go_back(self.screen)

    def _shown_id(self) -> str:
        return self._call_id(self.screen) if isinstance(self.screen, CallScreen) else ""

    def _call_id(self, screen: CallScreen) -> str:
        folder = self.open_calls.request.outcome.folder
        is_awaited = screen.shown is self.open_calls.shown_calls.awaited
        return screen.shown.call_id or (folder.name if is_awaited and folder else "")

    def listen_in(self, call_id: str, position_s: float | None) -> bool:
        """Have the page play a call, from a line on or from now."""
        if isinstance(self._driver, TabDriver):
            self._driver.write_meta({"type": "listen", "call": call_id, "position": position_s})
        return True

    def _tell_place(self) -> None:
        if not self._answers:
            return
        for screen in reversed(self.screen_stack):
            if (place := self._describe(screen)) is not None:
                place["answers"] = self._answers
                if place != self._told and isinstance(self._driver, TabDriver):
                    self._told = place
                    self._driver.write_meta({"type": "place", **place})
                return

    def _describe(self, screen: Screen[Any]) -> dict[str, Any] | None:
        if isinstance(screen, CallsScreen):
            live = sum(entry.state is CallState.LIVE for entry in screen.entries)
            title = f"{live} live, {show_count(len(screen.entries), 'call')}"
            return _place(Address(), title, is_live=live > 0)
        if isinstance(screen, CallScreen) and (call_id := self._call_id(screen)):
            return _place(
                _find_line(call_id, screen),
                self._name_call(screen),
                is_live=not screen.shown.is_over,
                legs=[[leg.label, screen.shown.name(leg.label)] for leg in screen.shown.legs],
            )
        return None

    def _name_call(self, screen: CallScreen) -> str:
        shown = screen.shown
        names = " and ".join(show_name(shown.name(leg.label), _LONGEST_NAME) for leg in shown.legs)
        began = f", {show_beginning(shown.call.started_at, self.clock())}" if shown.call else ""
        return f"{names or 'call'}{began}"


def _find_line(call_id: str, screen: CallScreen) -> Address:
    """Return the address of the line under the cursor, or of the call while its newest line is followed."""
    transcript = screen.transcript
    index = None if transcript.follows else transcript.cursor_index
    if index is None:
        return Address(call_id)
    starts = [transcript.blocks[n].order[0] / SPEECH_RATE for n in (max(0, index - 1), index)]
    is_alone = index == 0 or int(starts[0]) != int(
        starts[1]
    )  # else the second names the line before
    return Address(call_id, starts[1], 1.0 if is_alone else 0.1)


def _place(
    address: Address, title: str, *, is_live: bool, legs: list[list[str]] | None = None
) -> dict[str, Any]:
    return {
        "address": str(address),
        "call": address.call_id,
        "position": address.position_s,
        "title": f"{'● ' if is_live else ''}{title} · streamer",
        "is_live": is_live,
        "legs": legs or [],
    }
