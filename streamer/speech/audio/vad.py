"""Which frames of a leg are speech: Silero's network behind a threshold of loudness.

The network is Silero 6.2 with its modes for 16 and 8 kHz. A leg recorded at 8,000 samples a second is judged in the second one: there the
network does not miss what lies above 4 kHz; figures are in BENCHMARKS.md. Each leg keeps the network's memory and the end of the frame before.

Frames below the threshold cost nothing. When it gets loud the network first hears the last `WARM_UP` frames of quiet, because a short word
that follows nothing is missed (8 of 271 in the mode for 16 kHz); a longer pause clears its memory.

What is not speech but loud (ring-back, busy, dial, DTMF, fax and SIT tones, noise) the network itself refuses, and all but a few
beats of hold music: a second stage for tones was measured to find nothing more that speech would not lose as well.
"""

from __future__ import annotations

import importlib.resources
from collections import deque
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.audio import FULL_SCALE, SAMPLE_WIDTH
from streamer.core.events import SPEECH_RATE
from streamer.core.telemetry import forbid_telemetry
from streamer.speech.base import FRAME
from streamer.speech.private_import import private_temporary_folder

LEAST_LOUDNESS = 10 ** (-60 / 20)
"""Root mean square of a frame, as a share of full scale, below which a frame is silence: -60 dBFS, far under a quiet caller."""

WARM_UP = 16
"""Quiet frames that the network hears before a loud one, half a second; after as many or more it begins anew."""

NARROW_RATE = SPEECH_RATE // 2
"""Samples a second of a telephone leg, all of which the network hears as they were recorded."""

_CONTEXT = FRAME // 8
"""Samples of the frame before that the network sees in front of each; its own wrapper says so."""

_MEMORY = (2, 1, 128)

Samples = NDArray[np.float32]


class SileroVad:
    """One leg's detector; not for two threads at once. Feeding 1 s takes 4 to 6 ms of one core, silence next to nothing.

    `read_rate` says the rate at which the leg is recorded, or None, and is asked when there is audio.
    """

    def __init__(
        self, session: Any = None, *, read_rate: Callable[[], int | None] = lambda: SPEECH_RATE
    ) -> None:
        self._session = session or open_session()
        self._read_rate = read_rate
        self._unread = b""
        self._quiet: deque[Samples] = deque(maxlen=WARM_UP)
        """The last frames that the network has not heard."""
        self._memory = np.zeros(_MEMORY, np.float32)
        self._context: Samples = np.zeros(_CONTEXT, np.float32)

    def feed(self, pcm: bytes) -> list[float]:
        """Return the speech probability of each frame of `FRAME` samples that is now complete; the rest waits.

        `pcm` is 16-bit mono at 16 kHz, in pieces of any even size.
        """
        self._unread += pcm
        whole = len(self._unread) // (FRAME * SAMPLE_WIDTH) * FRAME * SAMPLE_WIDTH
        frames = np.frombuffer(self._unread[:whole], np.int16).reshape(-1, FRAME)
        self._unread = self._unread[whole:]
        return self._judge(frames.astype(np.float32) / np.float32(FULL_SCALE))

    def _judge(self, frames: Samples) -> list[float]:
        is_loud = np.sqrt(np.mean(frames * frames, axis=1)) >= LEAST_LOUDNESS
        # Every second sample of a leg of 8 kHz is one that was recorded, the others were made up between them.
        step = 2 if self._read_rate() == NARROW_RATE else 1
        return [
            self._hear(frame[::step]) if loud else self._skip(frame[::step])
            for frame, loud in zip(frames, is_loud, strict=True)
        ]

    def _skip(self, frame: Samples) -> float:
        self._quiet.append(frame)
        return 0.0

    def _hear(self, frame: Samples) -> float:
        if len(self._quiet) == WARM_UP:
            self._forget()
        while self._quiet:
            self._ask(self._quiet.popleft())
        return self._ask(frame)

    def _ask(self, frame: Samples) -> float:
        step = FRAME // len(frame)
        heard = np.concatenate([self._context[-_CONTEXT // step :], frame])
        rate = np.array(SPEECH_RATE // step, np.int64)
        inputs = {"input": heard[np.newaxis], "state": self._memory, "sr": rate}
        probability, self._memory = self._session.run(None, inputs)
        self._context = frame[-_CONTEXT // step :]
        return float(probability[0, 0])

    def _forget(self) -> None:
        self._memory = np.zeros(_MEMORY, np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)


@cache
def _import_runtime() -> Any:
    """Import what runs the network, which takes half a second, without letting it tell anybody."""
    forbid_telemetry()
    with private_temporary_folder():
        import onnxruntime
    onnxruntime.disable_telemetry_events()
    return onnxruntime


@cache
def open_session() -> Any:
    """Load the network once for all legs; it runs on the thread that asks."""
    onnxruntime = _import_runtime()
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # its arena only grows, and makes nothing faster here
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        str(_model_path()), sess_options=options, providers=["CPUExecutionProvider"]
    )


def _model_path() -> Path:
    return Path(str(importlib.resources.files("streamer"))) / "assets" / "vad" / "silero_vad.onnx"
