"""The shapes in which audio comes over a WebSocket, as messages in and out; pure."""

from __future__ import annotations

from streamer.wire.websocket.choice import SHAPES, Refusal, choose, choose_subprotocol

__all__ = ["SHAPES", "Refusal", "choose", "choose_subprotocol"]
