"""`streamer simulate`: a simulated Asterisk that serves files as live channels."""

from __future__ import annotations

import asyncio
import math
import shlex
import signal
from dataclasses import dataclass, replace
from pathlib import Path

from streamer.cli import output
from streamer.core.addresses import show_address
from streamer.core.reasons import explain
from streamer.core.untrusted import printable
from streamer.errors import ExitCode, UnreachableError, UsageError
from streamer.simulator.report import Report
from streamer.simulator.script import ChannelScript, EndKind, load_script, with_hole, with_stall
from streamer.simulator.stream_channel import StreamChannelSimulator, open_simulator

_FIRST_UNIQUE_ID = 1_700_000_000


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """Faults to play: `AT:SECONDS` holes and stalls, and an end without a close frame."""

    holes: list[str]
    stalls: list[str]
    is_broken: bool


def run_simulate(
    files: list[Path],
    *,
    host: str,
    port: int,
    loop: bool,
    speed: float,
    channel: str | None,
    options: SimulateOptions,
) -> int:
    """Serve until every channel has been played, or for ever with `loop`; returns 1 if a client did harm.

    Raises:
        UsageError: A file cannot be played.
        UnreachableError: The port cannot be had.
    """
    groups = []
    for number, path in enumerate(files):
        name = channel or f"Simulated/{path.stem}"
        is_ambiguous = len(files) > 1 and (
            channel or sum(other.stem == path.stem for other in files) > 1
        )
        name = f"{name}-{number + 1}" if is_ambiguous else name
        scripts = load_script(path, name=name, unique_id=str(_FIRST_UNIQUE_ID + number))
        groups.append([_with_faults(script, options) for script in scripts])
    simulator = StreamChannelSimulator(groups, speed=speed, loop=loop, on_report=_warn)
    return asyncio.run(_serve(simulator, host, port))


async def _serve(simulator: StreamChannelSimulator, host: str, port: int) -> int:
    interrupted = asyncio.Event()
    caught: list[int] = []

    def interrupt(number: int) -> None:
        caught.append(number)
        interrupted.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, interrupt, number)
    try:
        async with open_simulator(simulator, host=host, port=port):
            _print_channels(simulator, host)
            ends = [
                asyncio.ensure_future(simulator.over.wait()),
                asyncio.ensure_future(interrupted.wait()),
            ]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()
    except OSError as error:
        raise UnreachableError(
            f"cannot listen on {show_address(host, port)}: {explain(error)}"
        ) from error
    if simulator.reports:
        return ExitCode.FAILED
    return 128 + caught[0] if caught else ExitCode.DONE


def _print_channels(simulator: StreamChannelSimulator, host: str) -> None:
    output.talk(
        f"a simulated Asterisk at ws://{show_address(host, simulator.port)}/ws; name and unique id of each channel:"
    )
    for script in simulator.scripts:
        output.data(f"{shlex.quote(printable(script.name))}\t{printable(script.unique_id)}")


def _warn(report: Report) -> None:
    output.talk(f"HARM {report}")


def _with_faults(script: ChannelScript, options: SimulateOptions) -> ChannelScript:
    for text in options.holes:
        at, seconds = parse_fault(text)
        script = with_hole(script, at=at, seconds=seconds)
    for text in options.stalls:
        at, seconds = parse_fault(text)
        script = with_stall(script, at=at, seconds=seconds)
    return replace(script, end=EndKind.BREAK) if options.is_broken else script


def parse_fault(text: str) -> tuple[float, float]:
    """Read `AT:SECONDS`.

    Raises:
        UsageError: It is something else.
    """
    at, _, seconds = text.partition(":")
    try:
        if not (float(at) >= 0 and 0 < float(seconds) < math.inf):
            raise ValueError
        return float(at), float(seconds)
    except ValueError:
        raise UsageError(
            f"{text!r} is not AT:SECONDS; write 3:2, for example, for two seconds from second 3 on"
        ) from None
