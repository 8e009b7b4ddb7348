"""Where `serve` would listen: ports, certificate, registrations; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from streamer.core.addresses import show_address
from streamer.doctor.findings import Finding, fault, ok, split_advice, warn

SOON_DAYS = 14
LOWEST_FREE_PORT = 1024


class PortState(Enum):
    """What becomes of somebody who listens at an address."""

    FREE = auto()
    OURS = auto()
    """A `serve` of this user listens there."""
    LEFT = auto()
    """A listener of this user has outlived its `serve`."""
    OTHERS = auto()
    """A listener of streamer that another user has started, such as a service."""
    TAKEN = auto()
    FORBIDDEN = auto()
    UNUSABLE = auto()


@dataclass(frozen=True, slots=True)
class PortFacts:
    """One address; `who` has it if it is taken, `why` it cannot be used."""

    kind: str
    host: str
    port: int
    state: PortState
    who: str = ""
    why: str = ""
    is_loopback: bool = True
    has_tls: bool = False

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return show_address(self.host, self.port)


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """The certificate of listeners; `days_left` is None if it could not be read from it."""

    path: str
    trouble: str = ""
    has_expired: bool = False
    is_early: bool = False
    """It is not valid yet."""
    days_left: int | None = None
    ends: str = ""


@dataclass(frozen=True, slots=True)
class RegistrationFacts:
    """How calls are registered; `key_trouble` is why the key that was made cannot be used."""

    key_path: str
    has_key: bool = False
    key_trouble: str = ""
    key_length: int = 0
    """Characters of the key that is set; 0 if none is."""


@dataclass(frozen=True, slots=True)
class ListeningFacts:
    """All of it; `trouble` is why the settings cannot be meant."""

    ports: Sequence[PortFacts] = ()
    certificate: CertificateFacts | None = None
    registration: RegistrationFacts | None = None
    trouble: str = ""


def judge_listening(facts: ListeningFacts) -> Iterator[Finding]:
    """Yield what is right and wrong with where `serve` would listen."""
    if facts.trouble:
        message, remedy = split_advice(facts.trouble)
        yield fault("listeners", message, remedy or "correct it in the config file")
        return
    yield from _judge_twins(facts.ports)
    for port in facts.ports:
        yield _judge_port(port)
    if facts.certificate is not None:
        yield _judge_certificate(facts.certificate)
    if facts.registration is not None:
        yield from _judge_registration(facts.registration, facts.ports)


def _judge_twins(ports: Sequence[PortFacts]) -> Iterator[Finding]:
    counts = Counter(port.address for port in ports if port.port)
    for address, count in counts.items():
        if count > 1:
            message = f"{address} is named {count} times, so only one listener can have it"
            yield fault(
                "listeners", message, "give each [[listen]] of the config file a port of its own"
            )


def _judge_port(port: PortFacts) -> Finding:
    what = f"{port.address} ({port.kind})"
    match port.state:
        case PortState.FREE:
            return ok("listeners", f"{what} is free")
        case PortState.OURS:
            return ok("listeners", f"{what}: a `serve` of yours listens there")
        case PortState.LEFT:
            return warn(
                "listeners",
                f"{what}: a listener is left over from a `serve` that has ended",
                f"`streamer stop --listener {port.who}` ends it; its calls go on to their ends",
            )
        case PortState.OTHERS:
            return ok(
                "listeners",
                f"{what}: streamer of {port.who} listens there; run this as that user to look at it",
            )
        case PortState.TAKEN:
            by = port.who or "a process of another user"
            return fault(
                "listeners",
                f"{what} is taken by {by}",
                f"stop that, or choose another port; `ss -ltnp 'sport = :{port.port}'` as root shows who it is",
            )
        case PortState.FORBIDDEN:
            return fault(
                "listeners",
                f"{what}: you may not listen on a port below {LOWEST_FREE_PORT}",
                "choose a higher one, or add AmbientCapabilities=CAP_NET_BIND_SERVICE to the systemd unit",
            )
        case PortState.UNUSABLE:
            message, remedy = split_advice(port.why)
            return fault(
                "listeners", f"{what}: {message}", remedy or "choose an address of this machine"
            )


def _judge_certificate(cert: CertificateFacts) -> Finding:
    renew = "renew it (certbot renew); `serve` reads it again by itself"
    if cert.trouble:
        message, remedy = split_advice(cert.trouble)
        return fault("tls", message, remedy or "name the PEM files of a certificate and its key")
    if cert.has_expired:
        return fault("tls", f"the certificate {cert.path} has expired, so no PBX connects", renew)
    if cert.is_early:
        return fault(
            "tls",
            f"the certificate {cert.path} is not valid yet",
            "check the clock of this machine, or wait",
        )
    if cert.days_left is None:
        return warn(
            "tls",
            f"when {cert.path} expires cannot be read",
            f"`openssl x509 -enddate -noout -in {cert.path}` shows it",
        )
    if cert.days_left < SOON_DAYS:
        return warn(
            "tls",
            f"the certificate {cert.path} expires in {cert.days_left} days ({cert.ends})",
            renew,
        )
    return ok("tls", f"the certificate {cert.path} is valid until {cert.ends}")


_SHORT_KEY = 16


def _judge_registration(facts: RegistrationFacts, ports: Sequence[PortFacts]) -> Iterator[Finding]:
    places = [port for port in ports if port.kind in ("register", "websocket")]
    open_places = [port for port in places if not port.is_loopback]
    found = []
    if facts.key_trouble:
        message, remedy = split_advice(facts.key_trouble)
        found.append(
            fault("registration", message, remedy or "set register_key in the config file")
        )
    elif 0 < facts.key_length < _SHORT_KEY:
        found.append(
            warn(
                "registration",
                f"register_key has only {facts.key_length} characters, so it can be guessed",
                "make a longer one: `openssl rand -hex 24`",
            )
        )
    bare = [port for port in open_places if not port.has_tls]
    if bare:
        found.append(
            warn(
                "registration",
                f"{bare[0].address} can be reached from other machines without TLS, so the key of registrations can be read on the way",
                "set cert and key, or listen on 127.0.0.1",
            )
        )
    yield from found or [ok("registration", _say_registration(facts, places))]


def _say_registration(facts: RegistrationFacts, places: Sequence[PortFacts]) -> str:
    where = places[0].address if places else "no listener"
    if facts.key_length:
        key = "with register_key"
    elif all(place.is_loopback for place in places):
        key = "without a key, for only this machine can ask"
    elif facts.has_key:
        key = f"with the key in {facts.key_path}"
    else:
        key = f"with a key that `serve` will make in {facts.key_path}"
    return f"calls are registered at {where} {key}"
