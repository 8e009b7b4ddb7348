"""What an Asterisk is good for, by what its ARI tells; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from streamer.doctor.findings import Finding, Level, fault, ok, split_advice, warn
from streamer.doctor.modules import judge_modules
from streamer.errors import UsageError
from streamer.wire.pbx.faults import advise, find_faults, is_too_old
from streamer.wire.pbx.versions import parse_version

MOST_LATENCY_S = 0.1
"""Seconds of an answer: a tap takes four requests, and its call is not heard until then."""

MOST_EVENT_S = 0.5
MOST_CLOCK_S = 3.0
"""Seconds between two clocks; the header Date has whole seconds."""

USUAL_SESSIONS = 100
"""Connections that Asterisk's HTTP server takes if http.conf does not say another number."""

WANTED_SESSIONS = 300
_NEARLY = 0.7
_PROXIES = (
    *(
        "nginx",
        "openresty",
        "apache",
        "caddy",
        "envoy",
        "istio",
        "traefik",
        "haproxy",
        "cloudflare",
    ),
    *("varnish", "squid", "lighttpd", "litespeed", "microsoft-iis", "awselb", "kong", "gunicorn"),
)
"""What else than Asterisk may call itself a server; Asterisk's own name can be set in http.conf."""
_CODECS = {
    8: "ulaw alaw gsm g729 g726 ilbc slin speex",
    16: "g722 slin16 speex16 siren7 silk16",
    32: "siren14 slin32",
    48: "opus slin48",
}
_RATES = {codec: rate for rate, codecs in _CODECS.items() for codec in codecs.split()}
"""Thousands of samples a second that a codec carries, by Asterisk's names."""

_OPENING = (
    "load res_http_websocket and res_ari_events; a proxy in between must pass the header Upgrade on"
)
_BUFFERING = "switch buffering off in the proxy (nginx: proxy_buffering off), or let ari_url name Asterisk itself"


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A live channel's codecs as Asterisk names them, the first one preferred."""

    name: str
    codecs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PbxFacts:
    """What was asked of ARI; what is None could not be found out."""

    is_wanted: bool
    """A user or a password of ARI is set."""
    url: str = ""
    user: str = ""
    trouble: str = ""
    """Why the settings cannot be meant."""
    unreachable: str = ""
    version: str = ""
    latencies_s: Sequence[float] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of an answer, names in small letters."""
    clock_ahead_s: float | None = None
    """The PBX's clock minus ours."""
    modules: Mapping[str, str] | None = None
    """The state of each, by its name without `.so`."""
    is_read_only: bool | None = None
    events_trouble: str = ""
    are_events_kept: bool = False
    """An event of our own did not come."""
    event_s: float | None = None
    """From the request that makes an event to the event."""
    session_limit: int | None = None
    """What http.conf of this machine says, if the PBX runs here."""
    sessions: int | None = None
    """Those that are known: applications, and media over WebSockets."""
    channels: Sequence[ChannelFacts] = ()


def judge_pbx(facts: PbxFacts) -> Iterator[Finding]:
    """Yield what is right and wrong with a PBX."""
    if not facts.is_wanted:
        yield ok(
            "ari",
            "not looked at, for ari_user and ari_password are not set; `streamer config asterisk --via ari` prints what Asterisk needs",
        )
    elif facts.trouble:
        yield fault("ari", *_say_trouble(facts.trouble))
    elif facts.unreachable:
        yield _judge_absence(facts)
    else:
        yield ok("ari", f"{facts.url} answers, and lets {facts.user} in")
        yield from _judge_answers(facts)


def _judge_answers(facts: PbxFacts) -> Iterator[Finding]:
    yield _judge_rights(facts)
    yield _judge_events(facts)
    yield _judge_latency(facts)
    yield _judge_proxy(facts)
    yield _judge_clock(facts)
    yield _judge_sessions(facts)
    yield from judge_version(facts.version)
    yield from judge_modules(facts.modules)
    yield from _judge_codecs(facts)


def _say_trouble(text: str) -> tuple[str, str]:
    message, remedy = split_advice(text)
    return message, remedy or "correct it in the config file"


def _judge_absence(facts: PbxFacts) -> Finding:
    message, remedy = split_advice(facts.unreachable)
    if "cannot be reached" in message:
        remedy += "; Asterisk listens after `enabled = yes` in http.conf and `module reload http`"
    if "does not speak HTTP" in message:
        remedy += f"; if its log says that the session count is exceeded, set sessionlimit = {WANTED_SESSIONS} there"
    return Finding("ari", Level.ERROR, message, remedy, is_unreachable=True)


def _judge_rights(facts: PbxFacts) -> Finding:
    match facts.is_read_only:
        case True:
            return fault(
                "ari rights",
                f"the user {facts.user} may only read, so no call can be tapped",
                "set read_only = no for this user in ari.conf, then `module reload res_ari.so`",
            )
        case False:
            return ok("ari rights", f"the user {facts.user} may do what a tap needs")
        case None:
            return warn(
                "ari rights",
                f"whether the user {facts.user} may do what a tap needs cannot be found out",
                "look for read_only = no in ari.conf",
            )


def _judge_events(facts: PbxFacts) -> Finding:
    if facts.events_trouble:
        message, remedy = split_advice(facts.events_trouble)
        return fault("ari events", message, f"{remedy}; {_OPENING}" if remedy else _OPENING)
    if facts.are_events_kept:
        message = "the WebSocket of events opens, but no event comes through it"
        return fault("ari events", message, _BUFFERING)
    if facts.event_s is None:
        return ok("ari events", "the WebSocket of events opens")
    took = f"an event comes {facts.event_s * 1000:.0f} ms after what caused it"
    if facts.event_s > MOST_EVENT_S:
        return warn(
            "ari events",
            f"{took}: something in between keeps data back",
            _BUFFERING,
        )
    return ok("ari events", took)


def _judge_latency(facts: PbxFacts) -> Finding:
    if not facts.latencies_s:
        return ok("ari latency", "not measured")
    usual = median(facts.latencies_s)
    took = f"an answer takes {usual * 1000:.0f} ms, at most {max(facts.latencies_s) * 1000:.0f} ms"
    if usual > MOST_LATENCY_S:
        return warn(
            "ari latency",
            f"{took}; a tap needs four, so the first second of a call may be lost",
            "run streamer near Asterisk, and look at the load of both and at the network in between",
        )
    return ok("ari latency", took)


def _judge_proxy(facts: PbxFacts) -> Finding:
    server = facts.headers.get("server", "")
    is_proxy = server.lower().startswith(_PROXIES)
    signs = [
        name for name in ("via", "x-cache", "x-accel-buffering", "cf-ray") if name in facts.headers
    ]
    if not signs and not is_proxy:
        return ok("ari proxy", "nothing is seen between Asterisk and streamer")
    who = server if is_proxy else f"it sends the header {signs[0]}"
    return warn(
        "ari proxy",
        f"a proxy answers for Asterisk ({who}); it may keep data back and close quiet WebSockets",
        "let ari_url name Asterisk itself, or switch buffering off there and raise its timeout above 60 s",
    )


def _judge_clock(facts: PbxFacts) -> Finding:
    ahead = facts.clock_ahead_s
    if ahead is None:
        return ok("clock", "Asterisk does not say what time it has")
    if abs(ahead) > MOST_CLOCK_S:
        way = "ahead of" if ahead > 0 else "behind"
        return warn(
            "clock",
            f"the clock of the PBX is {abs(ahead):.0f} s {way} ours, so times of calls do not fit its own records",
            "keep both right by NTP (`timedatectl set-ntp true`, or chrony)",
        )
    return ok("clock", f"the clocks of the PBX and of this machine agree to {MOST_CLOCK_S:g} s")


def _judge_sessions(facts: PbxFacts) -> Finding:
    limit = facts.session_limit
    known = limit if limit is not None else USUAL_SESSIONS
    where = (
        "sessionlimit in http.conf"
        if limit is not None
        else "the usual limit, for ARI does not tell it"
    )
    remedy = f"set sessionlimit = {WANTED_SESSIONS} in http.conf, then `module reload http`"
    if facts.sessions is not None and facts.sessions >= _NEARLY * known:
        message = f"{facts.sessions} of {known} HTTP sessions are in use ({where}); when none is left, taps fail"
        return warn("http sessions", message, remedy)
    if limit is not None and limit < USUAL_SESSIONS:
        message = f"Asterisk takes only {limit} HTTP sessions; each tap over a WebSocket takes one"
        return warn("http sessions", message, remedy)
    used = "" if facts.sessions is None else f", {facts.sessions} are seen in use"
    return ok("http sessions", f"{known} ({where}){used}")


def judge_version(text: str) -> Iterator[Finding]:
    """Yield what is known of a release."""
    if not text:
        yield warn("version", "Asterisk does not say its version", "load res_ari_asterisk")
        return
    try:
        version = parse_version(text)
    except UsageError:
        yield warn(
            "version",
            f"{text} is no release, so its faults are not known",
            "run a release; from git, take care that the fix of https://github.com/asterisk/asterisk/issues/2085 is in it",
        )
        return
    if is_too_old(version):
        message = f"Asterisk {text} is too old: it has no AudioSocket and no chan_websocket"
        yield fault("version", message, "update Asterisk to 18 or newer, best to 22 or 23")
        return
    found = list(find_faults(version))
    for one in found:
        yield warn("version", f"Asterisk {text} {one.text}", advise(one))
    if not found:
        yield ok("version", f"Asterisk {text}, of which no fault is known that concerns streamer")


def _judge_codecs(facts: PbxFacts) -> Iterator[Finding]:
    has_module = "res_ari_stream" in (facts.modules or {})
    silent = [each for each in facts.channels if each.codecs[:1] == ("slin16",)]
    if has_module and silent:
        yield warn(
            "codecs",
            f"{silent[0].name} speaks slin16, of which the stream-channel module sends nothing at all",
            "listen to it over ARI or AudioSocket",
        )
        return
    unread = [each for each in facts.channels if not each.codecs]
    if unread:
        yield warn(
            "codecs",
            f"the codec of {unread[0].name} cannot be read",
            "look at `core show channel` in Asterisk, NativeFormats; a channel without audio has none",
        )
    known = [each for each in facts.channels if each.codecs]
    if known:
        yield ok(
            "codecs", "; ".join(f"{each.name}: {_name_codec(each.codecs[0])}" for each in known)
        )
    elif not unread:
        yield ok("codecs", "nobody is on the phone, so no codec was looked at")


def _name_codec(codec: str) -> str:
    rate = _RATES.get(codec)
    return f"{codec} ({rate} kHz)" if rate else codec
