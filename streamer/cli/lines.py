"""Events as lines on stdout: JSON, or what is settled as text."""

from __future__ import annotations

from pathlib import Path

from streamer.cli import output
from streamer.core.alert import Alert
from streamer.core.audio import Leg, show_leg
from streamer.core.encoding import encode_event
from streamer.core.events import (
    SPEECH_RATE,
    CallEnded,
    CallStarted,
    Event,
    Final,
    Hold,
    LegAttached,
    Listening,
    Trouble,
    Unclear,
)
from streamer.core.folders import show_folder
from streamer.core.transcript import UNCLEAR, format_position, say_hold, show_alert
from streamer.core.untrusted import printable
from streamer.recording.speaker_names import read_names
from streamer.wire.protocols import ARI

_LINE_LIMIT = 10_000


class JsonPrinter:
    """Prints events as JSON objects; `recordings` is the folder that is named once calls are listened for."""

    def __init__(self, *, recordings: str = "") -> None:
        self._place = f"recordings: {show_folder(recordings)}" if recordings else ""

    def __call__(self, event: Event) -> None:
        """Print an event."""
        if isinstance(event, Alert) and event.is_tentative:
            return  # for the screen only
        output.json_line(encode_event(event))
        if isinstance(event, Listening) and self._place:
            output.talk(self._place)
            self._place = ""
        if isinstance(event, CallStarted):
            output.talk(f"recording {event.call.id} into {event.folder}")


class PlainPrinter:
    """Prints what is settled, a line each; `names_calls` puts the call's id before it, where several are printed at once."""

    def __init__(self, *, names_calls: bool, recordings: str = "") -> None:
        self._place = f"; recordings: {show_folder(recordings)}" if recordings else ""
        self._names_calls = names_calls
        self._legs: dict[str, tuple[Leg, ...]] = {}
        self._folders: dict[str, Path] = {}

    def __call__(self, event: Event) -> None:
        """Print an event, if it is one that is printed."""
        match event:
            case Listening(source, address, calls):
                room = f", up to {calls} calls at once" if calls else ""
                what = (
                    "tapping calls of the Asterisk"
                    if source == ARI.name
                    else f"listening for {source}"
                )
                output.talk(f"{what} at {address}{room}{self._place}")
                self._place = ""
            case CallStarted(call, folder):
                self._legs[call.id], self._folders[call.id] = call.legs, folder
                output.talk(f"recording {call.id} into {folder}")
            case LegAttached(call_id, leg):
                self._attach(call_id, leg)
            case Final(call_id, segment):
                self._print(call_id, segment.leg, segment.start_s, segment.text)
            case Unclear(call_id, label, start):
                self._print(call_id, label, start / SPEECH_RATE, UNCLEAR)
            case Hold(call_id, label, held, start_s):
                self._print(call_id, label, start_s, say_hold(held=held))
            case Alert(call_id) if not event.is_tentative:
                before = f"{call_id} " if self._names_calls else ""
                alert = printable(show_alert(event), limit=_LINE_LIMIT)
                output.data(f"{before}alert: {alert}")
            case Trouble(_, message):
                output.talk(message)
            case CallEnded(call_id):
                self._legs.pop(call_id, None)
                self._folders.pop(call_id, None)
            case _:
                pass

    def _attach(self, call_id: str, leg: Leg) -> None:
        known = self._legs.get(call_id, ())
        if leg.label not in {one.label for one in known}:
            self._legs[call_id] = (*known, leg)

    def _print(self, call_id: str, label: str, start_s: float, said: str) -> None:
        folder = self._folders.get(call_id)
        names = read_names(folder) if folder is not None else {}
        speaker = printable(show_leg(label, self._legs.get(call_id, ()), names))
        before = f"{call_id} " if self._names_calls else ""
        text = printable(said, limit=_LINE_LIMIT)
        output.data(f"{before}[{format_position(start_s)}] {speaker}: {text}")
