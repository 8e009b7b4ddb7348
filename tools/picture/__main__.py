"""`make picture`: play the demo call on a screen without a terminal, and draw it as SVG while somebody is speaking."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from streamer.cli.demo import ask_for_demo
from streamer.config import Settings
from tui.app import ScreenApp
from tui.screens.call import CallScreen
from tui.state.call import ShownCall

PICTURE = Path(__file__).parent / "screen.svg"
SIZE = (96, 26)
LINES = 9
"""Settled lines that the picture has; the next one is being said."""

_PATIENCE_S = 120.0
_POLL_S = 0.05


async def draw(path: Path, *, theme: str = "streamer-dark") -> None:
    """Draw the picture; takes as long as the call does."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        settings = Settings(recordings=folder)
        app = ScreenApp(replace(ask_for_demo(settings), about=""))
        try:
            async with app.run_test(size=SIZE) as pilot:
                app.theme = theme
                screen = app.screen
                assert isinstance(screen, CallScreen)
                async with asyncio.timeout(_PATIENCE_S):
                    while not _is_picturesque(screen.shown):
                        await pilot.pause(_POLL_S)
                drawing = app.export_screenshot(title="streamer demo")
        finally:
            await app.open_calls.aclose()
    path.write_text(drawing, encoding="utf-8")  # noqa: ASYNC240 - nothing else runs any more


def _is_picturesque(shown: ShownCall) -> bool:
    """Say whether there is enough to see, and words that may still change."""
    return shown.finals >= LINES and any(
        len(u.settled) > 1 and u.tentative for u in shown.utterances.values()
    )


def main() -> None:
    """Draw into the file that is named, else into the README's."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    asyncio.run(draw(path, theme=sys.argv[2] if len(sys.argv) > 2 else "streamer-dark"))
    sys.stdout.write(f"{path}\n")


main()
