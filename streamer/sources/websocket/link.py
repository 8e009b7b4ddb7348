"""A connection's socket, as its protocol uses it: what is sent, for how long nothing is read, and what is due later.

What a peer does not read is never piled up: audio waits, and answers to its pings are dropped.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from streamer.sources.websocket.conversation import Conversation

MOST_UNSENT = 1 << 16
"""Bytes that wait for a peer that does not read; what would be more is not sent."""


class Link:
    """One socket, with at most one thing that is due."""

    def __init__(self, transport: asyncio.Transport, conversation: Conversation) -> None:
        self.transport = transport
        self._conversation = conversation
        self._timer: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    @property
    def local_host(self) -> str:
        """The address that it came to."""
        return str((self.transport.get_extra_info("sockname") or ("",))[0])

    @property
    def unsent(self) -> int:
        """Bytes that the peer has not read."""
        return self.transport.get_write_buffer_size()

    def send(self, message: str | bytes) -> None:
        """Send a message, unless the connection is being closed."""
        self._conversation.send(message)
        self.flush()

    def flush(self) -> None:
        """Send what is due, unless the peer leaves too much unread; frames are whole, so any may be left out."""
        output, is_over = self._conversation.take_output()
        if output and (is_over or self.unsent < MOST_UNSENT):
            self.transport.write(output)
        if is_over:
            self.transport.close()

    def rest(self, seconds: float) -> bool:
        """Read nothing for so long; say whether that begins now."""
        if not seconds or self.transport.is_closing() or self._resting is not None:
            return False
        self.transport.pause_reading()
        self._resting = asyncio.get_running_loop().call_later(seconds, self._read_on)
        return True

    def schedule(self, seconds: float, act: Callable[[], Any]) -> None:
        """Call `act` after so many seconds, instead of what was due before."""
        self.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, act)

    def cancel(self) -> None:
        """Call nothing of what was due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        """Take note that the socket is closed."""
        self.cancel()
        if self._resting is not None:
            self._resting.cancel()

    def _read_on(self) -> None:
        self._resting = None
        if not self.transport.is_closing():
            self.transport.resume_reading()
