"""The certificate that servers show: read again when its files change, so that a renewal ends no call and needs no restart."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

from streamer.core.reasons import find_cause
from streamer.errors import UsageError

LOOK_S = 2.0
"""Seconds between two looks at the files."""


class Certificate:
    """A certificate and its key; `context` is for connections to come, whatever is in it by then."""

    def __init__(self, cert: Path, key: Path) -> None:
        """Read both.

        Raises:
            UsageError: They cannot be read, or do not belong together; the message says which.
        """
        self._cert = cert
        self._key = key
        self._stamps = self._look()
        why = self._find_fault()
        if why:
            raise UsageError(why)
        self.context = _open_context()
        self.context.load_cert_chain(cert, key, password=_no_password)

    async def watch(self, say: Callable[[str], None]) -> None:
        """Read the files again whenever they have changed; what cannot be used is said, and the old certificate stays."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.refresh(say)

    def refresh(self, say: Callable[[str], None]) -> None:
        """Read the files again if they have changed."""
        stamps = self._look()
        if stamps == self._stamps:
            return
        self._stamps = stamps
        if why := self._find_fault():
            say(f"{why}; connections are still encrypted with the certificate from before")
            return
        self.context.load_cert_chain(self._cert, self._key, password=_no_password)

    def _find_fault(self) -> str:
        """Try the files apart from what is in use, for half a change would spoil that; say what is wrong, nothing if nothing is."""
        for path in (self._cert, self._key):
            try:
                path.read_bytes()
            except OSError as error:
                return (
                    f"{path} cannot be read ({find_cause(error)}); --cert and --key name PEM files"
                )
        try:
            _open_context().load_cert_chain(self._cert, self._key, password=_no_password)
        except (ssl.SSLError, ValueError, OSError):
            if self._cert == self._key:
                return f"{self._cert} holds no certificate and its key in PEM, without a password; name the key with --key"
            return f"{self._cert} and {self._key} are no certificate and its key in PEM, without a password"
        return ""

    def _look(self) -> list[tuple[int, int, int] | None]:
        return [_stamp(path) for path in (self._cert, self._key)]


def _open_context() -> ssl.SSLContext:
    return ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _no_password() -> str:
    """Answer for a key that has one: nobody is there to be asked."""
    return ""
