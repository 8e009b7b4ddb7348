"""A call that somebody asks us to make, and the request for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streamer.core.audio import SLIN16_RATE, Leg
from streamer.errors import UsageError
from streamer.wire.ari.dialling import (
    LONGEST_RING_S,
    find_number,
    is_caller_id,
    is_endpoint,
    is_place,
)
from streamer.wire.ari.requests import Request, call_elsewhere, call_into

USUAL_CONTEXT = "default"
USUAL_EXTENSION = "s"
USUAL_RING_S = 30


@dataclass(frozen=True, slots=True)
class WantedCall:
    """Whom to call, and where the call goes once it is answered: to an extension, to an application of others, or to us."""

    endpoint: str
    context: str = ""
    extension: str = ""
    app: str = ""
    caller_id: str = ""
    ring_s: int = USUAL_RING_S
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_held(self) -> bool:
        """Whether the call is ours: the party hears what we play, and the call ends with the recording."""
        return not (self.context or self.extension or self.app)

    @property
    def number(self) -> str:
        """The number that is called."""
        return find_number(self.endpoint)

    @property
    def leg(self) -> Leg:
        """The leg of who is called; its rate is a guess until the call is answered."""
        return Leg("callee", self.endpoint, SLIN16_RATE, self.number)

    def check(self) -> None:
        """Find out whether it can be asked for.

        Raises:
            UsageError: It cannot.
        """
        if not is_endpoint(self.endpoint):
            raise UsageError(f"{self.endpoint} cannot be dialled; write PJSIP/100, say")
        if self.app and (self.context or self.extension):
            raise UsageError(
                "a call goes to a context and an extension, or to an application; give one of them"
            )
        for name in ("context", "extension", "app"):
            value = getattr(self, name)
            if value and not is_place(value):
                raise UsageError(
                    f"{name} {value} cannot be meant: it has letters, digits and _ . + * # -, and is no application of streamer's"
                )
        if self.caller_id and not is_caller_id(self.caller_id):
            raise UsageError(
                f"caller_id {self.caller_id} cannot be meant; write a number, or 'Name <number>'"
            )
        if not 0 < self.ring_s <= LONGEST_RING_S:
            raise UsageError(
                f"timeout is how many seconds it rings, 1 to {LONGEST_RING_S}, not {self.ring_s}"
            )

    def build(self, application: str, more: Mapping[str, str]) -> Request:
        """Return the request; `more` are variables of ours, of which those of the user win."""
        options = [("timeout", str(self.ring_s))]
        options += [("callerId", self.caller_id)] if self.caller_id else []
        variables = {**more, **self.variables}
        if self.is_held:
            return call_into(application, self.endpoint, options, variables)
        place = [("app", self.app)]
        if not self.app:
            place = [
                ("context", self.context or USUAL_CONTEXT),
                ("extension", self.extension or USUAL_EXTENSION),
                ("priority", "1"),
            ]
        return call_elsewhere(self.endpoint, place, options, variables)
