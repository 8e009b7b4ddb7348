"""The application: its screens, the keys that work everywhere, and its end."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from rich.cells import cell_len
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver as TextualDriver
from textual.events import Click
from textual.filter import LineFilter
from textual.notifications import Notify
from textual.screen import Screen

from streamer.cli.frontend import ScreenRequest
from streamer.core.keys import read_keys
from streamer.recording.folder import CallFolder
from streamer.recording.reader import say_what_goes_on
from tui.driver import Driver
from tui.layout.formatting import shorten, show_name
from tui.layout.glyphs import PlainCharacters, speaks_utf8
from tui.layout.hint import KEY
from tui.layout.monochrome import lacks_colours, replace_colours
from tui.layout.palette import choose_filter
from tui.navigation import Navigator
from tui.screens.call import CallScreen
from tui.screens.dialogs import Confirm
from tui.screens.help import HelpScreen
from tui.screens.keymap import read_keymap
from tui.state.call import Key, ShownCall
from tui.state.looks import choose_looks, keep_looks, read_looks
from tui.state.messages import BackendOpened, CallChanged, TroubleSaid
from tui.state.open_calls import OpenCalls
from tui.state.preferences import default_path
from tui.themes import EMPTY_GROUNDS, THEMES
from tui.widgets.keys import NOT_IN_BROWSERS

if TYPE_CHECKING:
    from streamer.ari.roster import Line

_LONGEST_SAID = 500
_TOAST_EDGES = 3
"""Cells of a toast's edge and blanks."""

FIRST = 2
"""Screens there are when one has been opened: Textual's own empty one is below it."""

_log = logging.getLogger(__name__)


@runtime_checkable
class ShowsTroubles(Protocol):
    """A screen with a line for troubles."""

    def show_troubles(self) -> None:
        """Show what has not been read."""


@runtime_checkable
class ListsCalls(Protocol):
    """A screen that lists calls, so it looks again when the backend has opened."""

    def refresh_soon(self) -> None:
        """Look for calls."""


def name_command(binding: Binding) -> str:
    """Return what the palette calls a key: what it does, with a verb first."""
    if binding.action == "export":
        return "Export transcript or audio"
    if binding.tooltip.startswith(("Next ", "Previous ", "Where ")):
        place = binding.tooltip[0].lower() + binding.tooltip[1:]
        return f"Go to {place}" if place.startswith("where") else f"Go to the {place}"
    return binding.tooltip


class ScreenApp(Navigator):
    """Shows calls until its user leaves."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "streamer"
    ENABLE_COMMAND_PALETTE = True
    VERTICAL_BREAKPOINTS = [(0, "-low"), (10, "-middle"), (16, "-high")]

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit", id="quit", show=False, tooltip="Quit (recordings continue)"),
        Binding(
            "ctrl+c,ctrl+q",
            "quit",
            "Quit",
            id="interrupt",
            show=False,
            priority=True,
            tooltip="Quit (recordings continue)",
        ),
        Binding(
            "question_mark,f1",
            "help",
            "Help",
            show=False,
            id="help",
            key_display="?",
            tooltip="Show all keys",
        ),
        Binding("d", "theme", "Theme", id="theme", tooltip="Switch to dark or light colours"),
        Binding(
            "ctrl+f",
            "search",
            "Search all",
            id="search",
            show=False,
            priority=True,
            tooltip="Search all calls",
        ),
        Binding(
            "colon,ctrl+p",
            "command_palette",
            "Palette",
            id="palette",
            show=False,
            key_display=":",
            tooltip="Run a command by name (also Ctrl-P)",
        ),
        Binding(
            "ctrl+z",
            "suspend_process",
            "Suspend",
            id="suspend",
            show=False,
            priority=True,
            tooltip="Suspend the screen until `fg` (recordings continue)",
        ),
    ]

    def __init__(
        self,
        request: ScreenRequest,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        driver_class: type[TextualDriver] = Driver,
    ) -> None:
        super().__init__(driver_class=driver_class)
        self.clock = clock
        self.open_calls = OpenCalls(request, self.post_message)
        self.has_crashed = False
        for theme in THEMES.values():
            self.register_theme(theme)
        self.keymap = read_keymap(read_keys(request.settings.keys, where="keys"))
        self.set_keymap(self.keymap)
        self._looks = choose_looks(request.settings, read_looks(default_path()))
        self.theme = THEMES[self._looks.theme or "dark"].name
        self._is_own_terminal = driver_class is Driver
        if self._is_own_terminal:  # a browser has all characters
            self._filters += self._choose_filters()

    def keep_to_colours_of_terminal(self) -> None:
        """Use no other colours than this process's terminal has."""
        if lacks_colours(self.console, no_color=self.no_color):
            self._filters = replace_colours(self._filters)
        elif colours := choose_filter(self.console, EMPTY_GROUNDS):
            self._filters.append(colours)

    def _choose_filters(self) -> Iterable[LineFilter]:
        """Yield what replaces characters that the terminal has not, or that its user does not want."""
        if not speaks_utf8():
            yield PlainCharacters()
        elif self._looks.glyphs == "ascii":
            yield PlainCharacters(keeps_letters=True)

    def keep_looks(self) -> None:
        """Let the next screen look like this one; whoever looks on in a browser has no say in it."""
        if self._is_own_terminal:
            with suppress(OSError):  # it is only looks
                keep_looks(default_path(), self._looks)

    async def on_mount(self) -> None:
        """Show the first screen; everything slow begins once it is painted."""
        if self.open_calls.request.watch is None:
            await self.push_screen(self._list_calls())
        else:
            awaited = self.open_calls.shown_calls.awaited = ShownCall(self.open_calls.request.legs)
            await self.push_screen(CallScreen(awaited))
        if about := self.open_calls.request.about:
            self.say(about)
        self.call_after_refresh(self.open_calls.start)

    # What the open calls tell

    def on_call_changed(self, message: CallChanged) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, CallScreen) and screen.shown is message.shown:
                screen.show_changes()

    def on_trouble_said(self, _: TroubleSaid) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, ShowsTroubles):
                screen.show_troubles()

    def on_backend_opened(self, _: BackendOpened) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, ListsCalls):
                screen.refresh_soon()

    # Where to go

    async def open_call(self, call_id: str, *, at: Key | None = None) -> None:
        entry = await self.open_calls.find(call_id)
        if entry is None:
            self.say(f"The call {show_name(call_id)} no longer exists", is_bad=True)
            return
        shown = await self.open_calls.open(entry)
        for screen in self.screen_stack:
            if isinstance(screen, CallScreen) and screen.shown is shown:
                found = screen
                while self.screen is not found:
                    await self.pop_screen()
                if at is not None:
                    found.transcript.go_to_key(at)
                return
        await self.push_screen(CallScreen(shown, at=at))

    async def go_back(self, screen: Screen[None]) -> None:
        if self.screen is not screen:
            return
        if len(self.screen_stack) > FIRST:
            await self.pop_screen()
        else:
            await self.switch_screen(self._list_calls())

    def _list_calls(self) -> Screen[None]:
        from tui.screens.calls import CallsScreen

        return CallsScreen()

    async def action_search(self) -> None:
        from tui.screens.search import SearchScreen

        if not any(isinstance(screen, SearchScreen) for screen in self.screen_stack):
            await self.push_screen(SearchScreen())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether an action may run: a screen that only shows has none that changes something."""
        return self.offers(action)

    async def action_channels(self) -> None:
        """Ask for a channel, tap it if it is not tapped, and open its call."""
        from tui.screens.channels import ChannelPicker

        async def pick(line: Line | None) -> None:
            if line is not None and line.tapped:
                await self.open_call(line.tapped)
            elif line is not None:
                self.say(f"Tapping {line.channel.name}")
                self.open_calls.tap(line.channel.id, self.open_call)

        await self.push_screen(ChannelPicker(), pick)

    async def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen):
            await self.push_screen(HelpScreen())

    def action_theme(self) -> None:
        names = [*THEMES]
        shown = names.index(next(name for name in names if THEMES[name].name == self.theme))
        self._looks = replace(self._looks, theme=names[(shown + 1) % len(names)])
        self.theme = THEMES[self._looks.theme].name
        self.keep_looks()

    async def ask_to_stop(self, folder: Path | None) -> None:
        if folder is None or not CallFolder(folder).is_live():
            self.say("This call is not being recorded")
            return

        def stop(is_yes: bool | None) -> None:
            if is_yes:
                CallFolder(folder).request_stop()
                self.say(f"Stopping the recording of {folder.name}; {goes_on}")

        goes_on = say_what_goes_on(folder)
        question = f"Stop recording {folder.name}?\n{goes_on[0].upper()}{goes_on[1:]}."
        await self.push_screen(Confirm(question), stop)

    def say(self, text: str, *, is_bad: bool = False, is_advice: bool = False) -> None:
        """Show a line at the top right, in the place of the last one; an error or advice that does not fit stays below until dismissed."""
        shown = show_name(text, _LONGEST_SAID)
        room = self.size.width - _TOAST_EDGES
        is_needed = is_bad or is_advice
        if is_needed and cell_len(shown) > room and isinstance(self.screen, ShowsTroubles):
            if shown not in self.open_calls.shown_calls.troubles:
                self.open_calls.shown_calls.troubles.append(shown)
            self.screen.show_troubles()
            return
        self.notify(
            shorten(shown, room),
            severity="error" if is_bad else "information",
            timeout=4,
            markup=False,
        )

    def on_click(self, event: Click) -> None:
        """Press the key that is named where the click was; a telephone has not all of them."""
        if isinstance(key := event.style.meta.get(KEY), str):
            self.simulate_key(key)

    def on_notify(self, _: Notify) -> None:
        """Take the last toast away before the next, and its place, which Textual leaves."""
        self.clear_notifications()
        for place in self.screen.query("ToastHolder"):
            place.display = False
            place.remove()

    def get_key_display(self, binding: Binding) -> str:
        """Name a key in the foot as the dialogs and the help do."""
        return "Esc" if binding.key == "escape" else super().get_key_display(binding)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield what the palette offers: every key that works here, by what it does."""
        offered = {"command_palette", *(NOT_IN_BROWSERS if self.is_web else ())}
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.tooltip and active.enabled and binding.action not in offered:
                offered.add(binding.action)

                async def act(action: str = binding.action, node: object = active.node) -> None:
                    await self.run_action(action, default_namespace=node)  # type: ignore[arg-type]

                yield SystemCommand(
                    name_command(binding), f"key {self.get_key_display(binding)}", act
                )

    # The end

    def leave_by_signal(self, number: signal.Signals) -> None:
        """Leave with the exit code that belongs to a signal."""
        self.exit(return_code=128 + number)

    def _fatal_error(self) -> None:
        # Textual would print the traceback with all local variables; it belongs into the log.
        self.has_crashed = True
        _log.exception("the screen has failed")
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        self._exit_renderables.clear()
