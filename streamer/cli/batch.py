"""Any number of files one after the other: each is done whatever became of the one before, and a bad one is one line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from streamer.bus import Subscription
from streamer.cli import output
from streamer.cli.destinations import Destination
from streamer.cli.file_progress import FileProgress
from streamer.cli.logs import log_crash
from streamer.core.events import Trouble
from streamer.core.transcript import Transcript
from streamer.errors import ExitCode, StreamerError

Work = Callable[[Path], Awaitable[tuple[Transcript, str]]]
"""Turns one file into its transcript, and what made that incomplete, empty if nothing did."""


class Batch:
    """The files of one command; of several, each line of talk says which one it is about."""

    def __init__(
        self, inputs: Sequence[Path | StreamerError], destination: Destination, bar: FileProgress
    ) -> None:
        self._inputs = inputs
        self._is_single = len(inputs) == 1
        self._destination = destination
        self._bar = bar
        self._file = ""
        self._files: dict[str, str] = {}
        self._said: list[str] = []
        """What was said of the present file."""

    async def run(self, work: Work) -> ExitCode:
        """Do every file; return whether all went well.

        Raises:
            StreamerError: There is but one file, and it is bad.
            BrokenPipeError: The reader of stdout has gone.
        """
        code = ExitCode.DONE
        for each in self._inputs:
            if isinstance(each, StreamerError):
                output.talk(str(each))
                is_well = False
            else:
                is_well = await self._do(each, work)
            code = code if is_well else ExitCode.FAILED
        return code

    def name_call(self, call_id: str) -> None:
        """Take note of the call that the present file becomes."""
        self._files = {call_id: self._file}  # those before have nothing to say any more

    async def tell(self, events: Subscription) -> None:
        """Say what goes wrong while the files are done."""
        async for event in events:
            if isinstance(event, Trouble):
                file = self._files.get(event.call_id or "", "")
                if self._is_single or not file:
                    output.talk(event.message)
                elif event.message not in "; ".join(self._said):
                    self._say(event.message)

    def say(self, message: str) -> None:
        """Say something about the present file that is no failure."""
        output.talk(message if self._file in message else f"{self._file}: {message}")

    async def _do(self, file: Path, work: Work) -> bool:
        self._file, self._said = str(file), []
        try:
            self._destination.check(file)
            self._bar.begin(file.name)
            transcript, trouble = await work(file)
            self._bar.rest()
            self._destination.take(file, transcript)
        except StreamerError as error:
            if self._is_single:
                raise
            self._say(str(error))
            return False
        except BrokenPipeError:
            raise
        except Exception:  # the edge of one file: those behind it are done all the same
            if self._is_single:
                raise
            self._say(f"internal error; details are in {log_crash()}")
            return False
        if trouble:
            self._say(trouble)
        return not trouble

    def _say(self, message: str) -> None:
        for said in self._said if not self._is_single else ():
            message = message.replace(said, "").strip("; ")
        if message:
            self.say(message)
            self._said.append(message)
