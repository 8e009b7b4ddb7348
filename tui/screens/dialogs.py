"""Small screens in front of another: a question, a choice, a field to fill in."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui.layout.hint import draw_hint

QUIT = Binding("q", "app.quit", "Quit", id="quit", show=False, tooltip="Quit (recordings continue)")
"""A dialog hides the keys of the application, so it binds this one itself."""

FIRST_KEYS = (
    Binding("q", "app.quit", "Quit", id="quit"),
    Binding("question_mark", "app.help", "Help", id="help", key_display="?"),
)
"""Keys of the application that stand first in every footer."""

MESSAGE_KEYS = (
    Binding("M", "pull", "Model", id="pull", show=False, tooltip="Download the speech model"),
    Binding("x", "read", "Dismiss", id="read", show=False, tooltip="Dismiss the message"),
)
"""Keys of a screen with a line of messages."""


class Confirm(ModalScreen[bool]):
    """Asks for a yes; every other answer is a no."""

    BINDINGS = [
        Binding("y,enter", "answer(True)", "Yes", id="yes", tooltip="Yes"),
        Binding("n,escape", "answer(False)", "No", id="no", tooltip="No"),
        QUIT,
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(self._question))
            yield Static(draw_hint("y Yes   n No"), classes="hint")

    def action_answer(self, is_yes: bool) -> None:
        self.dismiss(is_yes)


class Choose(ModalScreen[str | None]):
    """Asks for one of several names; returns None after Esc."""

    BINDINGS = [
        Binding("escape", "leave", "Close", id="leave", tooltip="Cancel"),
        QUIT,
        Binding("j", "move('cursor_down')", show=False, id="choice-down", tooltip="Next choice"),
        Binding("k", "move('cursor_up')", show=False, id="choice-up", tooltip="Previous choice"),
    ]

    def __init__(self, title: str, choices: Mapping[str, str]) -> None:
        super().__init__()
        self._title = title
        self._choices = choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(self._title))
            yield OptionList(
                *(
                    Option(Text.assemble(f"{name:<6}", (about, "dim")), id=name)
                    for name, about in self._choices.items()
                ),
                markup=False,
            )
            yield Static(draw_hint("Enter Choose   Esc Cancel"), classes="hint")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def action_move(self, action: str) -> None:
        getattr(self.query_one(OptionList), f"action_{action}")()

    def action_leave(self) -> None:
        self.dismiss(None)


class Enter(ModalScreen[str | None]):
    """Asks for a text; returns None after Esc."""

    BINDINGS = [Binding("escape", "leave", "Close", id="leave", tooltip="Cancel")]

    def __init__(self, title: str, value: str) -> None:
        super().__init__()
        self._title = title
        self._value = value

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(self._title))
            yield Input(self._value, select_on_focus=True)
            yield Static(draw_hint("Enter Save   Esc Cancel"), classes="hint")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)

    def action_leave(self) -> None:
        self.dismiss(None)
