"""`streamer simulate --as ari`: an Asterisk whose calls can be listed, followed and tapped over ARI."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streamer.cli import output
from streamer.cli.demo import demo_call
from streamer.cli.signals import run_to_end
from streamer.core.addresses import show_address
from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE
from streamer.core.reasons import explain
from streamer.core.untrusted import printable
from streamer.errors import UnreachableError, UsageError
from streamer.media.decode import decode_tracks
from streamer.media.opened import check_file
from streamer.simulator.ari.faults import FAULTS
from streamer.simulator.ari.originations import ENDPOINT_FAULTS
from streamer.simulator.ari.scenarios import SCENARIOS, Stage
from streamer.simulator.ari.server import PASSWORD, USER, SimulatedAri
from streamer.simulator.ari.sound import Speech

ANSWERED_AFTER_S = 2.0
_PHONES = 100
_PAUSE_S = 1.0

Voices = tuple[Speech | None, Speech | None]


@dataclass(frozen=True, slots=True)
class CallPlan:
    """Calls to have: how many, how many seconds between their starts, when each ends (None is with what is said, or never) or what happens in it."""

    calls: int | None = None
    every: float = 0.0
    hangs_up_at: float | None = None
    loop: bool = False
    scenario: str | None = None
    faults: Sequence[str] = ()

    def check(self) -> None:
        """Refuse what does not fit together.

        Raises:
            UsageError: There is no such scenario, or it would have two ends.
        """
        if self.scenario is None:
            return
        if self.scenario not in SCENARIOS:
            raise UsageError(
                f"--scenario is one of {', '.join(SCENARIOS)}, not {printable(self.scenario)}"
            )
        if self.hangs_up_at is not None:
            raise UsageError("a --scenario ends by itself; leave --hangup out")


def run_ari(files: Sequence[Path], *, host: str, port: int, plan: CallPlan) -> int:
    """Stand in until a signal comes; the parties of each call say what is in a pair of files, or in the bundled call again and again.

    Raises:
        UsageError: A file holds no audio, or the plan contradicts itself.
        UnreachableError: The port cannot be had.
    """
    plan.check()
    voices = load_voices(files)
    return run_to_end(_serve(host, port, plan, voices))


def load_voices(files: Sequence[Path]) -> list[Voices]:
    """Return what the two parties of each call say; a file with two channels is a call of its own.

    Raises:
        UsageError: A file holds no audio.
    """
    for path in files:
        check_file(path)
    tracks = [track for path in files or [demo_call()] for track in decode_tracks(path)]
    voices = [Speech(track, repeats=not files) for track in tracks]
    return [
        (voices[n], voices[n + 1] if n + 1 < len(voices) else None)
        for n in range(0, len(voices), 2)
    ]


async def _serve(host: str, port: int, plan: CallPlan, voices: list[Voices]) -> int:
    ari = SimulatedAri()
    _set_faults(ari, plan.faults)
    ari.board.others.voice = voices[0][0]
    try:
        async with ari.open(host, port) as bound, asyncio.TaskGroup() as group:
            url = f"http://{show_address(host, bound)}"
            output.talk(
                f"a simulated Asterisk; STREAMER_ARI_URL={url} STREAMER_ARI_USER={USER}"
                f" STREAMER_ARI_PASSWORD={PASSWORD} streamer channels"
            )
            output.data(f"{url}/ari")
            for number in range(len(voices) if plan.calls is None else plan.calls):
                group.create_task(_play(ari, number, plan, voices[number % len(voices)]))
            await asyncio.Event().wait()
    except OSError as error:
        raise UnreachableError(
            f"cannot listen on {show_address(host, port)}: {explain(error)}"
        ) from error
    return 0


def _set_faults(ari: SimulatedAri, given: Sequence[str]) -> None:
    for text in given:
        try:
            if not ari.board.set_fault(text):
                ari.faults.set(text)
        except ValueError as error:
            raise UsageError(
                f"--fault {printable(text)} is none of {', '.join((*FAULTS, *ENDPOINT_FAULTS))}"
            ) from error


async def _play(ari: SimulatedAri, number: int, plan: CallPlan, voices: Voices) -> None:
    await asyncio.sleep(number * plan.every)
    first = _PHONES + (3 if plan.scenario else 2) * number
    while True:
        if plan.scenario:
            stage = Stage(ari.pbx, asyncio.sleep, voices, first, told=output.talk)
            await SCENARIOS[plan.scenario](stage)
        else:
            await _play_call(ari, first, plan, voices)
        if not plan.loop:
            return
        await asyncio.sleep(_PAUSE_S)


async def _play_call(ari: SimulatedAri, first: int, plan: CallPlan, voices: Voices) -> None:
    """Let one telephone call another; a call without an end goes on until the stand-in is stopped."""
    ends_at = _find_end(voices) if plan.hangs_up_at is None else plan.hangs_up_at
    call = ari.pbx.start_call(str(first), str(first + 1), voices=voices)
    if ends_at is None or ends_at > ANSWERED_AFTER_S:
        await asyncio.sleep(ANSWERED_AFTER_S)
        call.answer()
    if ends_at is None:
        await asyncio.Event().wait()
        return
    is_answered = ends_at > ANSWERED_AFTER_S
    await asyncio.sleep(ends_at - ANSWERED_AFTER_S if is_answered else ends_at)
    call.hang_up()


def _find_end(voices: Voices) -> float | None:
    said = [voice for voice in voices if voice is not None]
    if any(voice.repeats for voice in said):
        return None
    longest = max(len(voice.pcm) for voice in said)
    return ANSWERED_AFTER_S + longest / SAMPLE_WIDTH / SLIN16_RATE
