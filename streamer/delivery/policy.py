"""When an event is sent again, and when never: no sockets, no clocks.

Theory of operation. What an answer says is either about the event (the endpoint will not have this one) or about the endpoint (it does
not answer, or wants none now). An endpoint that is *down* rests as a whole, longer each time, and is then tried with one event; nothing
is lost meanwhile but what is older than `OLDEST`. An event that is *refused* is tried again a few times, while only its own call waits,
and then becomes a dead letter, which can be sent again by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

MOST_ATTEMPTS = 8
"""Times that an event is refused before it is a dead letter: two minutes."""

OLDEST = timedelta(days=3)
"""Age at which an event that cannot be delivered is a dead letter."""

FIRST_REST_S = 1.0
LONGEST_REST_S = 300.0
LONGEST_ASKED_S = 3600.0
"""The longest rest that an endpoint may ask for."""

_ABOUT_THE_EVENT = frozenset({400, 406, 409, 411, 412, 413, 414, 415, 417, 422, 431})


class Outcome(Enum):
    """What has become of an attempt."""

    DELIVERED = auto()
    REFUSED = auto()
    """The endpoint does not take this event."""
    DOWN = auto()
    """It takes none now."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How an attempt went; `why` is for the user and repeats nothing that an endpoint has sent."""

    outcome: Outcome
    why: str = ""
    rest_s: float = 0.0
    """How long the endpoint wants to be left alone."""
    is_final: bool = False
    """It has refused the event for good: to try again would only keep what waits behind it."""


def judge_status(status: int, *, retry_after: str = "") -> Answer:
    """Judge the status of an HTTP answer; redirects are not followed."""
    if 200 <= status < 300:
        return Answer(Outcome.DELIVERED)
    if 300 <= status < 400:
        why = f"it answers {status}, and redirects are not followed; name the address that it redirects to"
        return Answer(Outcome.DOWN, why)
    outcome = Outcome.REFUSED if status in _ABOUT_THE_EVENT else Outcome.DOWN
    asked_s = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
    return Answer(outcome, f"it answers {status}", min(asked_s, LONGEST_ASKED_S))


def find_rest_s(attempts: int, *, chance: float, asked_s: float = 0.0) -> float:
    """Return the seconds to wait after so many failures in a row; `chance`, from 0 to 1, is the jitter."""
    longest_s: float = min(FIRST_REST_S * 2.0 ** min(attempts - 1, 30), LONGEST_REST_S)
    return max(longest_s * (0.5 + chance / 2), asked_s)


def is_hopeless(outcome: Outcome, *, attempts: int, stored_at: datetime, now: datetime) -> bool:
    """Say whether an event becomes a dead letter after so many attempts."""
    if now - stored_at > OLDEST:
        return True
    return outcome is Outcome.REFUSED and attempts >= MOST_ATTEMPTS
