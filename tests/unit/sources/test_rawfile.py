"""What `.pcm` and `.raw` files hold is told from their bytes."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from streamer.media.decode import decode_mono
from streamer.media.findings import Findings
from streamer.sources.rawfile import choose_raw
from streamer.wire.g711 import Law, encode
from tests.fakes.written import known_speech

DATA = Path(__file__).parents[2] / "data"
SPEECH = [
    None,
    *sorted((DATA / "prompts").glob("*.wav")),
    *sorted((DATA / "answers").glob("*.wav")),
]
CODINGS = {
    "slin": bytes,
    "ulaw": lambda pcm: encode(pcm, Law.MU),
    "alaw": lambda pcm: encode(pcm, Law.A),
}


def choose(path, content):
    path.write_bytes(content)
    findings = Findings()
    return choose_raw(path, findings), findings.taken


@pytest.mark.parametrize("rate", [8_000, 16_000])
@pytest.mark.parametrize(("file", "coding"), product(SPEECH, CODINGS))
def test_what_names_do_not_tell_is_told_by_the_bytes(file, coding, rate, tmp_path):
    pcm = decode_mono(file, rate=rate) if file else known_speech(3, rate=rate).tobytes()
    raw, taken = choose(tmp_path / "x.PCM", CODINGS[coding](pcm))
    assert raw.codec == coding
    assert taken.startswith(f"x.PCM has no header; taken as {coding}:8000 (")


@pytest.mark.parametrize("divisor", [10, 100, 1000])
def test_quiet_samples_are_no_law(divisor, tmp_path):
    raw, _ = choose(tmp_path / "x.pcm", (known_speech(6) // divisor).tobytes())
    assert raw.codec == "slin"


@pytest.mark.parametrize(("suffix", "codec"), [("raw", "slin"), ("pcm", "ulaw")])
def test_what_looks_like_nothing_is_what_asterisk_means(suffix, codec, tmp_path):
    raw, taken = choose(tmp_path / f"x.{suffix}", np.random.default_rng(1).bytes(20_000))
    assert raw.codec == codec
    assert "its bytes look like none of slin, ulaw and alaw" in taken
    raw, taken = choose(tmp_path / f"x.{suffix}", bytes(20_000))
    assert raw.codec == codec
    assert "look like" not in taken


@pytest.mark.parametrize("name", ["x.ulaw", "x.wav", "x.bin"])
def test_other_names_decide_themselves(name, tmp_path):
    assert choose(tmp_path / name, known_speech(1).tobytes()) == (None, "")


def test_a_header_decides_itself(tmp_path):
    assert choose(tmp_path / "x.raw", b"RIFF....WAVE") == (None, "")
