"""Which modules of Asterisk a tap needs, and which are dangerous; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from streamer.doctor.findings import Finding, fault, ok, warn

RUNNING = "Running"
_TIMERS = ("res_timing_timerfd", "res_timing_dahdi", "res_timing_kqueue")
_POOR_TIMER = "res_timing_pthread"
_STREAM = "res_ari_stream"


@dataclass(frozen=True, slots=True)
class _Need:
    """Modules without which something does not work."""

    names: Sequence[str]
    what: str


_NEEDS = (
    _Need(
        (
            "res_ari",
            "res_ari_channels",
            "res_ari_bridges",
            "res_ari_applications",
            "res_ari_events",
        ),
        "ARI cannot make taps",
    ),
    _Need(("res_stasis", "res_stasis_snoop"), "no channel can be listened to over ARI"),
    _Need(("res_http_websocket",), "ARI has no events"),
    _Need(("bridge_simple", "codec_resample"), "audio cannot be passed on or converted"),
)
_AUDIOSOCKET = ("res_audiosocket", "chan_audiosocket")
_WEBSOCKET = "chan_websocket"
_APPLICATION = "app_audiosocket"


def judge_modules(modules: Mapping[str, str] | None) -> Iterator[Finding]:
    """Yield what is missing, or is better not there; the state of each module by its name, None if they could not be listed."""
    if modules is None:
        yield warn(
            "modules",
            "Asterisk does not list its modules",
            "load res_ari_asterisk, or look at `module show like ari` in Asterisk",
        )
        return
    running = {name for name, state in modules.items() if state == RUNNING}
    found = [*_judge_needs(modules, running), *_judge_media(modules, running)]
    yield from found or [ok("modules", "all that a tap needs are running")]
    yield _judge_stream(running)
    yield _judge_timing(running)


def _judge_needs(modules: Mapping[str, str], running: set[str]) -> Iterator[Finding]:
    for need in _NEEDS:
        missing = [name for name in need.names if name not in running]
        if missing:
            message = f"{_say_missing(modules, missing)}, so {need.what}"
            yield fault("modules", message, _say_load(missing))


def _judge_media(modules: Mapping[str, str], running: set[str]) -> Iterator[Finding]:
    missing = [name for name in _AUDIOSOCKET if name not in running]
    if missing and _WEBSOCKET not in running:
        message = (
            f"{_say_missing(modules, [*missing, _WEBSOCKET])}, so no audio can come from Asterisk"
        )
        yield fault("modules", message, _say_load(missing))
    elif missing:
        message = f"{_say_missing(modules, missing)}, so only chan_websocket can bring audio; AudioSocket is the safer way"
        yield warn("modules", message, _say_load(missing))
    if not missing and _APPLICATION not in running:
        message = f"{_say_missing(modules, [_APPLICATION])}, so AudioSocket() is no application of the dialplan"
        yield warn("modules", message, f"{_say_load([_APPLICATION])} if your dialplan calls it")


def _say_missing(modules: Mapping[str, str], missing: Sequence[str]) -> str:
    idle = [name for name in missing if name in modules]
    if len(idle) == len(missing):
        return f"{_join(missing)} {_be(missing)} loaded but not running"
    return f"{_join(missing)} {_be(missing)} missing"


def _say_load(missing: Sequence[str]) -> str:
    return (
        f"`module load {missing[0]}.so` in Asterisk"
        + (", and the others" if len(missing) > 1 else "")
        + "; remove noload in modules.conf; a module that is not there belongs to a package, or to `make menuselect`"
    )


def _judge_stream(running: set[str]) -> Finding:
    if _STREAM not in running:
        return ok(
            "stream-channel",
            "the module is not loaded; taps over ARI and AudioSocket do without it",
        )
    return warn(
        "stream-channel",
        "the module res_ari_stream is loaded: a client that leaves early freezes its call, whoever reaches the port can listen, and memory leaks",
        "listen over ARI instead, and keep Asterisk's HTTP port on loopback; docs/safety.md says what can happen",
    )


def _judge_timing(running: set[str]) -> Finding:
    good = [name for name in _TIMERS if name in running]
    if good:
        return ok("timing", f"{good[0]} is running")
    if _POOR_TIMER in running:
        return warn(
            "timing",
            "only res_timing_pthread is running, which is late on a busy machine, so audio stutters",
            "`module load res_timing_timerfd.so`, then `timing test` in Asterisk shows 50 ticks a second",
        )
    return fault(
        "timing",
        "no module of timing is running, so bridges and announcements stand still",
        "`module load res_timing_timerfd.so`, then `timing test` in Asterisk shows 50 ticks a second",
    )


def _join(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _be(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
