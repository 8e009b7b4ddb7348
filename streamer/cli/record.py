"""`streamer record`: a tap in the foreground."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from streamer.bus import Bus, Subscription
from streamer.cli import output
from streamer.cli.files import check_new
from streamer.cli.legs import parse_legs
from streamer.cli.progress import Progress, open_progress
from streamer.cli.signals import say_if_slow
from streamer.config import Settings
from streamer.core.events import CallStarted, EndReason, LegEnded, Trouble
from streamer.errors import ExitCode, RecordingError, UsageError
from streamer.recording.private_files import make_private_folder
from streamer.recording.reader import list_wavs, say_what_a_kill_does, say_what_goes_on
from streamer.recording.writer import Recording, is_wav_name
from streamer.tap.locking import ChannelTakenError
from streamer.tap.outbound import EndedCall, follow_call, record_call
from streamer.tap.plan import AriPlan, TapPlan, plan_tap
from streamer.tap.tap import Stop, TapResult
from streamer.wire.protocols import PROTOCOLS

_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_record(
    settings: Settings,
    channels: list[str],
    *,
    output_path: Path | None,
    force: bool,
    seconds: float | None,
    quiet: bool,
) -> int:
    """Record to the call's end, print the WAVs' paths, return the exit code.

    Raises:
        StreamerError: Nothing was recorded; the message says why.
    """
    legs = tuple(parse_legs(channels))
    if output_path is not None:
        _check_output(output_path, legs_count=len(legs), force=force)
    plan = plan_tap(settings, legs, output=output_path)
    if settings.insecure and plan.url.startswith(("wss:", "https:")):
        output.talk(
            "warning: --insecure accepts any certificate, so anybody on the network path can listen"
        )
    while True:
        run = _Run(plan, seconds=seconds, progress=open_progress(is_quiet=quiet))
        try:
            return asyncio.run(run.record())
        except ChannelTakenError as taken:
            code = asyncio.run(_follow(taken, has_output=output_path is not None))
        if code is not None:
            return code
        output.talk("the other streamer process recorded nothing; recording in this one")


def _check_output(path: Path, *, legs_count: int, force: bool) -> None:
    """Check an output before anything is connected."""
    if is_wav_name(path):
        if legs_count > 1:
            raise UsageError(
                f"{legs_count} channels cannot be written to one file {path}; name a folder with --output"
            )
        check_new(path, force=force)
        if path.is_symlink():
            raise UsageError(f"{path} is a link; name the file itself with --output")
        return
    if path.suffix and not path.is_dir():
        raise UsageError(
            f"{path} is neither a folder nor a .wav file; name a .wav file, or make the folder first"
        )
    try:
        make_private_folder(path)
    except OSError as error:
        raise UsageError(
            f"{path} is neither a folder nor a .wav file; name one with --output"
        ) from error
    if not os.access(path, os.W_OK):
        raise RecordingError(
            f"the folder {path} of the output cannot be written; choose another one with --output"
        )


class _Run:
    """One recording in the foreground, with its signals and its progress."""

    def __init__(
        self, plan: TapPlan | AriPlan, *, seconds: float | None, progress: Progress
    ) -> None:
        self._plan = plan
        self._seconds = seconds
        self._progress = progress
        self._bus = Bus()
        self._stop = Stop()
        self._signal: int | None = None
        self._recording: Recording | None = None

    async def record(self) -> int:
        """Record and return the exit code."""
        self._catch_signals()
        with self._bus.subscribe() as events:
            telling = asyncio.ensure_future(self._tell(events))
            showing = asyncio.ensure_future(self._progress.run())
            try:
                result = await record_call(
                    self._plan, self._bus, self._stop, on_recording=self._on_recording
                )
            finally:
                showing.cancel()
                await asyncio.wait([showing])
                self._progress.close()
                self._bus.close()
                await telling
        return self._end(result)

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _ENDING_SIGNALS:
            loop.add_signal_handler(number, self._on_signal, number)
        note = "Ctrl-Z has no effect here: a suspended recorder loses audio. Ctrl-C ends the recording."
        loop.add_signal_handler(signal.SIGTSTP, output.talk, note)

    def _on_signal(self, number: int) -> None:
        if self._signal is None:
            say_if_slow("writing the last audio to the disk")
        self._signal = self._signal or number
        self._stop.request(EndReason.INTERRUPTED)

    def _on_recording(self, recording: Recording) -> None:
        self._recording = recording
        self._progress.watch(recording)
        if self._seconds is not None:
            asyncio.get_running_loop().call_later(
                self._seconds, self._stop.request, EndReason.STOPPED
            )

    async def _tell(self, events: Subscription) -> None:
        async for event in events:
            match event:
                case CallStarted(call, folder):
                    if not self._progress.is_quiet:
                        self._progress.say(f"recording {call.id} into {folder}")
                case LegEnded(_, leg, _, message) if message:
                    self._progress.say(f"{leg}: {message}")
                case Trouble(_, message):
                    self._progress.say(message)
                case _:
                    pass

    def _end(self, result: TapResult) -> int:
        assert self._recording is not None
        if result.recorded_nothing:
            return result.exit_code
        for path in list_wavs(self._recording.folder):
            output.data(str(path))
        if result.lost:
            output.talk(f"streamer: lost {result.lost} samples of audio")
        was_left = result.reason in (EndReason.STOPPED, EndReason.INTERRUPTED)
        if was_left and PROTOCOLS[self._recording.call.source].is_in_call_path:
            output.talk(f"recording stopped; {say_what_goes_on(self._recording.folder)}")
        # 128+n promises that everything is saved.
        is_whole = not result.lost and result.took_all
        return 128 + self._signal if self._signal and is_whole else result.exit_code


async def _follow(taken: ChannelTakenError, *, has_output: bool) -> int | None:
    """Wait for the end of a call that another process records; a signal ends only the waiting. Returns None if nothing was recorded."""
    folder = taken.folder
    loop = asyncio.get_running_loop()
    following = asyncio.ensure_future(follow_call(folder))
    caught: list[int] = []

    def leave(number: int) -> None:
        caught.append(number)
        following.cancel()

    for number in _ENDING_SIGNALS:
        loop.add_signal_handler(number, leave, number)
    ignored = " (--output has no effect)" if has_output else ""
    output.talk(
        f"{taken}; waiting for its end{ignored}; Ctrl-C stops waiting, the recording continues"
    )
    await asyncio.wait([following])
    if following.cancelled():
        output.talk(f"still recording {folder.name}; stop: streamer stop {folder.name}")
        return 128 + caught[0]
    ended = following.result()
    return None if ended is None else _end_following(ended, folder)


def _end_following(ended: EndedCall, folder: Path) -> int:
    for path in ended.paths:
        output.data(str(path))
    if ended.reason is None:
        return output.fail(
            f"the recorder was killed; the WAVs end there; {say_what_a_kill_does(folder)}",
            ExitCode.FAILED,
        )
    return ExitCode.FAILED if ended.lost or ended.reason is EndReason.LOST else ExitCode.DONE
