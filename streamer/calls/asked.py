"""A call that somebody asks us to make, by a command or through the API, and what the settings make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streamer.config import Settings
from streamer.wire.ari.dialling import check_variables, name_endpoint
from streamer.wire.ari.wanted import USUAL_RING_S, WantedCall


@dataclass(frozen=True, slots=True)
class AskedCall:
    """A call as somebody asks for it; what is None is as the settings have it."""

    endpoint: str
    context: str | None = None
    extension: str | None = None
    app: str | None = None
    caller_id: str | None = None
    technology: str | None = None
    trunk: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    ring_s: int = USUAL_RING_S

    def decide(self, settings: Settings) -> WantedCall:
        """Return the call that is meant.

        Raises:
            UsageError: It cannot be made.
        """
        context, extension, app = self._choose_place(settings)
        wanted = WantedCall(
            name_endpoint(
                self.endpoint,
                technology=_choose(self.technology, settings.endpoint_technology),
                trunk=_choose(self.trunk, settings.trunk),
            ),
            context,
            extension,
            app,
            _choose(self.caller_id, settings.caller_id),
            self.ring_s,
            check_variables(self.variables),
        )
        wanted.check()
        return wanted

    def _choose_place(self, settings: Settings) -> tuple[str, str, str]:
        """Return context, extension and application; a flag of one place leaves the other place of the settings out."""
        context = _choose(self.context, settings.context)
        extension = _choose(self.extension, settings.extension)
        if self.app:
            return self.context or "", self.extension or "", self.app
        if self.context is not None or self.extension is not None:
            return context, extension, ""
        return context, extension, _choose(self.app, settings.app)


def _choose(flag: str | None, setting: str) -> str:
    return setting if flag is None else flag
