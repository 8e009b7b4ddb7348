"""Plays files to the party of a live call, through the process that records it. Everything here blocks."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from streamer.core.audio import SAMPLE_WIDTH
from streamer.core.reasons import find_cause
from streamer.errors import NotFoundError, RecordingError, StreamerError, UsageError
from streamer.recording.folder import CallFolder
from streamer.wire.protocols import PROTOCOLS

LONGEST_S = 3600

PATIENCE_S = 5.0
"""The tap looks every 0.2 s, and a call tells at which rate it hears once it is connected."""

_POLL_S = 0.05


def play_into(folder: CallFolder, file: Path | None, *, flushes: bool) -> float:
    """Drop what is queued for a call's party if that is wanted, then queue a file for it, if there is one; return its seconds.

    Raises:
        NotFoundError: There is no such file.
        UsageError: Nothing can be played to such a call, or the file holds no audio.
        RecordingError: The call is over, or its tap takes nothing.
    """
    _check_live(folder)
    rate = _find_rate(folder)
    pcm = _decode(file, rate) if file is not None else b""
    if flushes:
        _flush(folder)
    if file is not None:
        _offer(folder, _encode(pcm, rate))
    return len(pcm) / SAMPLE_WIDTH / rate


def _check_live(folder: CallFolder) -> None:
    if not folder.is_live():
        raise RecordingError(
            f"{folder.call_id} is not live any more, so nobody would hear anything; `streamer calls` shows which calls are"
        )


def _find_rate(folder: CallFolder) -> int:
    """Return the samples a second that the party hears."""
    rate = 0

    def is_known() -> bool:
        nonlocal rate
        legs = folder.read()["legs"]
        rate = (legs[0].get("sent") or {}).get("rate", 0) if legs else 0
        return rate > 0 or bool(legs and legs[0].get("attached_at"))

    _wait_until(is_known, folder)
    if not rate:
        raise _explain_deaf(folder)
    return rate


def _explain_deaf(folder: CallFolder) -> StreamerError:
    call = folder.read()
    source, legs = str(call.get("source")), call["legs"]
    facts = PROTOCOLS.get(source)
    is_party = facts is not None and facts.is_in_call_path
    if is_party and legs and not legs[0].get("attached_at"):
        return RecordingError(
            f"{folder.call_id} is not answered yet, so nobody would hear anything; play it once it is"
        )
    return UsageError(
        f"nothing can be played into {folder.call_id}: a call by {source} is only listened to; AudioSocket, chan_websocket,"
        " <Connect><Stream> of Twilio and calls that streamer makes and holds take audio"
    )


def _decode(file: Path, rate: int) -> bytes:
    from streamer.media.decode import decode_mono
    from streamer.media.opened import check_file

    check_file(file, missing=NotFoundError)
    pcm = decode_mono(file, rate=rate)
    if len(pcm) > LONGEST_S * rate * SAMPLE_WIDTH:
        raise UsageError(f"{file} is longer than {LONGEST_S} s; play it in parts")
    return pcm


def _encode(pcm: bytes, rate: int) -> bytes:
    from streamer.media.wav import WavHeader, encode_header

    return encode_header(WavHeader(rate, data_size=len(pcm))) + pcm


def _flush(folder: CallFolder) -> None:
    try:
        folder.request_flush()
    except OSError as error:
        raise _explain(folder, error) from error
    if not _wait_until(lambda: not folder.is_flush_requested(), folder):
        raise _explain_mute(folder)


def _offer(folder: CallFolder, wav: bytes) -> None:
    try:
        is_offered = _wait_until(lambda: folder.offer_play(wav), folder)
    except OSError as error:
        raise _explain(folder, error) from error
    if not is_offered:
        raise RecordingError(
            f"{folder.call_id} has as many files queued as it takes; play this one later, or drop them with --flush"
        )
    try:
        is_taken = _wait_until(lambda: not folder.is_play_offered(), folder)
    except BaseException:
        folder.withdraw_play()
        raise
    if not is_taken:
        folder.withdraw_play()
        raise _explain_mute(folder)


def _wait_until(is_so: Callable[[], bool], folder: CallFolder) -> bool:
    """Wait with patience while the call lasts, and say whether it came."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > give_up_at:
            return False
        _check_live(folder)
        time.sleep(_POLL_S)
    return True


def _explain(folder: CallFolder, error: OSError) -> RecordingError:
    return RecordingError(f"the tap of {folder.call_id} cannot be asked: {find_cause(error)}")


def _explain_mute(folder: CallFolder) -> RecordingError:
    return RecordingError(
        f"the process that records {folder.call_id} did not take it within {PATIENCE_S:.0f} s: it has as many files queued as it"
        " takes, or an older streamer is at work"
    )
