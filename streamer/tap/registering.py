"""Where calls are registered at a listener: at addresses of their own, and at those of WebSockets, which answer HTTP too."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from streamer.config import Settings
from streamer.core.addresses import show_address
from streamer.errors import UnreachableError
from streamer.sources.forwarded import read_proxies
from streamer.tap.admitting import Admission
from streamer.tap.listen_plan import ListenAddress
from streamer.tap.listeners import describe_listener, find_listener
from streamer.tap.register_key import KEY_FILE, read_or_make_key

if TYPE_CHECKING:
    from streamer.sources.registration.http import RequestServer


class Registrations:
    """Lets calls be registered with an `admission`; `say` gets lines for the user. HTTP is imported only where it is asked for."""

    def __init__(
        self,
        settings: Settings,
        admission: Admission,
        *,
        say: Callable[[str], None],
        tls: ssl.SSLContext | None,
    ) -> None:
        self._settings = settings
        self._admission = admission
        self._say = say
        self._tls = tls

    def open_requests(self, named: str, host: str, port: int) -> RequestServer:
        """Return what answers HTTP for a listener for WebSockets; see `WebOptions.open_requests`."""
        from streamer.sources.registration.hosts import own_names
        from streamer.sources.registration.http import RequestServer  # 13 MB

        requests = RequestServer(
            self._admission.registry,
            key=self._settings.register_key or None,
            names=own_names([named, *self._settings.register_names.split(",")]),
            proxies=read_proxies(self._settings.trusted_proxies),
        )
        shown = show_address(host, port)
        requests.ask_for_key([host], shown, say=self._say, make_key=self._make_key)
        self._admission.addresses.append(shown)
        return requests

    @asynccontextmanager
    async def taking(
        self, addresses: Sequence[ListenAddress], stopping: asyncio.Event
    ) -> AsyncIterator[None]:
        """Let calls be registered until `stopping`; then another process may take registrations while our calls go on.

        Raises:
            UnreachableError: An address cannot be listened on.
        """
        async with AsyncExitStack() as stack:
            for where in addresses:
                try:
                    address = await stack.enter_async_context(self._open(where))
                except UnreachableError as error:
                    raise self._explain(error, where) from error
                self._admission.addresses.append(address)
            closing = asyncio.ensure_future(_close_after(stopping, stack))
            try:
                yield
            finally:
                closing.cancel()
                await asyncio.gather(closing, return_exceptions=True)

    def _open(self, where: ListenAddress) -> AbstractAsyncContextManager[str]:
        from streamer.sources.registration.http import open_registration  # 13 MB

        return open_registration(
            self._admission.registry,
            where.host,
            where.port,
            tls=self._tls if where.has_tls else None,
            key=self._settings.register_key or None,
            say=self._say,
            make_key=self._make_key,
            names=self._settings.register_names.split(","),
            proxies=read_proxies(self._settings.trusted_proxies),
        )

    def _explain(self, error: UnreachableError, where: ListenAddress) -> UnreachableError:
        """Return what is in the way of registrations: a listener of streamer if it is one, or else the error."""
        settings, host, port = self._settings, where.host, where.port
        other = find_listener(
            host,
            port,
            recordings=Path(settings.recordings),
            runtime_dir=Path(settings.runtime_dir) if settings.runtime_dir else None,
        )
        if other is None:
            return error
        shown = show_address(host, port)
        return UnreachableError(
            f"cannot take registrations on {shown}: {describe_listener(other.note)}"
        )

    def _make_key(self) -> str:
        recordings = Path(self._settings.recordings)
        key = read_or_make_key(recordings)
        self._say(
            "others than this machine can register calls, so each request must show the key in"
            f" {recordings.absolute() / KEY_FILE}, as X-API-Key or &key="
        )
        return key


async def _close_after(stopping: asyncio.Event, stack: AsyncExitStack) -> None:
    await stopping.wait()
    await stack.aclose()
