"""Every format that FFmpeg writes here, whole, late, with holes, cut and damaged, against the samples that went in."""

import struct
from pathlib import Path

import numpy as np
import pytest

from streamer.errors import UsageError
from streamer.media.decode import read_tracks
from streamer.media.findings import Findings
from streamer.media.raw import parse_raw
from tests.fakes.written import SOURCE_RATE, Written, find_delay, known_speech, write

DATA = Path(__file__).parents[2] / "data" / "damaged"
LENGTH_S = 4

OPUS = ("libopus", 48_000, "s16")
AAC = ("aac", 16_000, "fltp")
PCM = ("pcm_s16le", 8_000, "s16")
TIMED = [
    Written("webm", *OPUS, "webm"),
    Written("matroska", *OPUS, "mkv"),
    Written("matroska", *AAC, "mkv"),
    Written("matroska", *PCM, "mka"),
    Written("ogg", *OPUS, "ogg"),
    Written("opus", *OPUS, "opus"),
    Written("mp4", *AAC, "m4a"),
    Written("mp4", *OPUS, "mp4"),
    Written("mp4", "alac", 16_000, "s16p", "m4a"),
    Written("mp4", *AAC, "mp4", (("movflags", "faststart"),)),
    Written("mp4", *AAC, "mp4", (("movflags", "frag_keyframe+empty_moov"),)),
    Written("mov", *PCM, "mov"),
    Written("3gp", "libopencore_amrnb", 8_000, "s16", "3gp"),
    Written("nut", *PCM, "nut"),
]
UNTIMED = [
    Written("wav", *PCM, "wav"),
    Written("wav", "pcm_mulaw", 8_000, "s16", "wav"),
    Written("wav", "pcm_alaw", 8_000, "s16", "wav"),
    Written("wav", "adpcm_ima_wav", 8_000, "s16p", "wav"),
    Written("mp3", "libmp3lame", 16_000, "s16p", "mp3"),
    Written("mp3", "libmp3lame", 8_000, "s16p", "mp3"),
    Written("mp3", "libmp3lame", 44_100, "s16p", "mp3"),
    Written("flac", "flac", 16_000, "s16", "flac"),
    Written("adts", *AAC, "aac"),
    Written("amr", "libopencore_amrnb", 8_000, "s16", "amr"),
    Written("mpegts", *AAC, "ts"),
    Written("au", "pcm_mulaw", 8_000, "s16", "au"),
    Written("aiff", "pcm_s16be", 8_000, "s16", "aiff"),
    Written("caf", *PCM, "caf"),
    Written("w64", *PCM, "w64"),
    Written("ac3", "ac3", 48_000, "fltp", "ac3"),
    Written("wv", "wavpack", 16_000, "s16p", "wv"),
    Written("tta", "tta", 16_000, "s16", "tta"),
]
RAW = [
    Written("s16le", *PCM, "sln"),
    Written("s16le", *PCM, "sln8"),
    *(
        Written("s16le", "pcm_s16le", rate, "s16", f"sln{rate // 1000}")
        for rate in (12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000)
    ),
    *(Written("mulaw", "pcm_mulaw", 8_000, "s16", s) for s in ("ulaw", "ul", "ulw", "mu", "au")),
    *(Written("alaw", "pcm_alaw", 8_000, "s16", s) for s in ("alaw", "al", "alw")),
    Written("g722", "g722", 16_000, "s16", "g722"),
    Written("g726le", "g726le", 8_000, "s16", "g726"),
    Written("g726le", "g726le", 8_000, "s16", "g726-32"),
]


@pytest.fixture(scope="module")
def speech():
    return known_speech(LENGTH_S)


def read(path, raw=None):
    findings = Findings()
    pieces = list(read_tracks(path, raw=raw, findings=findings))
    return b"".join(track for track, *_ in pieces), findings


def length(pcm):
    return len(pcm) / 2 / 16_000


@pytest.mark.parametrize("kind", TIMED + UNTIMED, ids=str)
def test_what_was_written_is_heard_from_its_first_sample_on(kind, tmp_path, speech):
    pcm, findings = read(write(kind, speech, tmp_path))
    assert abs(find_delay(pcm, speech)) < 0.1
    assert length(pcm) == pytest.approx(LENGTH_S, abs=0.3)
    assert findings.damage == findings.taken == ""
    assert findings.peak > 0.05


# FFmpeg writes the start into a fragment only behind an index that it holds back until then.
@pytest.mark.parametrize("kind", [kind for kind in TIMED if "frag" not in str(kind)], ids=str)
def test_audio_that_starts_late_starts_late(kind, tmp_path, speech):
    pcm, findings = read(write(kind, speech, tmp_path, late=3))
    assert find_delay(pcm, speech) == pytest.approx(3, abs=0.1)
    assert findings.damage == ""
    assert not any(pcm[: 2 * 2 * 16_000])


GAPS = [
    kind for kind in TIMED if kind.container in ("webm", "matroska", "nut", "ogg", "opus", "mp4")
]


@pytest.mark.parametrize("kind", GAPS, ids=str)
def test_a_gap_in_the_packets_is_silence(kind, tmp_path, speech):
    twice = np.concatenate([speech, speech])
    pcm, findings = read(write(kind, twice, tmp_path, hole=(0.1, LENGTH_S)))
    assert find_delay(pcm, speech) == pytest.approx(LENGTH_S, abs=0.1)
    assert not np.frombuffer(pcm, np.int16)[16_000 : 3 * 16_000].any()
    assert findings.damage == ""


NEEDS_ITS_END = [
    kind for kind in TIMED if kind.container in ("mp4", "mov", "3gp") and not kind.options
]
SAYS_ITS_LENGTH = (
    "wav",
    "mp3",
    "flac",
    "au",
    "aiff",
    "wv",
    "tta",
    "webm",
    "matroska",
    "mp4",
    "ogg",
    "opus",
)


# Four seconds are one block of WavPack.
CUT = [kind for kind in TIMED + UNTIMED if kind not in NEEDS_ITS_END and kind.container != "wv"]


@pytest.mark.parametrize("kind", CUT, ids=str)
def test_what_is_left_of_a_file_that_was_cut_off_is_read(kind, tmp_path, speech):
    path = write(kind, speech, tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    pcm, findings = read(path)
    assert abs(find_delay(pcm, speech)) < 0.1
    assert 0.3 * LENGTH_S < length(pcm) < 0.8 * LENGTH_S
    if kind.container in SAYS_ITS_LENGTH and "frag" not in str(kind):
        assert "cut off" in findings.damage or "damaged" in findings.damage


@pytest.mark.parametrize("kind", NEEDS_ITS_END, ids=str)
def test_without_its_index_a_file_is_refused_with_the_reason(kind, tmp_path, speech):
    path = write(kind, speech, tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(UsageError, match="was cut off before its index"):
        read(path)


LOSES_TIME = ("adts", "amr")
"""Their frames follow each other without number or time, and FFmpeg looks for the next one without a word."""


@pytest.mark.parametrize("filling", [b"\0", b"\x5a\xc3\x17"])
@pytest.mark.parametrize(
    "kind", [kind for kind in TIMED + UNTIMED if kind.container not in LOSES_TIME], ids=str
)
def test_what_lies_behind_damage_keeps_its_time(kind, filling, tmp_path, speech):
    twice = np.concatenate([speech, speech])
    path = write(kind, twice, tmp_path)
    content = bytearray(path.read_bytes())
    begins, size = len(content) * 2 // 10, len(content) // 10
    content[begins : begins + size] = (filling * size)[:size]
    path.write_bytes(content)
    pcm, _ = read(path)
    assert length(pcm) == pytest.approx(2 * LENGTH_S, abs=0.3)
    second = pcm[round((LENGTH_S + 0.5) * 16_000) * 2 :]
    assert abs(find_delay(second, speech[SOURCE_RATE // 2 :])) < 0.1


@pytest.mark.parametrize("kind", TIMED[4:8] + [UNTIMED[4], UNTIMED[-1]], ids=str)
def test_damage_is_told(kind, tmp_path, speech):
    path = write(kind, speech, tmp_path)
    content = bytearray(path.read_bytes())
    begins, size = len(content) // 2, len(content) // 10
    content[begins : begins + size] = np.random.default_rng(1).bytes(size)
    path.write_bytes(content)
    _, findings = read(path)
    assert findings.damage.startswith("damaged: ")


@pytest.mark.parametrize(("name", "ends_at"), [("sox49.WAV", 11.0), ("corrupt_end.mp3", 11.0)])
def test_a_packet_that_cannot_be_decoded_costs_that_packet(name, ends_at):
    pcm, findings = read(DATA / name)
    assert not any(pcm[round((ends_at + 0.05) * 32_000) :])
    assert length(pcm) >= ends_at
    assert np.abs(np.frombuffer(pcm, np.int16)[: 11 * 16_000]).max() > 3000
    assert "could not be decoded and became silence" in findings.damage
    assert findings.first_at == pytest.approx(ends_at, abs=0.1)


def test_a_stream_that_is_appended_goes_on(tmp_path, speech):
    path = write(TIMED[4], speech, tmp_path)
    path.write_bytes(path.read_bytes() * 2)
    pcm, findings = read(path)
    assert length(pcm) == pytest.approx(2 * LENGTH_S, abs=0.1)
    assert findings.damage == ""


@pytest.mark.parametrize("kind", RAW, ids=lambda kind: kind.suffix)
def test_raw_audio_is_read_by_asterisk_s_name_for_it(kind, tmp_path, speech):
    pcm, findings = read(write(kind, speech, tmp_path))
    assert length(pcm) == pytest.approx(LENGTH_S, abs=0.05)
    assert abs(find_delay(pcm, speech)) < 0.01
    assert f"x.{kind.suffix} has no header; taken as " in findings.taken


@pytest.mark.parametrize("bits", [16, 24, 32, 40])
@pytest.mark.parametrize("is_named", [True, False])
def test_g726_of_every_rate_is_packed_as_in_rfc_3551(bits, is_named, tmp_path, speech):
    kind = Written("g726le", "g726le", 8_000, "s16", f"g726-{bits}" if is_named else "bin")
    path = write(kind, speech, tmp_path, bit_rate=bits * 1000)
    pcm, _ = read(path, None if is_named else parse_raw(f"g726-{bits}"))
    ours = np.frombuffer(pcm, np.int16)[::2][: len(speech)].astype(float)
    assert length(pcm) == pytest.approx(LENGTH_S, abs=0.05)
    assert np.corrcoef(ours, speech[: len(ours)])[0, 1] > 0.9


def test_a_header_counts_for_more_than_a_name(tmp_path, speech):
    path = write(Written("wav", *PCM, "ulaw"), speech, tmp_path)
    pcm, findings = read(path)
    assert length(pcm) == pytest.approx(LENGTH_S)
    assert findings.taken == ""


def test_gsm_is_read_without_its_header(tmp_path):
    microsoft = (DATA / "sox49.WAV").read_bytes()[60:]
    wanted, _ = read(DATA / "sox49.WAV")
    path = tmp_path / "x.gsm"
    path.write_bytes(
        b"".join(map(_repack, struct.iter_unpack("65s", microsoft[: len(microsoft) // 65 * 65])))
    )
    pcm, _ = read(path)
    assert pcm == wanted[: len(pcm)]
    assert length(pcm) == pytest.approx(11)


_GSM_FIELDS = [6, 6, 5, 5, 4, 4, 3, 3, *([7, 2, 2, 6] + [3] * 13) * 4]


def _repack(block):
    """Return two frames of GSM 06.10 as everybody but Microsoft packs them: a mark, then every field from its highest bit on."""
    bits = "".join(f"{byte:08b}"[::-1] for byte in block[0])
    packed, at = "", 0
    for _ in range(2):
        packed += "1101"
        for width in _GSM_FIELDS:
            packed += bits[at : at + width][::-1]
            at += width
    return int(packed, 2).to_bytes(66, "big")


def test_g729_takes_ten_bytes_for_ten_milliseconds(tmp_path):
    path = tmp_path / "x.g729"
    path.write_bytes(bytes(10) * 100)
    assert length(read(path)[0]) == pytest.approx(1)


def test_vox_is_dialogic_s_adpcm_at_8_khz(tmp_path, speech):
    path = tmp_path / "x.vox"
    path.write_bytes(_encode_oki(speech))
    pcm, findings = read(path)
    assert "taken as vox" in findings.taken
    assert length(pcm) == pytest.approx(LENGTH_S, abs=0.01)
    ours = np.frombuffer(pcm, np.int16)[::2][: len(speech)].astype(float)
    assert np.corrcoef(ours, speech[: len(ours)])[0, 1] > 0.9


_OKI_STEPS = [int(16 * 1.1**n) for n in range(49)]
_OKI_MOVES = [-1, -1, -1, -1, 2, 4, 6, 8]


def _encode_oki(samples):
    """Code 12-bit samples in 4 bits each, the first in the high half of a byte."""
    codes, value, place = [], 0, 0
    for sample in samples // 16:
        step, change = _OKI_STEPS[place], int(sample) - value
        code = min(7, abs(change) * 4 // step)
        moved = step * (2 * code + 1) // 8
        value = max(-2048, min(2047, value - moved if change < 0 else value + moved))
        place = max(0, min(48, place + _OKI_MOVES[code]))
        codes.append(code | (8 if change < 0 else 0))
    return bytes(high << 4 | low for high, low in zip(codes[::2], codes[1::2], strict=True))


def test_what_cannot_be_read_names_the_way_out(tmp_path):
    for name, content, words in [
        ("x.siren14", b"abc", "is Siren 14"),
        ("x.dat", bytes(range(256)), "--raw CODEC"),
        ("x.wav", b"", "is empty"),
        ("x.sln", b"", "is empty"),
    ]:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(UsageError, match=words):
            read(path)


def test_a_video_without_sound_holds_no_audio(tmp_path):
    import av

    path = tmp_path / "x.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25, width=16, height=16, pix_fmt="yuv420p")
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        container.mux(stream.encode(None))
    with pytest.raises(UsageError, match="holds no audio"):
        read(path)
