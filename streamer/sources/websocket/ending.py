"""How a WebSocket ended that its peer has closed, as the end of a call."""

from __future__ import annotations

from streamer.core.events import Cause, EndReason
from streamer.core.reasons import find_cause
from streamer.errors import SourceError, StreamerError
from streamer.sources.websocket.conversation import Conversation


def judge_end(
    conversation: Conversation, peer: str, exc: Exception | None = None
) -> tuple[EndReason, StreamerError | None, str, Cause | None]:
    """Return why the call is over, what went wrong, and a note; `exc` is what its socket died of."""
    if exc is not None and not isinstance(exc, ConnectionError):
        lost = f"the connection to {peer} is lost: {find_cause(exc)}; check the network"
        return EndReason.LOST, SourceError(lost), "", None
    if failure := conversation.failure:
        return EndReason.HANG_UP, None, f"{peer} broke the protocol: {failure}", None
    note = "" if conversation.is_closed_by_peer else "the connection ended without a close"
    return EndReason.HANG_UP, None, note, None
