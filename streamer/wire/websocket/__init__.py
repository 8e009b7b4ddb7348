"""The shapes in which audio comes over a WebSocket, as messages in and out; pure."""

from __future__ import annotations

from collections.abc import Mapping

from streamer.wire.websocket.base import Maker
from streamer.wire.websocket.chan_websocket import ChanWebSocket

SHAPES: Mapping[str, Maker] = {
    "chan-websocket": ChanWebSocket,
}
"""What makes the decoder of a connection, by the name of its protocol."""
