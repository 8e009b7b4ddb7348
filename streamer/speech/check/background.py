"""Weights that nobody measured are checked once, by themselves, while nobody speaks.

Theory of operation. A leg that is spoken on asks for a window several times a second, so a scheduler that was asked for none for
`SILENT_S` has nobody to serve. Then the next window of the check is read, one at a time; it is dropped as soon as anybody asks
for words, and read again in the next silence:

    LOADING --ready--> WAITING --silence--> READING --a leg asks--> WAITING
                                                    --all windows are read--> remembered

Dropped work ends with the step that it is in, at worst an encoding of 30 s of audio. So an engine of one slot is never given any: on
more, a leg that begins to speak finds another slot free.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from streamer.config import Settings
from streamer.errors import ModelError
from streamer.speech.base import EncoderWindow, Hypothesis, Recogniser, Window
from streamer.speech.check.findings import Findings
from streamer.speech.check.memory import hash_weights, recall, remember
from streamer.speech.check.trial import try_model
from streamer.speech.engine.models import InstalledModel, is_bundled
from streamer.speech.scheduler import Scheduler

SILENT_S = 10.0
"""Longer than a pause in a conversation: a call is on hold, or there is none."""

LOOK_S = 0.05
"""Seconds between two looks whether anybody has begun to speak; only while the check reads."""

LEAST_SLOTS = 2

MEASURED = {
    "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a": "tiny.en",
    "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57": "base",
}
"""SHA-256 of the weights that BENCHMARKS.md measures."""

_log = logging.getLogger(__name__)


async def check_unmeasured(
    settings: Settings,
    model: InstalledModel,
    recogniser: Recogniser,
    scheduler: Scheduler,
    say: Callable[[str], None],
    *,
    silent_s: float = SILENT_S,
) -> None:
    """Check a model that nobody has measured or checked, and remember what is found; ends when it is done, or never will be.

    `say` gets a line if calls are to be read otherwise from the next start on.
    """
    if settings.encoder_window != "auto" or is_bundled(model) or model.name in MEASURED.values():
        return
    silence = _Silence(recogniser, scheduler, silent_s)
    try:
        await recogniser.ready()
        await silence.wait()
        if recogniser.slots < LEAST_SLOTS or await asyncio.to_thread(_is_known, settings, model):
            return
        findings = await try_model(model, recogniser, transcribe=silence.transcribe)
        await asyncio.to_thread(remember, settings, model, findings)
    except (ModelError, OSError) as error:
        _log.info("%s is not checked: %s", model.name, error)
        return
    _log.info("checked %s: %s", model.name, findings)
    if findings.encoder_window is EncoderWindow.FULL:
        say(_explain(findings))


def _is_known(settings: Settings, model: InstalledModel) -> bool:
    return hash_weights(model) in MEASURED or recall(settings, model) is not None


def _explain(findings: Findings) -> str:
    return (
        f"{findings.name} was checked while nobody spoke: it needs full encoder windows, which calls get from the next start on;"
        f" `streamer models check` says more"
    )


class _Silence:
    """The time in which no leg wants the recogniser."""

    def __init__(self, recogniser: Recogniser, scheduler: Scheduler, silent_s: float) -> None:
        self._recogniser = recogniser
        self._scheduler = scheduler
        self._silent_s = silent_s
        self._asked = -1  # how many windows had been asked for when the silence began
        self._place = asyncio.Lock()

    async def wait(self) -> None:
        """Wait until nothing has been asked for, and nothing is being read, for a while; a silence that lasts is not waited for again."""
        while self._asked != self._scheduler.asked or not self._scheduler.is_at_rest:
            self._asked = self._scheduler.asked
            await asyncio.sleep(self._silent_s)

    async def transcribe(self, window: Window) -> Hypothesis:
        """Read a window in a silence that is long enough for it."""
        async with self._place:
            while True:
                await self.wait()
                if (heard := await self._try(window)) is not None:
                    return heard

    async def _try(self, window: Window) -> Hypothesis | None:
        """Read a window; None if somebody began to speak meanwhile."""
        reading = asyncio.ensure_future(self._recogniser.transcribe([window]))
        try:
            while not reading.done() and self._scheduler.asked == self._asked:
                await asyncio.wait([reading], timeout=LOOK_S)
        finally:
            is_whole = reading.done()
            reading.cancel()
        return reading.result()[0] if is_whole else None
