"""The access of the server that browsers see: a real server, a real client, and everything that a foreigner could ask."""

import re
import socket
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.fakes.replay import until
from tui.web.access import Access
from tui.web.server import TabServer

TOKEN = "the-token"
FOREIGN = "http://evil.example"
GUARDED = [
    "/",
    "/ws",
    "/download/key",
    "/page/page.js",
    "/page/terminal.js",
    "/page/",
    "/call/20261120-130500-ab12",
    "/sound/20261120-130500-ab12.wav",
    "/nowhere",
    "/static/../ws",
]


class Served:
    """A server whose tabs end at once."""

    def __init__(self, access, port, server, began):
        self.access = access
        self.server = server
        self.began = began
        """Every tab that was ever there; one may be gone before anybody looks."""
        self.name = f"127.0.0.1:{port}"
        self.origin = f"http://{self.name}"
        self.cookie = {"Cookie": f"streamer-{port}={TOKEN}"}

    async def fetch(self, path, **headers):
        async with (
            aiohttp.ClientSession(self.origin, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(path, headers=headers, allow_redirects=False) as response,
        ):
            return response, await response.read()

    async def get(self, path, **headers):
        response, body = await self.fetch(path, **headers)
        return response, body.decode()

    async def connect(self, **headers):
        """Return the status of a websocket's handshake."""
        async with aiohttp.ClientSession(
            self.origin, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            try:
                async with session.ws_connect("/ws", headers=headers):
                    # Let in: a tab is started, which must not be in the middle of it when the server ends.
                    await until(lambda: self.began)
                    return 101
            except aiohttp.WSServerHandshakeError as error:
                return error.status


@asynccontextmanager
async def serve(host="127.0.0.1", *, recordings=None):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    access = Access(host, port, token=TOKEN)
    began: list[object] = []
    server = TabServer(
        "exit 0",
        access,
        recordings=recordings or Path("/nonexistent"),
        on_tab=began.append,
        on_opened=lambda *_: None,
    )
    async with server.serving(listener):
        yield Served(access, port, server, began)


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize("cookie", [None, "", "wrong", TOKEN + "x", "é"])
async def test_without_the_token_every_route_but_the_static_files_is_refused(served, path, cookie):
    name = served.cookie["Cookie"].partition("=")[0]
    headers = {} if cookie is None else {"Cookie": f"{name}={cookie}"}
    response, text = await served.get(path, Origin=served.origin, **headers)
    assert response.status == 403
    assert response.content_type == "text/plain"
    assert "open the link" in text


async def test_every_route_that_there_is_has_been_tried(served):
    listener = socket.create_server(("127.0.0.1", 0))
    server = TabServer(
        "",
        served.access,
        recordings=Path(),
        on_tab=lambda _: None,
        on_opened=lambda *_: None,
    )
    with listener:
        app = await server._make_app()
    names = {resource.name for resource in app.router.resources()}
    assert names == {
        "index",
        "websocket",
        "download",
        "static",
        "page",
        "call",
        "sound",
        "terminal",
    }


async def test_a_websocket_without_the_token_is_refused(served):
    assert await served.connect(Origin=served.origin) == 403


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], "%ff"])
async def test_a_wrong_token_in_the_link_is_no_cookie(served, token):
    response, _ = await served.get(f"/?token={token}")
    assert response.status == 403
    assert "Set-Cookie" not in response.headers


async def test_the_token_of_the_link_becomes_a_cookie_that_only_our_page_can_send(served):
    assert served.access.link == f"{served.origin}/?token={TOKEN}"
    response, text = await served.get(f"/?token={TOKEN}")
    value, *attributes = response.headers["Set-Cookie"].split("; ")
    assert value == served.cookie["Cookie"]
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Strict"]
    assert TOKEN not in text
    assert 'http-equiv="refresh" content="0;url=/"' in text
    assert (await served.get("/", **served.cookie))[0].status == 200


async def test_the_link_leads_to_the_call_that_the_server_records():
    access = Access("127.0.0.1", 1, token=TOKEN, first="/call/20261120-130500-ab12")
    assert 'content="0;url=/call/20261120-130500-ab12"' in str(access._take_in().text)


@pytest.mark.parametrize("name", ["last", "%2e%2e%2f", "20261120-130500-ab12%00", "é"])
async def test_a_page_of_what_is_no_call_is_not_there(served, name):
    response, _ = await served.get(f"/call/{name}", **served.cookie)
    assert response.status == 404


async def test_the_page_of_a_call_is_that_of_all(served):
    of_all = await served.get("/", **served.cookie)
    of_one = await served.get("/call/20261120-130500-ab12", **served.cookie)
    assert (of_one[0].status, of_one[1]) == (200, of_all[1])


async def test_the_token_opens_no_route_but_the_first_page(served):
    for path in GUARDED[1:]:
        assert (await served.get(f"{path}?token={TOKEN}"))[0].status == 403


@pytest.mark.parametrize(
    "origin", [FOREIGN, "null", "", "http://localhost", "https://127.0.0.1", "http://127.0.0.1:1"]
)
async def test_a_websocket_of_a_foreign_page_is_refused(served, origin):
    assert await served.connect(Origin=origin, **served.cookie) == 403


async def test_a_websocket_without_an_origin_is_refused(served):
    assert await served.connect(**served.cookie) == 403


async def test_a_websocket_of_our_page_with_the_token_is_let_in(served):
    assert await served.connect(Origin=served.origin, **served.cookie) == 101


@pytest.mark.parametrize("path", ["/", "/static/js/textual.js"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7", ""])
async def test_a_foreign_name_that_points_here_is_refused(served, path, host):
    response, text = await served.get(path, Host=host, **served.cookie)
    assert response.status == 403
    assert "does not answer to this host name" in text


@pytest.mark.parametrize("host", ["localhost:9000", "LOCALHOST", "[::1]:80"])
async def test_the_near_end_of_a_tunnel_is_ours(served, host):
    assert (await served.get("/", Host=host, **served.cookie))[0].status == 200


async def test_where_all_addresses_are_listened_on_every_address_is_ours_and_no_foreign_name():
    async with serve("0.0.0.0") as served:
        for host, status in [("192.0.2.1:80", 200), ("[2001:db8::1]", 200), ("evil.example", 403)]:
            assert (await served.get("/", Host=host, **served.cookie))[0].status == status
    assert served.access.link.startswith(f"http://{socket.gethostname().lower()}:")


async def test_static_files_need_no_token_and_nothing_outside_is_one_of_them(served):
    assert (await served.get("/static/js/textual.js"))[0].status == 200
    for path in ("/static/%2e%2e/server.py", "/static/..%2fserver.py", "/static//etc/passwd"):
        assert (await served.get(path))[0].status in (403, 404)


async def test_the_page_loads_nothing_from_elsewhere(served):
    _, page = await served.get("/", **served.cookie)
    paths = re.findall(r'(?:src|href)="(/[^"]+)"', page)
    sheets = [path for path in paths if path.endswith(".css")]
    assert len(sheets) == 2
    texts = [page, *[(await served.get(path, **served.cookie))[1] for path in sheets]]
    texts = [re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL) for text in texts]
    assert "//" not in "".join(texts).replace(f"ws://{served.name}/ws", "")
    files = re.findall(r"""["'(](/(?:static|page)/[^"')]+)""", "".join(texts))
    assert len(files) > len(paths), "fonts among them"
    for path in files:
        assert (await served.fetch(path, **served.cookie))[0].status == 200, path


async def test_what_has_no_secret_is_kept_by_browsers_and_calls_are_not(served):
    for path in ("/static/js/textual.js", "/page/page.js", "/page/terminal.js"):
        response, _ = await served.get(path, **served.cookie)
        tag = response.headers["ETag"]
        assert response.headers["Cache-Control"] == "no-cache"
        again, _ = await served.get(path, **{"If-None-Match": tag}, **served.cookie)
        assert again.status == 304
    response, _ = await served.get("/", **served.cookie)
    assert response.headers["Cache-Control"] == "no-store"


async def test_the_terminal_of_this_textual_serve_is_in_reach_of_the_page(served):
    _, script = await served.get("/page/terminal.js", **served.cookie)
    assert "this.terminal.open(e),e.terminal=this.terminal," in script


async def test_every_answer_forbids_to_tell_others_where_it_came_from_or_to_frame_it(served):
    for path, headers in [("/", {}), ("/", served.cookie), ("/static/js/textual.js", {})]:
        response, _ = await served.get(path, **headers)
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["X-Frame-Options"] == "DENY"
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; " in policy
        assert "frame-ancestors 'none'" in policy


async def test_a_font_of_any_size_is_one_that_can_be_read(served):
    for asked, used in [("20", 20), ("9999", 40), ("-3", 8), ('"><script>', 16)]:
        _, page = await served.get(f"/?fontsize={asked}", **served.cookie)
        assert f'data-font-size="{used}"' in page
        assert "<script>" not in page


def test_each_server_has_a_token_of_its_own_that_cannot_be_guessed():
    one, other = Access("127.0.0.1", 1), Access("127.0.0.1", 1)
    assert one.link != other.link
    assert len(one.link.partition("token=")[2]) == 43, "256 bits"
