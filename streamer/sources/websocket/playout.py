"""What goes back to a party over a WebSocket: nothing but what there is to play, at the pace of a clock.

Theory of operation. The frame clock says how many frames of 20 ms are due, as it does for AudioSocket, but no silence is sent: these peers
fill it in. Audio is sent in whole frames of the peer's size, for Asterisk drops what is left over. While the peer's queue is full (XOFF), or
it does not read, nothing is taken from the playback, which waits. After the last frame of something that ends, a mark is
asked for once: it comes back when the party has heard all.
"""

from __future__ import annotations

from collections.abc import Callable

from streamer.sources.base import Sent
from streamer.sources.one_way import ReturnWatch
from streamer.sources.playout import Playback, watch_return
from streamer.sources.websocket.audio import Encoder
from streamer.wire.websocket.base import MediaFormat, Speaker

MARK = "streamer"
"""The name of the mark behind the last frame."""

SHORTEST_FRAME_S, LONGEST_FRAME_S = 0.005, 1.0
"""Of what a peer says its frames are; shorter ones would be a flood, longer ones are not waited for."""


class WebPlayout:
    """The one writer of audio of a connection; `send` takes a message, `unsent` counts the bytes that the peer has not read."""

    def __init__(
        self,
        speaker: Speaker,
        playback: Playback,
        format: MediaFormat,
        *,
        frame_bytes: int,
        sent: Sent,
        send: Callable[[str | bytes], None],
        unsent: Callable[[], int],
        watch: ReturnWatch | None = None,
    ) -> None:
        self.may_send = True
        self.watch = watch or watch_return(playback)
        self._speaker = speaker
        self._playback = playback
        self._format = format
        self._sent = sent
        self._send = send
        self._unsent = unsent
        sent.rate = format.rate
        self._waiting = bytearray()
        """Coded audio that is less than a frame of the peer."""
        self._encoder = Encoder(format)
        self._frame_bytes = frame_bytes if _is_believable(frame_bytes, self._encoder) else 0
        self._has_unmarked = False

    def play(self, frames: int) -> None:
        """Send what is due."""
        for _ in range(frames):
            if not self.may_send:
                self.watch.hold(frames)
                return
            if self._unsent():
                self._sent.dropped += 1
                self.watch.block(frames)
                return
            pcm = self._playback.next_frame(self._format.rate)
            if pcm is None:
                self.watch.rest(frames)
                self._end()
                return
            self.watch.play(pcm)
            self._waiting += self._encoder.encode(pcm)
            self._send_whole_frames()

    def flush(self) -> None:
        """Have the peer drop what it has not played yet."""
        if self._sent.frames:
            self._say(self._speaker.flush())

    def drop(self) -> None:
        """Forget what has begun to be played, and have the peer drop it."""
        self._waiting.clear()
        self._has_unmarked = False
        self.watch.reach_mark()  # the mark goes with what stands before it
        self.flush()

    def _send_whole_frames(self) -> None:
        size = self._frame_bytes or len(self._waiting)
        whole = len(self._waiting) - len(self._waiting) % size
        if whole:
            self._transmit(bytes(self._waiting[:whole]))
            del self._waiting[:whole]

    def _end(self) -> None:
        """Send the last part of a frame, filled up with silence, and ask to be told when it was heard."""
        if not self._has_unmarked:
            return
        if self._waiting:
            missing = self._frame_bytes - len(self._waiting)
            self._transmit(bytes(self._waiting) + self._encoder.fill(missing))
            self._waiting.clear()
        self._has_unmarked = False
        mark = self._speaker.mark(MARK)
        self._say(mark)
        if mark is not None:
            self.watch.mark()

    def _transmit(self, payload: bytes) -> None:
        message = self._speaker.audio(payload)
        if message is not None:
            self._has_unmarked = True
            self._sent.frames += 1
            self._sent.bytes += len(message)
            self._send(message)

    def _say(self, message: str | bytes | None) -> None:
        if message is not None:
            self._send(message)


def _is_believable(frame_bytes: int, encoder: Encoder) -> bool:
    """Say whether frames may have this size: whole samples, of a length that somebody could mean."""
    seconds = frame_bytes / encoder.bytes_a_second
    is_whole = frame_bytes % encoder.sample_bytes == 0
    return is_whole and SHORTEST_FRAME_S <= seconds <= LONGEST_FRAME_S
