"""The screen in a real browser: the link, the page, the words, and the keys."""

from contextlib import asynccontextmanager

import pytest

from streamer.simulator.script import EndKind
from tests.fakes.browser import find_chromium, open_browser
from tests.fakes.web import web_server
from tests.integration.test_watch import demo_pbx
from tests.integration.test_web import channels
from tests.unit.calls.test_sound import RATE, record, samples

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(
        find_chromium() is None,
        reason="there is no Chromium: apt install chromium, or Google Chrome",
    ),
]

TERMINAL_FOCUS = "document.activeElement.className"
PIXELS = """(() => {
  const screen = document.querySelector(".xterm-screen").getBoundingClientRect();
  return [screen.width > innerWidth * 0.9, screen.height > innerHeight * 0.9];
})()"""


@asynccontextmanager
async def opened_call(file, recordings, tmp_path):
    """Serve a call that nobody hangs up and whose lines stay in sight, however late a browser comes; yield the server and an empty page."""
    async with (
        demo_pbx(file, speed=1, end=EndKind.NEVER) as pbx,
        web_server(*channels(pbx), recordings=recordings) as server,
        open_browser(tmp_path / "profile") as browser,
    ):
        yield server, await browser.open_page()


async def test_the_link_opens_the_words_of_a_call_in_a_browser(recordings, tmp_path, short_call):
    async with opened_call(short_call, recordings, tmp_path) as (server, page):
        await page.open(str(server.link))
        await page.shows("technical support")
        await page.becomes("document.body.className", "-loaded -first-byte")
        (call_json,) = recordings.glob("*/call.json")
        address = f"{server.origin}/call/{call_json.parent.name}"
        assert await page.evaluate("location.href") == address
        assert await page.evaluate("document.cookie") == "", "no script can read it"
        assert await page.evaluate(PIXELS) == [True, True]
        assert await page.evaluate("document.fonts.check('16px Roboto Mono')")
        assert page.errors == []
        foreign = [
            url
            for url in page.requested
            if not url.partition("://")[2].startswith(server.link.authority)
        ]
        assert foreign == []
        (tmp_path / "page.png").write_bytes(await page.picture())

        await page.becomes(TERMINAL_FOCUS, "xterm-helper-textarea")
        end = len(page.plain)
        await page.type("?")
        await page.shows("In a call", end)
        await page.type("q")
        await page.becomes("document.body.classList.contains('-closed')", True)
        await page.evaluate("document.querySelector('.closed a').click()")
        await page.becomes("document.body.className", "-loaded -first-byte")


PLACE = "(location.pathname + location.hash)"


async def test_reload_and_back_keep_the_place(recordings, tmp_path, short_call):
    async with opened_call(short_call, recordings, tmp_path) as (server, page):
        await page.open(str(server.link))
        await page.shows("technical support")
        await page.shows("keeps dropping")  # with one line `j` would go beyond it, and follow
        (call_json,) = recordings.glob("*/call.json")
        call = f"/call/{call_json.parent.name}"
        await page.becomes("document.title.includes('caller and agent, ')", True)
        await page.becomes(TERMINAL_FOCUS, "xterm-helper-textarea")
        await page.type("g")
        await page.becomes(f"{PLACE}.startsWith('{call}#0:')", True)
        first = await page.evaluate(PLACE)
        await page.type("j")
        await page.becomes(f"{PLACE} != '{first}'", True)
        line = await page.evaluate(PLACE)
        assert line.startswith(f"{call}#0:")
        await page.type("k")
        await page.becomes(PLACE, first)
        await page.evaluate(f"location.hash = '{line.partition('#')[2]}'")
        await page.becomes("answered", 2)

        await page.call("Page.reload")
        await page.becomes("document.title.includes('caller and agent, ') && answered", 1)
        await page.becomes(PLACE, line)
        await page.becomes(TERMINAL_FOCUS, "xterm-helper-textarea")
        await page.type("\x1b")
        await page.becomes(PLACE, "/")
        await page.becomes("document.title.includes('1 call · streamer')", True)
        await page.evaluate("history.back()")
        await page.becomes("answered", 2)
        assert await page.evaluate(PLACE) == line
        await page.open(f"{server.origin}/call/20990101-000000-abcd")
        await page.shows("no longer exists")
        await page.becomes(PLACE, "/")
        assert page.errors == []


async def test_the_link_works_from_a_foreign_page_and_that_page_gets_nothing(recordings, tmp_path):
    async with (
        web_server(recordings=recordings) as server,
        open_browser(tmp_path / "profile") as browser,
    ):
        page = await browser.open_page()
        await page.open(f"data:text/html,<a href='{server.link}'>calls</a>")
        await page.becomes("document.links.length", 1)
        await page.evaluate("document.links[0].click()")
        await page.shows("No calls in ")

        await page.open("data:text/html,foreign")
        await page.becomes("document.body.textContent", "foreign")
        socket = f"new WebSocket('ws://{server.link.authority}/ws')"
        await page.evaluate(f"s = {socket}; s.onerror = () => document.title = 'refused'")
        await page.becomes("document.title", "refused")


async def test_a_copied_line_is_in_the_browsers_clipboard(recordings, tmp_path, short_call):
    async with opened_call(short_call, recordings, tmp_path) as (server, page):
        await page.allow_clipboard()
        await page.open(str(server.link))
        await page.shows("technical support")
        await page.becomes(TERMINAL_FOCUS, "xterm-helper-textarea")
        await page.type("g")
        await page.type("c")
        await page.shows("Copied the line")
        copied = "navigator.clipboard.readText().then(text => text.startsWith('Thank you'))"
        await page.becomes(copied, True)
        await page.type("l")
        await page.becomes("document.querySelector('.said').textContent", "Listening")
        assert any("/sound/2" in url for url in page.requested)
        await page.type("l")
        await page.becomes("document.querySelector('.live').textContent", "Listen live")
        end = len(page.plain)
        await page.type("e")
        await page.shows("on the machine that runs streamer", end)


async def test_a_call_that_has_ended_is_heard_from_a_line_on(recordings, tmp_path):
    folder = record(recordings, samples(100, -100, count=5 * RATE), samples(7))
    async with (
        web_server(recordings=recordings) as server,
        open_browser(tmp_path / "profile") as browser,
    ):
        page = await browser.open_page()
        await page.open(str(server.link))
        await page.shows("1 call")
        await page.open(f"{server.origin}/call/{folder.call_id}")
        await page.becomes("document.querySelector('.player').hidden", False)
        await page.evaluate("document.querySelector('.leg').value = 'caller'")
        await page.evaluate("document.querySelector('.from-line').click()")
        await page.becomes("document.querySelector('audio').currentTime > 0.2", True)
        assert await page.evaluate("document.querySelector('audio').duration") == 5
        await page.evaluate("document.querySelector('audio').currentTime = 4.5")
        await page.becomes("document.querySelector('audio').ended", True)
        assert page.errors == []


async def test_keys_alone_reach_everything_and_leave_it_again(recordings, tmp_path):
    async with (
        web_server(recordings=recordings) as server,
        open_browser(tmp_path / "profile") as browser,
    ):
        page = await browser.open_page()
        await page.open(str(server.link))
        await page.shows("No calls in ")
        await page.becomes(TERMINAL_FOCUS, "xterm-helper-textarea")
        reached = []
        for _ in range(4):
            await page.press_tab()
            reached.append(await page.evaluate(TERMINAL_FOCUS))
        assert reached == ["calls", "smaller", "larger", "reader"]
        for _ in range(4):
            await page.press_tab(backwards=True)
        assert await page.evaluate(TERMINAL_FOCUS) == "xterm-helper-textarea"
        await page.press_tab(backwards=True)
        assert await page.evaluate(TERMINAL_FOCUS) != "xterm-helper-textarea"

        await page.evaluate("document.querySelector('.reader').click()")
        read = (
            "document.querySelector('.xterm-accessibility')?.textContent.includes('No calls in ')"
        )
        await page.becomes(read, True)
        await page.evaluate("document.querySelector('.larger').click()")
        await page.call("Page.reload")
        await page.becomes(read, True)
        size = "document.querySelector('.textual-terminal').terminal.options.fontSize"
        assert int(await page.evaluate(size)) == 17


async def swipe(page, start, end):
    """Move a finger down or up the middle of the page."""
    for kind, y in (
        ("touchStart", start),
        *(("touchMove", start + (end - start) * n // 10) for n in range(1, 11)),
    ):
        await page.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": 200, "y": y}])
    await page.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])


async def test_a_telephone_shows_all_without_scrolling_sideways(recordings, tmp_path):
    async with (
        web_server(recordings=recordings) as server,
        open_browser(tmp_path / "profile") as browser,
    ):
        page = await browser.open_page()
        screen = {"width": 390, "height": 844, "deviceScaleFactor": 3, "mobile": True}
        await page.call("Emulation.setDeviceMetricsOverride", **screen)
        await page.open(str(server.link))
        await page.shows("No calls in ")
        await page.becomes("document.body.className", "-loaded -first-byte")
        assert (
            await page.evaluate("[innerWidth, document.documentElement.scrollWidth]") == [390] * 2
        )
        columns = "document.querySelector('.textual-terminal').terminal.cols"
        assert await page.evaluate(columns) >= 55
        canvas = "document.querySelector('.xterm-text-layer')"
        is_whole = f"Math.abs({canvas}.width - {canvas}.getBoundingClientRect().width * 3) < 3"
        assert await page.evaluate(is_whole), "no part of the screen is out of sight"
        await page.call("Emulation.setTouchEmulationEnabled", enabled=True)
        await page.type("?")
        await page.shows("On every screen")
        end = len(page.plain)
        await swipe(page, 600, 100)
        await page.shows("Quitting does not stop recordings", end)
