"""What is happening to a call, as a word and a short explanation, for the head of its screen.

STARTING --folder made--> CONNECTING --a leg attached--> RINGING --first frame--> LIVE --hang-up--> ENDING --last word--> ENDED
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from streamer.core.events import EndReason
from tui.state.call import ShownCall


class Phase(StrEnum):
    """Where a call is; the value is the word for it."""

    STARTING = "starting"
    CONNECTING = "connecting"
    RINGING = "ringing"
    LIVE = "live"
    ENDING = "ending"
    ENDED = "ended"
    FAILED = "failed"


_ENDS = {
    EndReason.HANG_UP: "hung up",
    EndReason.STOPPED: "recording stopped",
    EndReason.LOST: "connection lost",
    EndReason.REFUSED: "nothing was recorded",
    EndReason.INTERRUPTED: "recording interrupted",
}


@dataclass(frozen=True, slots=True)
class Speech:
    """The state of transcription; `model` is empty if there is none."""

    model: str = ""
    is_loading: bool = False
    is_remote: bool = False
    """The model is that of another process, which this screen belongs to."""


def find_phase(
    shown: ShownCall, *, is_recorded: bool, has_audio: bool, has_failed: bool = False
) -> Phase:
    """Say where a call is; `has_failed` if it will never begin."""
    if shown.end is not None:
        return Phase.FAILED if shown.end.reason is EndReason.REFUSED else Phase.ENDED
    if shown.call is None:
        return Phase.FAILED if has_failed else Phase.STARTING
    if not is_recorded:
        return Phase.ENDING
    if has_audio:
        return Phase.LIVE
    return Phase.RINGING if shown.attached else Phase.CONNECTING


def explain_phase(shown: ShownCall, phase: Phase, speech: Speech) -> str:
    """Say what the call waits for, or how it ended; empty if there is nothing to say."""
    match phase:
        case Phase.STARTING:
            return "starting the recorder"
        case Phase.FAILED:
            return _ENDS[EndReason.REFUSED]
        case Phase.CONNECTING | Phase.RINGING:
            return "no audio yet"
        case Phase.ENDED:
            return _ENDS[shown.end.reason] if shown.end else ""
        case Phase.LIVE | Phase.ENDING:
            if speech.is_loading:
                return "loading the model"
            if shown.lag_s:
                return f"text is {shown.lag_s:.0f} s behind"
            return "transcribing the last words" if phase is Phase.ENDING else ""
