"""What the feed and the workroom tell the screens; bursts collapse, since the boards hold what happened."""

from __future__ import annotations

from textual.message import Message

from tui.state.call import CallBoard


class CallChanged(Message):
    """A call's board has taken events."""

    def __init__(self, board: CallBoard) -> None:
        self.board = board
        super().__init__()

    def can_replace(self, message: Message) -> bool:
        """Say that a newer one of the same call tells as much."""
        return isinstance(message, CallChanged) and message.board is self.board


class TroubleSaid(Message):
    """There is something to read that concerns no single call."""

    def can_replace(self, message: Message) -> bool:
        """Say that a newer one tells as much."""
        return isinstance(message, TroubleSaid)


class DeskOpened(Message):
    """Calls can be listed, opened and searched."""
