"""Taking connections from a listening socket, also where this process may open no more files.

asyncio would stop listening for a second then, while every call that comes waits. A few descriptors are kept as *spares* instead: one that is
given up lets a connection in, so that it can be told to go on elsewhere, and is had again when that connection is closed.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable

SPARES = 8
ACCEPTS_A_TURN = 50
"""Connections that are taken in a turn of the loop, which live calls wait for."""

MOST_OPENING = 250
HANDSHAKE_S = 5.0
"""Connections that shake hands for TLS at a time, of which the oldest goes for another, and seconds that each has."""

RETRY_S = 0.05
"""Seconds without a look at the socket while even the spares are in use."""

_PLAIN = ("HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER")
"""OpenSSL's reasons for bytes that are no TLS."""

_TRUST = "check that it trusts the certificate of --cert, and its name"
LEFT_AT_ONCE = f"it ended the connection as soon as that was encrypted, without a request; {_TRUST}"

_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Acceptor:
    """Accepts on one socket until it is closed.

    `make_protocol` returns what serves a connection, and is told whether the connection has only a spare descriptor. `make_room` closes
    what may be closed, and returns whether anything was. `on_settled` is called when a connection is its protocol's, `on_failed` with a
    host and a line when `tls` cannot be agreed on with it.
    """

    def __init__(
        self,
        sock: socket.socket,
        make_protocol: Callable[[bool], asyncio.BaseProtocol],
        *,
        make_room: Callable[[], bool],
        on_settled: Callable[[], None],
        tls: ssl.SSLContext | None = None,
        on_failed: Callable[[str, str], None] = lambda host, why: None,
    ) -> None:
        self._sock = sock
        self._make_protocol = make_protocol
        self._make_room = make_room
        self._on_settled = on_settled
        self._tls = tls
        self._on_failed = on_failed
        self._loop = asyncio.get_running_loop()
        self._spares = [os.open(os.devnull, os.O_RDONLY) for _ in range(SPARES)]
        self._opening: dict[asyncio.Task[None], None] = {}  # the oldest first
        self._retry: asyncio.TimerHandle | None = None
        self._loop.add_reader(sock, self._accept_all)

    @property
    def is_busy(self) -> bool:
        """Whether a connection was accepted that its protocol does not know yet."""
        return bool(self._opening)

    def close(self) -> None:
        """Accept no more, and give the spares up; idempotent."""
        if self._sock.fileno() >= 0:
            self._loop.remove_reader(self._sock)
            self._sock.close()
        if self._retry is not None:
            self._retry.cancel()
        while self._spares:
            os.close(self._spares.pop())

    def refill(self) -> None:
        """Have spares again, as far as the system gives them."""
        try:
            while self._sock.fileno() >= 0 and len(self._spares) < SPARES:
                self._spares.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return

    def _accept_all(self) -> None:
        for number in range(ACCEPTS_A_TURN):
            try:
                sock, _address = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                if number == 0:  # else there may be nobody: the system says so before it looks
                    self._accept_with_a_spare()
                return
            self._open(sock, has_spare=False)

    def _accept_with_a_spare(self) -> None:
        if self._make_room():
            return  # it is closed by the next turn, which accepts
        if not self._spares:
            self._rest()
            return
        os.close(self._spares.pop())
        try:
            sock, _address = self._sock.accept()
        except OSError:  # the connection is gone, or somebody was faster
            self._rest()
            return
        self._open(sock, has_spare=True)

    def _rest(self) -> None:
        self._loop.remove_reader(self._sock)
        self._retry = self._loop.call_later(RETRY_S, self._look_again)

    def _look_again(self) -> None:
        self.refill()
        self._loop.add_reader(self._sock, self._accept_all)

    def _open(self, sock: socket.socket, *, has_spare: bool) -> None:
        sock.setblocking(False)
        task = asyncio.ensure_future(self._connect(sock, has_spare=has_spare))
        self._opening[task] = None
        if len(self._opening) > MOST_OPENING:
            next(iter(self._opening)).cancel()
        task.add_done_callback(self._settle)

    async def _connect(self, sock: socket.socket, *, has_spare: bool) -> None:
        host = _find_host(sock)
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._make_protocol(has_spare),
                sock,
                ssl=self._tls,
                ssl_handshake_timeout=HANDSHAKE_S if self._tls else None,
            )
        except ssl.SSLError as error:
            self._on_failed(host, explain_tls(error))
        except OSError:
            pass  # it has been closed meanwhile

    def _settle(self, task: asyncio.Task[None]) -> None:
        self._opening.pop(task, None)
        self._on_settled()


def explain_tls(error: ssl.SSLError) -> str:
    """Say why there is no encryption with a peer."""
    if error.reason in _PLAIN:
        return "it speaks no TLS, and this address is encrypted; use wss:// or https:// (in Asterisk also `tls_enabled = yes`)"
    why = (error.reason or "no handshake").lower().replace("_", " ")
    return f"TLS cannot be agreed on ({why}); {_TRUST}"


def _find_host(sock: socket.socket) -> str:
    try:
        return str(sock.getpeername()[0])
    except OSError:
        return "?"
