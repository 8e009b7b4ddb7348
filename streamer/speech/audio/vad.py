"""Which frames of a leg are speech: Silero's network behind a threshold of loudness.

The network is the one inside faster-whisper (Silero v6, 16 kHz), whose own wrapper forgets everything between two calls; here each
leg keeps the network's memory and the end of the frame before. Frames below the threshold cost nothing, and a pause clears the memory.

What is not speech but loud (ring-back, busy, dial, DTMF, fax and SIT tones, hold music, noise) the network itself refuses: a second
stage for tones was measured to find nothing more that speech would not lose as well.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamer.core.audio import FULL_SCALE, SAMPLE_WIDTH
from streamer.core.telemetry import forbid_telemetry
from streamer.errors import ModelError
from streamer.speech.base import FRAME
from streamer.speech.private_import import private_temporary_folder

LEAST_LOUDNESS = 10 ** (-60 / 20)
"""Root mean square of a frame, as a share of full scale, below which a frame is silence: -60 dBFS, far under a quiet caller."""

FORGET_AFTER = 16
"""Quiet frames after which the network begins anew, half a second."""

_CONTEXT = 64
"""Samples of the frame before that the network sees in front of each; its wrapper says so."""

_MEMORY = (1, 1, 128)
_MODEL = "silero_vad_v6.onnx"

Samples = NDArray[np.float32]


class SileroVad:
    """One leg's detector; not for two threads at once. Feeding 1 s takes about 5 ms of one core, silence next to nothing."""

    def __init__(self, session: Any = None) -> None:
        self._session = session or open_session()
        self._unread = b""
        self._quiet_frames = 0
        self._hidden = self._cell = np.zeros(_MEMORY, np.float32)
        self._context: Samples = np.zeros((1, _CONTEXT), np.float32)

    def feed(self, pcm: bytes) -> list[float]:
        """Return the speech probability of each frame of `FRAME` samples that is now complete; the rest waits.

        `pcm` is 16-bit mono at 16 kHz, in pieces of any even size.
        """
        self._unread += pcm
        whole = len(self._unread) // (FRAME * SAMPLE_WIDTH) * FRAME * SAMPLE_WIDTH
        frames = np.frombuffer(self._unread[:whole], np.int16).reshape(-1, FRAME)
        self._unread = self._unread[whole:]
        return self._judge(frames.astype(np.float32) / np.float32(FULL_SCALE))

    def reset(self) -> None:
        """Forget everything, as when audio goes on somewhere else."""
        self._unread = b""
        self._forget()

    def _judge(self, frames: Samples) -> list[float]:
        is_loud = np.sqrt(np.mean(frames * frames, axis=1)) >= LEAST_LOUDNESS
        probabilities = np.zeros(len(frames), np.float32)
        borders = [0, *(np.flatnonzero(np.diff(is_loud)) + 1).tolist(), len(frames)]
        for start, end in zip(borders, borders[1:], strict=False):
            if start < end and is_loud[start]:
                probabilities[start:end] = self._ask(frames[start:end])
            else:
                self._skip(frames[start:end])
        return [float(p) for p in probabilities]

    def _ask(self, frames: Samples) -> Samples:
        before = np.concatenate([self._context, frames[:-1, -_CONTEXT:]])
        inputs = {
            "input": np.concatenate([before, frames], axis=1),
            "h": self._hidden,
            "c": self._cell,
        }
        probabilities, self._hidden, self._cell = self._session.run(None, inputs)
        self._context = frames[-1:, -_CONTEXT:]
        self._quiet_frames = 0
        return np.asarray(probabilities, np.float32).reshape(-1)

    def _skip(self, frames: Samples) -> None:
        self._quiet_frames += len(frames)
        if self._quiet_frames >= FORGET_AFTER:
            self._forget()
        elif len(frames):
            self._context = frames[-1:, -_CONTEXT:]

    def _forget(self) -> None:
        self._hidden = self._cell = np.zeros(_MEMORY, np.float32)
        self._context = np.zeros((1, _CONTEXT), np.float32)


@cache
def import_runtime() -> Any:
    """Import what runs the network, which takes half a second, without letting it tell anybody."""
    forbid_telemetry()
    with private_temporary_folder():
        import onnxruntime
    onnxruntime.disable_telemetry_events()
    return onnxruntime


@cache
def open_session() -> Any:
    """Load the network once for all legs; it runs on the thread that asks.

    Raises:
        ModelError: The installed faster-whisper does not have it.
    """
    onnxruntime = import_runtime()
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = (
        False  # its arena only grows, and the batches here are of all sizes
    )
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(
        str(_find_model()), sess_options=options, providers=["CPUExecutionProvider"]
    )


def _find_model() -> Path:
    """Find the network without importing faster-whisper, which takes a second."""
    spec = importlib.util.find_spec("faster_whisper")
    if spec is None or spec.origin is None:
        raise ModelError("faster-whisper is not installed; install streamer with its dependencies")
    path = Path(spec.origin).parent / "assets" / _MODEL
    if not path.is_file():
        raise ModelError(f"this faster-whisper has no {_MODEL}; streamer needs 1.2.1 or newer")
    return path
