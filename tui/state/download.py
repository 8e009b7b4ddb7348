"""A speech model that is downloaded while calls are shown: a process of its own, and how far it is."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Sequence
from contextlib import suppress

from streamer.core.untrusted import one_line
from streamer.speech.engine.model_advice import find_download_size
from streamer.speech.engine.models import measure_download

_LOOK_S = 1.0
_PULL = (sys.executable, "-m", "streamer", "models", "pull")


class ModelDownload:
    """One download; `line` says how far it is, empty if there is none."""

    def __init__(self, say: Callable[[], object], command: Sequence[str] = _PULL) -> None:
        self.line = ""
        self._say = say
        self._command = command

    async def run(self, name: str, *, models_dir: str = "") -> str:
        """Download a model to its end; return why that failed, empty if it did not. What is there of it is gone on with."""
        self._show(f"Downloading {name}")
        flags = ("--models-dir", models_dir) if models_dir else ()
        process = await asyncio.create_subprocess_exec(
            *self._command, name, *flags, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
        )
        assert process.stderr
        looking = asyncio.ensure_future(self._look(name, models_dir))
        try:
            said = await process.stderr.read()
            code = await process.wait()
        finally:
            looking.cancel()
            with suppress(ProcessLookupError):
                process.kill()
            self._show("")
        last = said.decode(errors="replace").replace("\r", "\n").strip().rpartition("\n")[2]
        return one_line(last.removeprefix("streamer: ")) if code else ""

    async def _look(self, name: str, models_dir: str) -> None:
        size = find_download_size(name)
        while True:
            here = await asyncio.to_thread(measure_download, name, models_dir)
            of = f" of {size / 1e6:.0f}" if size else ""
            self._show(f"Downloading {name}: {min(here, size or here) / 1e6:.0f}{of} MB")
            await asyncio.sleep(_LOOK_S)

    def _show(self, line: str) -> None:
        self.line = line
        self._say()


def offer_download(name: str, *, key: str = "M") -> str:
    """Return the line that offers a model for calls that get no text, with `key`."""
    size = find_download_size(name)
    about = f" ({size / 1e6:.0f} MB)" if size else ""
    return f"No speech model: live calls are recorded without text. Press {key} to download {name}{about}."
