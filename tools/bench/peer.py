"""The policy that most live Whisper tools use, for comparison on the same model and audio: `python -m tools.bench.peer [telephone]`.

LocalAgreement-2 as Machacek et al. (2023) describe it: every second the whole buffer of a leg is transcribed by faster-whisper with
beam 5 in full 30 s windows; words on which two successive transcripts agree, from the last committed one on, are committed; beyond 15 s
the buffer is cut at the last segment that is committed. The end of the call commits the rest. Written anew from the paper, on faster-whisper's
`transcribe()`; a leg is a thread, two share the model. Prints JSON.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from typing import Any

import numpy as np
from faster_whisper import WhisperModel

from streamer.speech.engine.models import demo_path
from streamer.speech.words.agreement import normalise
from tools.bench.gold import RATE, judge, load_gold
from tools.bench.machine import show

STEP_S = 1.0
TRIM_S = 15.0


class _Leg:
    """One leg's buffer and what is committed of it."""

    def __init__(self, model: WhisperModel, audio: Any, zero: float) -> None:
        self.committed: list[tuple[str, float, float]] = []
        self._model = model
        self._audio = audio
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
            language="en",
            beam_size=5,
            word_timestamps=True,
            condition_on_previous_text=False,
        )
        found = list(segments)
        words = [(normalise(w.word), self._start + w.end) for s in found for w in s.words or []]
        last = self.committed[-1][1] if self.committed else 0.0
        fresh = [(word, end) for word, end in words if end > last + 0.1]
        agreed = 0
        for (one, _), (other, _) in zip(self._pending, fresh, strict=False):
            if one != other:
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
    """Run both legs and print commit latencies, word errors and CPU."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    gold = load_gold(is_telephone="telephone" in sys.argv)
    model = WhisperModel(
        str(demo_path()), device="cpu", compute_type="int8", cpu_threads=1, num_workers=2
    )
    before = resource.getrusage(resource.RUSAGE_SELF)
    zero = time.monotonic()
    legs = [
        _Leg(model, np.frombuffer(t, np.int16).astype(np.float32) / 32768, zero)
        for t in gold.tracks
    ]
    threads = [threading.Thread(target=leg.run) for leg in legs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = resource.getrusage(resource.RUSAGE_SELF)
    commit, wer = judge(gold, [[(word, at) for word, _, at in leg.committed] for leg in legs])
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    show(json.dumps({"commit": commit, "wer": wer, "cpu_s": cpu_s}))


if __name__ == "__main__":
    main()
