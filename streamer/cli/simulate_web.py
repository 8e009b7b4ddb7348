"""`streamer simulate --as`: calls a WebSocket server as a PBX or a cloud would, or waits as Asterisk does, and judges what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from streamer.cli import output
from streamer.cli.signals import run_to_end
from streamer.cli.simulate import SimulateOptions, parse_fault
from streamer.cli.simulate_calls import describe_audio, parse_digits
from streamer.core.addresses import show_address
from streamer.core.untrusted import printable
from streamer.errors import ExitCode, UnreachableError, UsageError
from streamer.simulator.script import EndKind
from streamer.simulator.websocket.calls import WaitingAsterisk, make_calls
from streamer.simulator.websocket.conversation import WebCall, WebResult
from streamer.simulator.websocket.heard import Ending
from streamer.simulator.websocket.script import (
    FORMATS,
    WRITERS,
    WebScript,
    with_digits,
    with_hole,
    with_stall,
)
from streamer.simulator.websocket.trace import load_trace
from streamer.wire.stream_channel import check_url, public_url
from streamer.wire.websocket import chan_websocket, twilio, yeastar
from streamer.wire.websocket.base import MediaFormat
from streamer.wire.websocket.codecs import name_asterisk_format

RAPIDA = "rapida"
"""chan_websocket as a dialplan of Rapida's uses it: by a context that is asked for first."""

_LATE_S = 0.05
_RATES = {
    chan_websocket.SOURCE: (8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000),
    yeastar.SOURCE: yeastar.RATES,
    twilio.SOURCE: (8_000,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebCallOptions:
    """The flags that describe the calls; None means that a flag was not given."""

    calls: int | None = None
    every: float | None = None
    ids: list[str] = field(default_factory=list)
    rate: int | None = None
    format: str | None = None
    is_json: bool = False
    dtmf: list[str] = field(default_factory=list)
    hangs_up_at: float | None = None
    save: Path | None = None


def run_web_calls(
    files: list[Path],
    source: str,
    url: str | None,
    *,
    host: str,
    port: int,
    loop: bool,
    speed: float,
    faults: SimulateOptions,
    options: WebCallOptions,
) -> int:
    """Make the calls, or wait for them to be fetched, and print their ids; returns 1 if one ended as it should not have.

    Raises:
        UsageError: A file cannot be played, or flags contradict each other.
        UnreachableError: No call gets a connection, or the port cannot be had.
    """
    asks_first = source == RAPIDA
    if asks_first:
        _check_rapida(url, options)
        source = chan_websocket.SOURCE
    _check(source, url, options)
    format = _find_format(source, options)
    calls = [
        WebCall(
            source,
            _with_faults(script, faults, options),
            _address(source, url, script.call, is_named=number < len(options.ids)),
            starts_at=number * (options.every or 0),
            hangs_up_at=options.hangs_up_at,
            loop=loop,
            speed=speed,
            save_to=_name_wav(options, script.call),
            asks_first=asks_first,
        )
        for number, script in enumerate(_write(files, source, format, options))
    ]
    return run_to_end(_call(calls) if url else _wait(calls, host, port))


async def _call(calls: list[WebCall]) -> int:
    results = await make_calls(calls, on_connected=_name, on_ended=_tell)
    if all(result.ending is Ending.UNREACHABLE for result in results):
        raise UnreachableError(
            f"{public_url(calls[0].url)} cannot be reached: {results[0].detail}; start the server first"
        )
    return _judge(results)


async def _wait(calls: list[WebCall], host: str, port: int) -> int:
    asterisk = WaitingAsterisk(calls, on_ended=_tell)
    try:
        async with asterisk.open(host, port) as bound:
            output.talk(
                f"a simulated Asterisk at {show_address(host, bound)}; each channel waits at its url:"
            )
            for call in calls:
                output.data(f"ws://{show_address(host, bound)}/media/{quote(call.script.call)}")
            await asterisk.over.wait()
    except OSError as error:
        raise UnreachableError(
            f"cannot listen on {show_address(host, port)}: {error.strerror or error}"
        ) from error
    return _judge(asterisk.results)


def _judge(results: Sequence[WebResult]) -> int:
    return ExitCode.DONE if all(result.is_expected for result in results) else ExitCode.FAILED


def _name(call: WebCall) -> None:
    try:
        output.data(call.script.call)
    except BrokenPipeError:  # the calls go on although stdout has no reader
        output.close_quietly()


def _tell(result: WebResult) -> None:
    script = result.call.script
    output.talk(f"{script.call} {script.name}: {describe(result)}")


def describe(result: WebResult) -> str:
    """Say in one line how a call ended and what came back."""
    parts = [f"{result.ending.value} after {result.seconds:.2f} s"]
    parts += [printable(result.detail)] if result.detail else []
    parts += [describe_audio(result.returned), *result.notes]
    if result.lateness_s >= _LATE_S:
        parts.append(
            f"this machine was slow and sent messages up to {result.lateness_s:.2f} s late"
        )
    parts += [result.save_error] if result.save_error else []
    return "; ".join(parts)


def _check(source: str, url: str | None, options: WebCallOptions) -> None:
    if source not in WRITERS:
        known = ", ".join([*WRITERS, RAPIDA, "ari"])
        raise UsageError(f"--as must be one of {known}, not {printable(source)!r}")
    if url is not None:
        check_url(url)
    elif source != chan_websocket.SOURCE:
        raise UsageError(
            f"--as {source} connects to a server; name it with --url ws://HOST:PORT/PATH"
        )
    if options.is_json and source != chan_websocket.SOURCE:
        raise UsageError("--json is a way to write chan-websocket's control messages; leave it out")


def _check_rapida(url: str | None, options: WebCallOptions) -> None:
    if url is None:
        raise UsageError(f"--as {RAPIDA} connects to a server; name it with --url ws://HOST:PORT")
    if options.ids:
        raise UsageError(f"--uuid cannot be used with --as {RAPIDA}: the server names each call")


def _find_format(source: str, options: WebCallOptions) -> MediaFormat:
    """Return what is sent: by --format, else by --rate, else what is usual."""
    if options.format is not None:
        format = name_asterisk_format(options.format)
        if source != chan_websocket.SOURCE or options.rate is not None:
            raise UsageError(
                "--format is for --as chan-websocket, and sets the rate; leave the other out"
            )
        if format.codec not in ("slin", "ulaw", "alaw"):
            raise UsageError(
                f"--format must be ulaw, alaw, slin or slin12 to slin192, not {printable(options.format)!r}"
            )
        return format
    if options.rate is None:
        return FORMATS[source]
    known = _RATES.get(source, range(4_000, 192_001))
    if options.rate not in known:
        raise UsageError(
            f"--as {source} has no audio of {options.rate} Hz; --rate must be one of"
            f" {', '.join(map(str, known)) if isinstance(known, tuple) else '4000 to 192000'}"
        )
    return replace(FORMATS[source], rate=options.rate)


def _write(
    files: list[Path], source: str, format: MediaFormat, options: WebCallOptions
) -> list[WebScript]:
    count = len(files) if options.calls is None else options.calls
    if count < len(files):
        raise UsageError(
            f"--calls {count} is fewer than the {len(files)} files; each file needs a call"
        )
    if len(options.ids) > count:
        raise UsageError(
            f"--uuid was given {len(options.ids)} times for {count} calls; leave some out"
        )
    if len(set(options.ids)) < len(options.ids):
        raise UsageError("two calls cannot have the same --uuid; give each its own")
    given = [*options.ids, *([""] * (count - len(options.ids)))]
    scripts: dict[str, WebScript] = {}
    for number, call in enumerate(given):
        script = _write_one(files[number % len(files)], source, format, options, call=call)
        if script.call in scripts:
            script = replace(script, call=str(uuid4()))
        scripts[script.call] = script
    return list(scripts.values())


def _write_one(
    path: Path, source: str, format: MediaFormat, options: WebCallOptions, *, call: str
) -> WebScript:
    if path.suffix != ".jsonl":
        more = {"is_json": options.is_json} if source == chan_websocket.SOURCE else {}
        return WRITERS[source](path, call=call or str(uuid4()), format=format, **more)
    if source != chan_websocket.SOURCE or (options.rate, options.format) != (None, None):
        raise UsageError(
            f"{path} is a trace, which only --as chan-websocket plays, without --rate and --format"
        )
    return load_trace(path, call=call)


def _address(source: str, url: str | None, call: str, *, is_named: bool) -> str:
    """Return the url; chan_websocket's has a call's name in the query, if it was given, as v() puts it there."""
    if not url or source != chan_websocket.SOURCE or not is_named:
        return url or ""
    return f"{url}{'&' if '?' in url else '?'}contextId={quote(call, safe='')}"


def _with_faults(script: WebScript, faults: SimulateOptions, options: WebCallOptions) -> WebScript:
    for text in faults.holes:
        at, seconds = parse_fault(text)
        script = with_hole(script, at=at, seconds=seconds)
    for text in options.dtmf:
        at, digits = parse_digits(text)
        try:
            script = with_digits(script, at=at, digits=digits)
        except ValueError as error:
            raise UsageError(f"--dtmf cannot be used here: {error}") from error
    for text in faults.stalls:
        at, seconds = parse_fault(text)
        script = with_stall(script, at=at, seconds=seconds)
    return replace(script, end=EndKind.BREAK) if faults.is_broken else script


def _name_wav(options: WebCallOptions, call: str) -> Path | None:
    if options.save is None:
        return None
    path = options.save / f"{quote(call, safe='')}.wav"
    if path.exists():
        raise UsageError(f"the file {path} exists; name another folder with --save")
    try:
        options.save.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"the folder {options.save} cannot be made: {error.strerror}; choose another one with --save"
        ) from error
    return path
