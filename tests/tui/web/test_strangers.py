"""Connections without the cookie keep nobody out: few at a time, for a short time."""

import asyncio
import errno
import re
import resource
import socket
from contextlib import ExitStack

import psutil
import pytest

from streamer.calls.failures import is_out_of_descriptors
from streamer.errors import RecordingError
from tests.fakes.replay import until
from tests.tui.web.test_access import serve
from tui.web import server, strangers


async def connect(name):
    host, _, port = name.rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def ask(reader, writer, path, *headers):
    """Send a request on an open connection, and return the status of the answer."""
    writer.write("\r\n".join([f"GET {path} HTTP/1.1", *headers, "", ""]).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    if length is not None:
        await reader.readexactly(int(length[1]))
    return int(head.split()[1])


async def test_any_number_of_idle_connections_keeps_nobody_out(served):
    idle = [await connect(served.name) for _ in range(3 * strangers.MOST_STRANGERS)]
    response, _ = await served.get("/", **served.cookie)
    assert response.status == 200
    first, _ = idle[0]
    assert await first.read() == b"", "the one that came first had to go"
    assert len(served.server._strangers) <= strangers.MOST_STRANGERS
    for _, writer in idle:
        writer.close()


async def test_a_crowd_that_comes_at_once_takes_few_descriptors_of_the_server(served):
    host, _, port = served.name.rpartition(":")
    with ExitStack() as stack:
        for _ in range(server._BACKLOG):
            stack.enter_context(socket.create_connection((host, int(port))))
        most, before = 0, psutil.Process().num_fds()
        for _ in range(server._BACKLOG):
            await asyncio.sleep(0)
            most = max(most, psutil.Process().num_fds() - before)
    assert len(served.server._strangers) == strangers.MOST_STRANGERS, "all have come"
    assert most < strangers.MOST_STRANGERS + 4 * server._ACCEPTS_A_TURN


@pytest.mark.parametrize(
    ("descriptors", "places"),
    [(96, 24), (2, 1), (1_000_000, strangers.MOST_STRANGERS), (-1, strangers.MOST_STRANGERS)],
)
def test_where_descriptors_are_few_tabs_and_calls_have_most_of_them(
    descriptors, places, monkeypatch
):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))
    assert strangers.count_places() == places


async def test_who_speaks_slowly_is_sent_away_in_time(monkeypatch):
    monkeypatch.setattr(strangers.Strangers.__init__, "__kwdefaults__", {"patience_s": 0.05})
    async with serve() as served:
        reader, writer = await connect(served.name)
        writer.write(b"GET / HTTP/1.1\r\nHo")
        with pytest.raises(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
        writer.close()


async def test_who_has_shown_the_cookie_stays(monkeypatch):
    monkeypatch.setattr(strangers.Strangers.__init__, "__kwdefaults__", {"patience_s": 0.05})
    async with serve() as served:
        reader, writer = await connect(served.name)
        headers = (f"Host: {served.name}", f"Cookie: {served.cookie['Cookie']}")
        assert await ask(reader, writer, "/", *headers) == 200
        other, others_writer = await connect(served.name)
        assert await other.read() == b""  # its time is over, and that of the known one would be
        assert await ask(reader, writer, "/", *headers) == 200
        for one in (writer, others_writer):
            one.close()


async def test_who_is_refused_is_not_kept(served):
    reader, writer = await connect(served.name)
    assert await ask(reader, writer, "/", f"Host: {served.name}") == 403
    assert await reader.read() == b""
    writer.close()
    await until(lambda: len(served.server._strangers) == 0)


async def test_so_many_tabs_are_open_and_no_more(served, monkeypatch):
    monkeypatch.setattr(server, "MOST_TABS", 0)
    assert await served.connect(Origin=served.origin, **served.cookie) == 503


@pytest.mark.parametrize("path", ["/static", "/static/", "/static/js", "/static/js/", "/static/."])
async def test_folders_are_not_listed(served, path):
    response, text = await served.get(path, **served.cookie)
    assert response.status in (403, 404)
    assert "textual.js" not in text


def test_what_failed_for_want_of_descriptors_is_known_behind_other_errors():
    failed = RecordingError("cannot be read")
    assert not is_out_of_descriptors(failed)
    failed.__cause__ = OSError(errno.EMFILE, "Too many open files")
    assert is_out_of_descriptors(failed)


def test_it_is_known_in_a_group_of_errors_too():
    short = OSError(errno.EMFILE, "Too many open files")
    assert is_out_of_descriptors(ExceptionGroup("of the legs", [ValueError(), short]))
    assert not is_out_of_descriptors(ExceptionGroup("of the legs", [ValueError()]))
