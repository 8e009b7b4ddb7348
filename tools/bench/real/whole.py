"""faster-whisper on a whole file: `python -m tools.bench.real.whole MODEL FILE LANGUAGE [batched]`; prints JSON.

Its own defaults but for beam 5 and the VAD filter, which are what its users are told to use.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from faster_whisper import BatchedInferencePipeline, WhisperModel

from tools.bench.machine import show


def main() -> None:
    """Print the text, and the seconds that it took once the model was loaded."""
    model_path, file, language, *rest = sys.argv[1:]
    model = WhisperModel(model_path, device="cpu", compute_type="int8")
    reader: Any = BatchedInferencePipeline(model) if "batched" in rest else model
    began = time.perf_counter()
    segments, _ = reader.transcribe(file, language=language, beam_size=5, vad_filter=True)
    text = " ".join(segment.text.strip() for segment in segments)
    show(json.dumps({"text": text, "alone_s": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
