"""Lines for Asterisk's files, with where each block belongs and how it is loaded; all else is a comment of these files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streamer.core.addresses import parse_address
from streamer.wire.pbx.releases import Feature, has, name_first
from streamer.wire.pbx.values import name_listening
from streamer.wire.pbx.versions import Version

FOLDER = "/etc/asterisk"


@dataclass(frozen=True, slots=True)
class Node:
    """One of several machines on which streamer serves, as HOST:PORT of AudioSocket and of registrations."""

    address: str
    register: str

    @property
    def host(self) -> str:
        """The machine."""
        return parse_address(self.address, flag="--nodes")[0]

    @property
    def listens_at(self) -> Iterator[tuple[str, str]]:
        """Where `serve` has to listen there, by the flag for it."""
        for kind, address in (("audiosocket", self.address), ("register", self.register)):
            yield kind, name_listening(address)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the lines are for; every value has been checked, and stands in them as it is."""

    version: Version
    address: str
    """HOST:PORT of streamer, or with ARI of Asterisk's HTTP server."""
    has_tls: bool = False
    token: str = ""
    register: str = ""
    """HOST:PORT at which calls are registered; empty to take calls that are not."""
    ca: str = ""
    cert: str = ""
    nodes: tuple[Node, ...] = ()
    """Two machines instead of `address` and `register`, of which either may be down."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of one file."""

    file: str
    place: str
    """Where in the file they belong, as a clause."""
    lines: Sequence[str]
    load: str
    """Commands of Asterisk's console, one or several."""
    look: str
    """The command that shows what was loaded."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a user of some releases has to know: of those with `since` and without `until`."""

    ways: frozenset[str]
    text: str
    """`{first}` in it is where the releases with `until` begin."""
    until: Feature
    since: Feature = Feature.AUDIOSOCKET

    def is_for(self, version: Version, way: str) -> bool:
        """Say whether it concerns a version."""
        return way in self.ways and has(version, self.since) and not has(version, self.until)


_AUDIOSOCKET = frozenset({"audiosocket", "ari"})

NOTES: Sequence[Note] = (
    Note(
        frozenset({"audiosocket"}),
        "`streamer stop` hangs the caller up if he came by AudioSocket(), and keys are not seen; both from {first} on",
        Feature.AUDIOSOCKET_GOES_ON,
    ),
    Note(
        _AUDIOSOCKET,
        "it names every rate 8 kHz, so these lines ask for 8 kHz; others from {first} on",
        Feature.AUDIOSOCKET_RATES,
    ),
    Note(
        _AUDIOSOCKET,
        "a frame that comes in two packets garbles what streamer plays, and may end the call; mended in {first}",
        Feature.AUDIOSOCKET_HEADERS,
        Feature.AUDIOSOCKET_RATES,
    ),
    Note(
        _AUDIOSOCKET,
        "a phone that sends comfort noise ends its call; switch its silence suppression off, or update: mended in {first}",
        Feature.AUDIOSOCKET_COMFORT_NOISE,
    ),
    Note(
        frozenset({"websocket"}),
        "a phone that sends comfort noise ends its call, and so does a ping; switch silence suppression off, and pings in a"
        " proxy, or update: mended in {first}",
        Feature.WEBSOCKET_COMFORT_NOISE,
    ),
    Note(
        frozenset({"ari"}),
        "not all parameters of externalMedia are read for AudioSocket; update if a request is refused: mended in {first}",
        Feature.MEDIA_PARAMETERS,
    ),
)


def render_notes(version: Version, way: str) -> Iterator[str]:
    """Yield comments on what is special about a version."""
    for note in NOTES:
        if note.is_for(version, way):
            yield f"; Asterisk {version}: {note.text.format(first=name_first(note.until))}"
    if has(version, Feature.AUDIOSOCKET_RATES) and way in _AUDIOSOCKET:
        yield "; never use --no-silence of `streamer serve`: a silent server makes this Asterisk keep its audio to itself (asterisk#2089)"


def render_block(block: Block) -> Iterator[str]:
    """Yield the lines of a block, with comments around it."""
    yield ""
    yield f"; ==== {FOLDER}/{block.file}: {block.place} ===="
    yield from block.lines
    yield f"; load it:    asterisk -rx '{block.load}'"
    yield f"; look at it: asterisk -rx '{block.look}'"


def make_modules(modules: Sequence[str], look: str) -> Block:
    """Return the lines of modules.conf that load modules."""
    return Block(
        "modules.conf",
        "in [modules], and only where it says autoload = no or noload",
        [f"load = {name}.so" for name in modules],
        "core restart when convenient",
        f"module show like {look}",
    )
