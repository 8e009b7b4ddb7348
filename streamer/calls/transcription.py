"""All legs of a call transcribed at once by this process: those that are there, and those that join."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf

from streamer.calls.backend import Backend, Speech
from streamer.calls.segment_writer import CallWriter, LegWriter
from streamer.core.events import SPEECH_RATE
from streamer.errors import RecordingError
from streamer.media.timeline import Noise
from streamer.recording.description import MOST_SAMPLES
from streamer.recording.feed import Feed
from streamer.recording.reader import read_recorded
from streamer.speech.audio.other_legs import RecordedLegs
from streamer.speech.audio.resampled_reader import SpeechFollower
from streamer.speech.base import Vad
from streamer.speech.transcriber import Announce, LegTranscriber

OpenVad = Callable[[Callable[[], int | None]], Vad]
"""Makes a leg's voice activity of what says the rate of its recording, once that is known."""


class Transcription:
    """The transcribers of a call's legs; `keep` keeps the call with the legs that it has now."""

    def __init__(
        self,
        feed: Feed,
        backend: Backend,
        *,
        announce: Announce,
        keep: Callable[[], Awaitable[None]],
    ) -> None:
        self.troubles: list[str] = []
        """Why a leg's recording could not be read."""
        self._feed = feed
        self._folder = feed.folder
        self._backend = backend
        self._announce = announce
        self._keep = keep
        self._joined = asyncio.Event()
        """A leg has joined the call."""
        self._begun: set[str] = set()
        self._transcribers: list[LegTranscriber] = []

    @property
    def has_begun(self) -> bool:
        """Say whether any leg was transcribed here."""
        return bool(self._transcribers)

    @property
    def skipped(self) -> int:
        """Count the utterances that could not be transcribed."""
        return sum(transcriber.skipped for transcriber in self._transcribers)

    def speech_needed(self) -> Speech:
        """Return what transcribes, once the call is ours."""
        assert self._backend.speech, "only who has speech takes the lock"
        return self._backend.speech

    def note_joined(self) -> None:
        """Take note that a leg has joined the call."""
        self._joined.set()

    async def run(self, writer: CallWriter) -> None:
        """Transcribe every leg that is not complete to its end.

        Raises:
            ExceptionGroup: Of ModelError or StoreError.
        """
        async with asyncio.TaskGroup() as group:
            await self._begin_legs(writer, group)
            group.create_task(self._begin_legs_that_join(writer, group))

    async def _begin_legs_that_join(self, writer: CallWriter, group: asyncio.TaskGroup) -> None:
        """Begin to transcribe legs that join the call, until nothing is recorded any more."""
        ended = asyncio.ensure_future(self._feed.has_ended.wait())
        try:
            while not ended.done():
                joined = asyncio.ensure_future(self._joined.wait())
                await asyncio.wait([ended, joined], return_when=asyncio.FIRST_COMPLETED)
                joined.cancel()
                self._joined.clear()
                await self._begin_legs(writer, group)
        finally:
            ended.cancel()

    async def _begin_legs(self, writer: CallWriter, group: asyncio.TaskGroup) -> None:
        """Begin to transcribe each leg that is not complete and has not been begun."""
        call = self._feed.call
        if writer.watch:
            writer.watch.join(leg.label for leg in call.legs)
        new = [(n, leg.label) for n, leg in enumerate(call.legs) if leg.label not in self._begun]
        if not new:
            return
        self._begun.update(label for _, label in new)
        await self._keep()
        writers = await writer.open_legs()
        open_vad = await asyncio.to_thread(_import_vad)
        transcribers = [
            self._open_transcriber(number, label, writers[label], open_vad)
            for number, label in new
            if not writers[label].progress.is_complete
        ]
        if transcribers:
            self.speech_needed().recogniser.start()
        for transcriber in transcribers:
            self._transcribers.append(transcriber)
            group.create_task(self._transcribe_leg(transcriber))

    async def _transcribe_leg(self, transcriber: LegTranscriber) -> None:
        """Transcribe one leg; a recording that cannot be read costs no other leg's words."""
        try:
            await transcriber.run()
        except RecordingError as error:
            self.troubles.append(str(error))

    def _open_transcriber(
        self, number: int, label: str, writer: LegWriter, open_vad: OpenVad
    ) -> LegTranscriber:
        speech = self.speech_needed()
        follower = self._open_reader(number, writer.position)
        return LegTranscriber(
            self._folder.call_id,
            label,
            follower=follower,
            vad=open_vad(lambda: follower.rate),
            scheduler=speech.scheduler,
            writer=writer,
            plan=speech.plan,
            announce=self._announce,
            find_noise=lambda: [_to_span(each) for each in self._feed.wordless(number)],
            others=RecordedLegs(lambda: [p for n, p in enumerate(self._feed.paths) if n != number]),
            count_waiting=lambda: follower.waiting,
        )

    def _open_reader(self, number: int, position: int) -> SpeechFollower:
        return SpeechFollower(
            self._feed.paths[number],
            is_live=self._folder.is_live,
            count_recorded=lambda: read_recorded(self._folder.path).legs[number].samples,
            position=position,
        )


def _to_span(noise: Noise) -> tuple[int, int]:
    """Return where a leg is noise in samples at `SPEECH_RATE`; what still lasts has no end."""
    end_s = inf if noise.end_s is None else noise.end_s
    return round(noise.start_s * SPEECH_RATE), round(min(end_s, MOST_SAMPLES) * SPEECH_RATE)


def _import_vad() -> OpenVad:
    """Import voice activity, which takes half a second, with the arrays and the network below it."""
    from streamer.speech.audio.vad import SileroVad, open_session

    open_session()  # here rather than with the first leg, in the event loop
    return lambda read_rate: SileroVad(read_rate=read_rate)
