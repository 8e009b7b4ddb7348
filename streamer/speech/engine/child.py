"""One process of the engine, from its start to its death: jobs go in, answers come out, and its end is explained."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from dataclasses import dataclass, field

from streamer.core.untrusted import printable
from streamer.errors import ModelError
from streamer.speech.base import Hypothesis, ModelFacts, Window
from streamer.speech.engine.messages import (
    Broken,
    Done,
    Drop,
    Failed,
    MalformedMessageError,
    Message,
    Parser,
    Ready,
    Transcribe,
    encode_message,
)
from streamer.speech.engine.worker import READ_SIZE

CRASH = 6
"""Weight of a death that was the engine's own."""

_KILLED = 1
_OUTSIDE = frozenset({signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT})
_log = logging.getLogger(__name__)


class EngineDiedError(Exception):
    """The engine died during a job; `weight` is how far that is the job's fault if it ran alone."""

    def __init__(self, message: str, weight: int) -> None:
        super().__init__(message)
        self.weight = weight


@dataclass(slots=True)
class EngineChild:
    """One process from its start to its death."""

    process: asyncio.subprocess.Process
    ready: asyncio.Future[ModelFacts] = field(default_factory=asyncio.Future)
    jobs: dict[int, asyncio.Future[list[Hypothesis]]] = field(default_factory=dict)
    has_answered: bool = False
    is_dead: bool = False
    kill_reason: EngineDiedError | None = None
    """Why we killed it ourselves, if we did."""

    @property
    def is_ready(self) -> bool:
        """Say whether a job can be sent."""
        return self.was_ready and not self.is_dead and self.kill_reason is None

    @property
    def was_ready(self) -> bool:
        """Say whether it has ever loaded its model."""
        return self.ready.done() and self.ready.exception() is None

    async def live(self) -> EngineDiedError:
        """Take its messages until it ends, and return how it ended."""
        assert self.process.stdout
        assert self.process.stderr
        try:
            await asyncio.gather(self._listen(self.process.stdout), _log_lines(self.process.stderr))
            status = await self.process.wait()
        finally:
            self.kill(None)
            await self._reap()
        self.is_dead = True
        death = self.kill_reason or _explain(status)
        if not self.ready.done():
            self.ready.set_exception(death)
        weight = death.weight if len(self.jobs) == 1 else 0  # of several jobs, any may be at fault
        for job in self.jobs.values():
            if not job.done():
                job.set_exception(EngineDiedError(str(death), weight))
        return death

    async def _reap(self) -> None:
        """Wait for the end of a process that was killed, also when cancelled once more: it comes at once, and nothing else would see it."""
        while self.process.returncode is None:
            with contextlib.suppress(asyncio.CancelledError):
                await self.process.wait()

    async def ask(self, number: int, windows: tuple[Window, ...]) -> list[Hypothesis]:
        """Send a job and wait for its answer."""
        assert self.process.stdin
        answer: asyncio.Future[list[Hypothesis]] = asyncio.Future()
        self.jobs[number] = answer
        try:
            with contextlib.suppress(ConnectionError):  # its death is noticed by `live`
                self.process.stdin.write(encode_message(Transcribe(number, windows)))
            return await answer
        finally:
            del self.jobs[number]

    def drop(self, number: int) -> None:
        """Tell it that no request waits for a job any more, if it has the job."""
        if number in self.jobs and self.process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                self.process.stdin.write(encode_message(Drop(number)))

    def _awaits(self, number: int) -> bool:
        return number in self.jobs and not self.jobs[number].done()

    def kill(self, kill_reason: EngineDiedError | None) -> None:
        """End it now; idempotent."""
        self.kill_reason = self.kill_reason or kill_reason
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def _listen(self, stdout: asyncio.StreamReader) -> None:
        parser = Parser()
        while data := await stdout.read(READ_SIZE):
            try:
                for message in parser.feed(data):
                    self._take(message)
            except MalformedMessageError as error:
                self.kill(EngineDiedError(str(error), CRASH))
                return

    def _take(self, message: Message) -> None:
        match message:
            case Ready(facts):
                self.ready.set_result(facts)
            case Broken(text):
                self.ready.set_exception(ModelError(text))
            case Done(number, hypotheses) if self._awaits(number):
                self.has_answered = True
                self.jobs[number].set_result(list(hypotheses))
            case Failed(number, text) if self._awaits(number):
                self.jobs[number].set_exception(EngineDiedError(text, CRASH))
            case _:
                _log.debug("no request waits for %r", type(message).__name__)


def _explain(status: int) -> EngineDiedError:
    if status >= 0:
        return EngineDiedError(f"the engine process exited with status {status}", CRASH)
    number = -status
    weight = _KILLED if number in _OUTSIDE else CRASH
    return EngineDiedError(
        f"the engine process was killed by {signal.Signals(number).name}", weight
    )


async def _log_lines(stderr: asyncio.StreamReader) -> None:
    unfinished = b""  # what is read may end anywhere
    while data := await stderr.read(READ_SIZE):
        *lines, unfinished = (unfinished + data).split(b"\n")
        if len(unfinished) > READ_SIZE:
            lines, unfinished = [*lines, unfinished], b""
        _log_each(lines)
    _log_each([unfinished] if unfinished else [])


def _log_each(lines: list[bytes]) -> None:
    for line in lines:
        _log.info("engine: %s", printable(line.decode("utf-8", "replace")))
