"""Whose call may come in: one that is registered, and any other where unknown ones are accepted."""

from __future__ import annotations

import time
from uuid import UUID

from streamer.sources.inbound import Admitted
from streamer.sources.registration.registry import (
    Refusal,
    Registration,
    Registry,
    explain_name,
    explain_refusal,
    find_uuid,
)


class Admission:
    """Decides whose call may come in; `addresses` are where calls are registered, none if they cannot be."""

    def __init__(self, *, accepts_unknown: bool) -> None:
        self.registry = Registry(clock=time.monotonic)
        self.addresses: list[str] = []
        self._accepts_unknown = accepts_unknown

    def admit(self, uuid: UUID) -> Admitted | str:
        """Say who a UUID is, or why it is refused."""
        known = self.registry.claim(uuid)
        if isinstance(known, Registration):
            return _admit(known)
        if self._accepts_unknown:
            return Admitted("caller", str(uuid))
        return explain_refusal(uuid, known, address=self._address)

    def admit_name(self, name: str, *, is_trusted: bool) -> Admitted | str:
        """Say who an id is that may be no UUID, or why it is refused."""
        uuid = find_uuid(name)
        known = self.registry.claim(uuid) if uuid else Refusal.UNKNOWN
        if isinstance(known, Registration):
            return _admit(known)
        if self._accepts_unknown or is_trusted:
            return Admitted("", "")
        return explain_name(name, known, address=self._address)

    @property
    def _address(self) -> str | None:
        return next(iter(self.addresses), None)


def _admit(registration: Registration) -> Admitted:
    channel = registration.channel or registration.caller or str(registration.uuid)
    way = {"via": registration.via} if registration.via else {}
    facts = {"from": registration.caller, "to": registration.called, **way}
    return Admitted(registration.label or "caller", channel, facts, registration.caller)
