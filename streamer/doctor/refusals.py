"""Which calls `serve` has refused of late, by its log, and what is wrong with their ids; pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from streamer.doctor.findings import Finding, ok, warn
from streamer.sources.registration.registry import LIFETIME_S, Refusal

_REFUSED = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ WARNING \S+: listener: no call from \S+: (?P<why>.*)"
)
_MORE = re.compile(r"\(and (\d{1,9}) more from \S+\)$")
_NAMED = re.compile(r"its (?:UUID|id) (?P<id>.*) is refused: ")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NOTHING = "00000000-0000-0000-0000-000000000000"


class Kind(Enum):
    """What is wrong with the id of a call that was refused."""

    EMPTY = "they had no id: the contextId or UUID was empty"
    UNKNOWN = "their id was not registered"
    EXPIRED = "their registration had expired"
    USED = "their registration had been used already"
    CROWDED_OUT = "too many newer registrations came before they did"


_KINDS = {
    Refusal.UNKNOWN: Kind.UNKNOWN,
    Refusal.EXPIRED: Kind.EXPIRED,
    Refusal.USED: Kind.USED,
    Refusal.CROWDED_OUT: Kind.CROWDED_OUT,
}
_REMEDIES: Mapping[Kind, str] = {
    Kind.EMPTY: "see with NoOp(${ID}) behind CURL() what the registration answered: func_curl must be loaded, and key and address right",
    Kind.UNKNOWN: "let the dialplan register each call first (`streamer config asterisk --register HOST:PORT`), or start `serve` with --accept-unknown",
    Kind.EXPIRED: f"register right before Dial() or AudioSocket(): a call must come within {LIFETIME_S:.0f} s",
    Kind.USED: "register in each call anew, and once for each Dial(): an id admits one connection",
    Kind.CROWDED_OUT: "register only calls that come, and those right before they do",
}


@dataclass(frozen=True, slots=True)
class RefusalFacts:
    """How many calls were refused in the last day."""

    counts: Mapping[Kind, int]


def read_refusals(log: str, *, since: str) -> RefusalFacts:
    """Count what a listener's log says; `since` is a local time as the log writes it."""
    counts: Counter[Kind] = Counter()
    for line in log.splitlines():
        said = _REFUSED.match(line)
        if said and said["at"] >= since and (kind := _find_kind(said["why"])):
            more = _MORE.search(line)
            counts[kind] += 1 + (int(more[1]) if more else 0)
    return RefusalFacts(counts)


def _find_kind(why: str) -> Kind | None:
    if "did not begin with a UUID" in why:
        return Kind.EMPTY
    named = _NAMED.match(why)
    kind = next((kind for refusal, kind in _KINDS.items() if refusal.value in why), None)
    if named is None or kind is not Kind.UNKNOWN:
        return kind
    has_id = _UUID.fullmatch(named["id"]) and named["id"] != _NOTHING
    return Kind.UNKNOWN if has_id else Kind.EMPTY


def judge_refusals(facts: RefusalFacts) -> Iterator[Finding]:
    """Yield why calls were refused."""
    for kind, count in facts.counts.items():
        calls = "1 call was" if count == 1 else f"{count:,} calls were"
        message = f"{calls} refused in the last day: {kind.value}"
        yield warn("refused calls", message, _REMEDIES[kind])
    if not facts.counts:
        yield ok("refused calls", "none in the last day")
