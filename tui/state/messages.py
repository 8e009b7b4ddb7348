"""What the feed and the open calls tell the screens; bursts collapse, since a `ShownCall` holds what happened."""

from __future__ import annotations

from textual.message import Message

from tui.state.call import ShownCall


class CallChanged(Message):
    """A `ShownCall` has taken events."""

    def __init__(self, shown: ShownCall) -> None:
        self.shown = shown
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        """Say that a newer one of the same call tells as much."""
        return isinstance(message, CallChanged) and message.shown is self.shown


class TroubleSaid(Message):
    """There is something to read that concerns no single call."""

    def can_replace(self, message: Message) -> bool:
        """Say that a newer one tells as much."""
        return isinstance(message, TroubleSaid)


class BackendOpened(Message):
    """Calls can be listed, opened and searched."""
