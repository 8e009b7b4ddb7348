"""Audio files of many formats, written by FFmpeg from samples that the test knows."""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from streamer.cli.demo import demo_call
from streamer.media.decode import decode_mono

SOURCE_RATE = 8000


def known_speech(seconds=5, rate=SOURCE_RATE):
    """The beginning of the bundled call's words, as an array."""
    pcm = np.frombuffer(decode_mono(demo_call(), rate=rate), np.int16)
    return pcm[rate : rate * (1 + seconds)]


@dataclass(frozen=True)
class Written:
    """A container, what is in it, and by which suffix people know it."""

    container: str
    codec: str
    rate: int
    sample: str
    suffix: str
    options: tuple[tuple[str, str], ...] = ()

    def __str__(self):
        return f"{self.container}-{self.codec}{''.join('-' + value for _, value in self.options)}"


def write(kind, samples, folder, *, late=0.0, hole=None, bit_rate=None):
    """Return a new file; `late` is when the audio begins, `hole` from when to when there are no packets."""
    path = folder / f"x.{kind.suffix}"
    with av.open(str(path), "w", format=kind.container, options=dict(kind.options)) as container:
        stream = container.add_stream(kind.codec, rate=kind.rate, layout="mono", format=kind.sample)
        stream.codec_context.time_base = Fraction(1, kind.rate)
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        stream.codec_context.open()
        for frame in _cut(samples, kind, stream.codec_context.frame_size or 1024):
            frame.pts += round(late * kind.rate)
            container.mux([p for p in stream.encode(frame) if not _is_in(hole, p)])
        container.mux([p for p in stream.encode(None) if not _is_in(hole, p)])
    return path


def _is_in(hole, packet):
    return hole is not None and hole[0] <= packet.pts * packet.time_base < hole[1]


def _cut(samples, kind, size):
    resampler = av.AudioResampler(format=kind.sample, layout="mono", rate=kind.rate)
    whole = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    whole.sample_rate = SOURCE_RATE
    fifo = av.AudioFifo()
    for frame in resampler.resample(whole) + resampler.resample(None):
        frame.pts = None
        fifo.write(frame)
    for at in range(0, fifo.samples, size):
        part = fifo.read(size, partial=True)
        assert part is not None
        part.pts, part.time_base, part.sample_rate = at, Fraction(1, kind.rate), kind.rate
        yield part


def find_delay(heard, samples, rate=16_000):
    """Return by how many seconds `samples` come later in what was heard, 16 kHz, than they began."""
    ours = np.frombuffer(heard, np.int16)[:: rate // SOURCE_RATE].astype(float)
    size = 1 << (len(ours) + len(samples)).bit_length()
    spectrum = np.fft.rfft(ours, size) * np.conj(np.fft.rfft(samples.astype(float), size))
    best = int(np.argmax(np.fft.irfft(spectrum, size)))
    return (best - size if best > size // 2 else best) / SOURCE_RATE
