"""The policy that most live Whisper tools use, for comparison on the same model and audio: `python -m tools.bench.peer JOB.json`.

LocalAgreement-2 as Machacek et al. (2023) describe it: every second the whole buffer of a leg is transcribed by faster-whisper with
beam 5 in full 30 s windows; words on which two successive transcripts agree, from the last committed one on, are committed; beyond 15 s
the buffer is cut at the last segment that is committed. The end of the call commits the rest. Written anew from the paper, on faster-whisper's
`transcribe()`; a leg is a thread, all share the model and the cores. Prints JSON.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from typing import Any

import numpy as np
from faster_whisper import WhisperModel

from streamer.speech.words.agreement import normalise
from tools.bench.peers import RATE, Heard, read_job

STEP_S = 1.0
TRIM_S = 15.0


class _Leg:
    """One leg's buffer and what is committed of it."""

    def __init__(self, model: WhisperModel, track: bytes, zero: float, *, language: str) -> None:
        self.committed: list[tuple[str, float, float]] = []
        self._model = model
        self._audio: Any = np.frombuffer(track, np.int16).astype(np.float32) / 32768
        self._language = language
        self._zero = zero
        self._start = 0.0
        self._pending: list[tuple[str, float]] = []

    def run(self) -> None:
        """Follow the call at real time."""
        length = len(self._audio) / RATE
        heard = 0.0
        while heard < length:
            due = self._zero + min(heard + STEP_S, length)
            time.sleep(max(0.0, due - time.monotonic()))
            heard = min(time.monotonic() - self._zero, length)
            self._step(heard)
        now = time.monotonic() - self._zero
        self.committed += [(word, end, now) for word, end in self._pending]

    def _step(self, heard: float) -> None:
        window = self._audio[int(self._start * RATE) : int(heard * RATE)]
        segments, _ = self._model.transcribe(
            window,
            language=self._language,
            beam_size=5,
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        found = list(segments)
        words = [(w.word.strip(), self._start + w.end) for s in found for w in s.words or []]
        last = self.committed[-1][1] if self.committed else 0.0
        fresh = [(word, end) for word, end in words if end > last + 0.1]
        agreed = 0
        for (one, _), (other, _) in zip(self._pending, fresh, strict=False):
            if normalise(one) != normalise(other):
                break
            agreed += 1
        now = time.monotonic() - self._zero
        self.committed += [(word, end, now) for word, end in fresh[:agreed]]
        self._pending = fresh[agreed:]
        if heard - self._start > TRIM_S and self.committed:
            ends = [
                self._start + s.end
                for s in found
                if self._start + s.end <= self.committed[-1][1] + 0.1
            ]
            self._start = ends[-1] if ends else self.committed[-1][1]


def main() -> None:
    """Follow the legs and print what was committed when, and CPU."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    job = read_job(sys.argv[1])
    tracks = job.read()
    cores = os.cpu_count() or 1
    model = WhisperModel(
        job.model,
        device="cpu",
        compute_type="int8",
        cpu_threads=max(1, cores // len(tracks)),
        num_workers=len(tracks),
    )
    before = resource.getrusage(resource.RUSAGE_SELF)
    zero = time.monotonic()
    legs = [_Leg(model, track, zero, language=job.language) for track in tracks]
    threads = [threading.Thread(target=leg.run) for leg in legs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    Heard([[(word, at) for word, _, at in leg.committed] for leg in legs], cpu_s).show()


if __name__ == "__main__":
    main()
