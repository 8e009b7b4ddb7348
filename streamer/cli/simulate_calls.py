"""`streamer simulate --audiosocket`: calls an AudioSocket server as Asterisk would, and judges what it sends back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid4

from streamer.cli import output
from streamer.cli.signals import run_to_end
from streamer.cli.simulate import SimulateOptions, parse_fault
from streamer.core.addresses import parse_address
from streamer.core.reasons import find_cause
from streamer.errors import ExitCode, UsageError
from streamer.simulator.audiosocket import Caller, CallResult, run_callers
from streamer.simulator.caller import (
    APP_RATE,
    CallerScript,
    load_caller,
    with_digits,
    with_hole,
    with_stall,
)
from streamer.simulator.returned import Returned
from streamer.simulator.script import EndKind
from streamer.wire.audiosocket import DIGITS, RATES
from streamer.wire.formats import Format

_MISLABELLED = tuple(format for format in Format if format is not Format.SLIN)
_LATE_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """The flags that describe the calls; None means that a flag was not given."""

    calls: int | None = None
    every: float | None = None
    uuids: list[str] = field(default_factory=list)
    rate: int | None = None
    format: str | None = None
    dtmf: list[str] = field(default_factory=list)
    hangs_up_at: float | None = None
    is_driver: bool = False
    save: Path | None = None


def run_calls(
    files: list[Path],
    address: str,
    *,
    loop: bool,
    speed: float,
    faults: SimulateOptions,
    options: CallOptions,
) -> int:
    """Make the calls and print their UUIDs; returns 1 if one ended as it should not have.

    Raises:
        UsageError: A file cannot be played, or flags contradict each other.
        UnreachableError: The server refuses the first call, or does not answer.
    """
    host, port = parse_address(address, flag="--audiosocket", lowest=1)
    scripts = [_with_faults(script, faults, options) for script in _load(files, options)]
    callers = [
        Caller(
            script,
            uuid,
            starts_at=number * (options.every or 0),
            hangs_up_at=options.hangs_up_at,
            loop=loop,
            speed=speed,
            has_timeout=not options.is_driver,
            save_to=options.save and options.save / f"{uuid}.wav",
        )
        for number, (script, uuid) in enumerate(_cast(scripts, options))
    ]
    if options.save:
        _check_new(options.save, callers)
    return run_to_end(_call(callers, host, port))


async def _call(callers: list[Caller], host: str, port: int) -> int:
    results = await run_callers(callers, host=host, port=port, on_connected=_name, on_ended=_tell)
    return ExitCode.DONE if all(result.is_expected for result in results) else ExitCode.FAILED


def _name(caller: Caller) -> None:
    try:
        output.data(str(caller.uuid))
    except BrokenPipeError:  # the calls go on although stdout has no reader
        output.close_quietly()


def _tell(result: CallResult) -> None:
    output.talk(f"{result.caller.uuid} {result.caller.script.name}: {describe(result)}")


def describe(result: CallResult) -> str:
    """Say in one line how a call ended and what came back."""
    parts = [f"{result.ending.value} after {result.seconds:.2f} s"]
    parts += [result.detail] if result.detail else []
    parts += [describe_audio(result.returned)]
    if result.lateness_s >= _LATE_S:
        parts.append(f"this machine was slow and sent frames up to {result.lateness_s:.2f} s late")
    parts += [
        f"the server sent audio of {rate} Hz in a call of {result.caller.script.rate} Hz, which may play at the wrong speed"
        for rate in result.odd_rates
    ]
    parts += [result.save_error] if result.save_error else []
    return "; ".join(parts)


def describe_audio(returned: Returned) -> str:
    """Say what came back, and how evenly."""
    if not returned.frames:
        return "nothing came back"
    text = f"{returned.frames} frames came back, {returned.seconds:.2f} s"
    text += " of silence" if returned.is_silent else f" of audio with a peak of {returned.peak:.0%}"
    if returned.spacing:
        s = returned.spacing
        text += f", {s.mean:.1f} ms apart ({s.least:.1f} to {s.most:.1f}, p99 {s.p99:.1f})"
    return f"{text}, longest gap {returned.longest_gap_s:.2f} s"


def _load(files: list[Path], options: CallOptions) -> list[CallerScript]:
    if options.rate is not None and options.format is not None:
        raise UsageError("--format sets the rate; leave --rate out")
    has_trace = any(path.suffix == ".jsonl" for path in files)
    if has_trace and (options.rate, options.format) != (None, None):
        raise UsageError("a trace sets the rate and the format; leave --rate and --format out")
    rate = APP_RATE if options.rate is None else options.rate
    if rate not in RATES.values():
        known = ", ".join(str(known) for known in RATES.values())
        raise UsageError(f"AudioSocket has no audio of {rate} Hz; --rate must be one of {known}")
    if options.format is not None and options.format not in _MISLABELLED:
        raise UsageError(
            f"--format must be one of {', '.join(_MISLABELLED)}, not {options.format!r}"
        )
    format = None if options.format is None else Format(options.format)
    return [load_caller(path, rate=rate, format=format) for path in files]


def _with_faults(
    script: CallerScript, faults: SimulateOptions, options: CallOptions
) -> CallerScript:
    for text in faults.holes:
        at, seconds = parse_fault(text)
        script = with_hole(script, at=at, seconds=seconds)
    for text in options.dtmf:
        script = _send_digits(script, text)
    for text in faults.stalls:
        at, seconds = parse_fault(text)
        script = with_stall(script, at=at, seconds=seconds)
    return replace(script, end=EndKind.BREAK) if faults.is_broken else script


def _send_digits(script: CallerScript, text: str) -> CallerScript:
    at, digits = parse_digits(text)
    return with_digits(script, at=at, digits=digits)


def parse_digits(text: str) -> tuple[float, str]:
    """Read `AT:DIGITS`.

    Raises:
        UsageError: It is something else.
    """
    at, _, digits = text.partition(":")
    digits = digits.upper()
    try:
        if not digits or not set(digits) <= DIGITS:
            raise ValueError
        parse_fault(f"{at}:1")  # the time is written as that of any fault
        return float(at), digits
    except (ValueError, UsageError):
        raise UsageError(
            f"{text!r} is not AT:DIGITS; write 3:12#, for example, for the digits 1, 2 and # from second 3 on"
        ) from None


def _cast(scripts: Sequence[CallerScript], options: CallOptions) -> list[tuple[CallerScript, UUID]]:
    """Give each call its script and a UUID: that of the flag, else that of a trace which is played once, else a new one."""
    count = len(scripts) if options.calls is None else options.calls
    if count < len(scripts):
        raise UsageError(
            f"--calls {count} is fewer than the {len(scripts)} files; each file needs a call"
        )
    if len(options.uuids) > count:
        raise UsageError(
            f"--uuid was given {len(options.uuids)} times for {count} calls; leave some out"
        )
    given = [_parse_uuid(text) for text in options.uuids]
    known = [*given, *(script.uuid for script in scripts[len(given) :])]
    known += [None] * (count - len(known))
    return [(scripts[n % len(scripts)], uuid or uuid4()) for n, uuid in enumerate(known)]


def _parse_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise UsageError(
            f"--uuid {text!r} is not a UUID; write it as 8-4-4-4-12 hexadecimal digits"
        ) from None


def _check_new(folder: Path, callers: list[Caller]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"the folder {folder} cannot be made: {find_cause(error)}; choose another one with --save"
        ) from error
    paths = [caller.save_to for caller in callers if caller.save_to]
    if len(set(paths)) < len(paths):
        raise UsageError(
            "two calls with the same UUID cannot both be saved; give each its own --uuid"
        )
    for path in paths:
        if path.exists():
            raise UsageError(f"the file {path} exists; name another folder with --save")
