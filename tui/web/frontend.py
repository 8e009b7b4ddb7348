"""The entry point of `streamer.servers`: run the backend for all calls that are opened, and serve tabs that show them.

Order: listen, so that a port that is taken costs nothing; record; print the link; serve until a signal comes. The link is all that goes
to stdout, so that a script can take it from there; what is to be read goes to stderr. The token is nowhere else.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import closing
from pathlib import Path

from streamer.cli import output
from streamer.cli.frontend import Place, ScreenRequest
from streamer.cli.signals import run_to_end
from streamer.core.addresses import show_address
from streamer.core.reasons import find_cause
from streamer.errors import ExitCode, UnreachableError
from streamer.tap.descriptors import raise_descriptor_limit
from tui.web.access import Access
from tui.web.backend import open_web_backend
from tui.web.server import TabServer


def run_web(request: ScreenRequest, place: Place) -> int:
    """Serve the request to browsers; return 128 + the signal that ended it, or 0 if there was nothing to record.

    Raises:
        UnreachableError: The address or the port cannot be had.
    """
    raise_descriptor_limit()
    return run_to_end(_run(request, place))


async def _run(request: ScreenRequest, place: Place) -> int:
    with closing(_listen(place)) as listener:
        async with open_web_backend(request) as backend:
            if await backend.begins():
                plan = backend.plan()
                access = Access(place.host, listener.getsockname()[1], first=plan.address)
                backend.server = TabServer(
                    plan.command(),
                    access,
                    recordings=Path(plan.recordings),
                    on_tab=backend.take_tab,
                    on_opened=backend.take_opened,
                )
                async with backend.server.serving(listener):
                    _warn_of_listeners(listener)
                    output.data(access.link)
                    await backend.has_nothing.wait()
    return ExitCode.DONE


def _listen(place: Place) -> socket.socket:
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
        family, _, _, _, address = found[0]
        return socket.create_server(address, family=family)
    except OSError as error:
        raise UnreachableError(
            f"cannot listen on {show_address(place.host, place.port)}: {find_cause(error)}; choose another address with --host and --port"
        ) from error


def _warn_of_listeners(listener: socket.socket) -> None:
    address = listener.getsockname()[0]
    if not ipaddress.ip_address(address).is_loopback:
        output.talk(
            f"listening on {address} without TLS: anybody on the network path can read the link's token and all calls;"
            " use an ssh tunnel to 127.0.0.1 instead"
        )
