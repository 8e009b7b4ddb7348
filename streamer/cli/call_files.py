"""The file, or the two files, that are one call: how they are read, and what is to be said of that."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamer.cli.channel_choice import ChannelChoice, Piece, choose_channels
from streamer.core.audio import Leg
from streamer.errors import UsageError
from streamer.media.decode import read_tracks
from streamer.media.findings import Findings
from streamer.media.raw import RawFormat
from streamer.sources.rawfile import choose_raw

_PAIR = ("in", "out")
_QUIET = 0.0056
"""-45 dBFS: the loudest sample of a file in which words are guesses."""


class CallFiles:
    """One call: the channels of one file are its legs, or each of two files is one."""

    def __init__(
        self, paths: Sequence[Path], raw: RawFormat | None, channels: ChannelChoice
    ) -> None:
        self.paths = paths
        self._raw = raw
        self._channels = channels
        self._findings: dict[Path, Findings] = {}

    def open(self) -> tuple[tuple[Leg, ...], Iterator[Piece]]:
        """Return the legs, and their slin16 piece by piece; a leg of two files that has ended yields nothing more.

        Raises:
            UsageError: A file cannot be read.
        """
        if len(self.paths) == 1:
            return choose_channels(self._channels, lambda: self._read(self.paths[0]))
        legs = tuple(Leg(label, label) for label in _PAIR)
        return legs, self._read_together()

    def read_whole(self) -> tuple[tuple[Leg, ...], list[bytes]]:
        """Return the legs and all of their audio, then of one length."""
        legs, pieces = self.open()
        tracks = [b"".join(parts) for parts in zip(*pieces, strict=True)]
        longest = max(map(len, tracks))
        return legs, [track.ljust(longest, b"\0") for track in tracks]

    @property
    def taken(self) -> list[str]:
        """Say what files without a header were taken for."""
        return [found.taken for found in self._findings.values() if found.taken]

    @property
    def damage(self) -> str:
        """Say what could not be read; empty if all could."""
        is_pair = len(self.paths) > 1
        return "; ".join(
            f"{path.name}: {found.damage}" if is_pair else found.damage
            for path, found in self._findings.items()
            if found.damage
        )

    def say_not_understood(self, words: int) -> str:
        """Say how long and how loud a call is in which no word was understood, or of which too little can be heard; else nothing."""
        peak = max(found.peak for found in self._findings.values())
        length_s = max(found.length_s for found in self._findings.values())
        loudness = f"loudest at {20 * math.log10(peak):.0f} dBFS" if peak else "all of it silence"
        if not words:
            return f"no words were understood in {length_s:.1f} s of audio, {loudness}"
        if peak < _QUIET:
            return f"very quiet, {loudness} in {length_s:.1f} s of audio; the words are a guess"
        return ""

    def _read_together(self) -> Iterator[Piece]:
        readers = [self._read(path, is_mixed=True) for path in self.paths]
        for pieces in itertools.zip_longest(*readers, fillvalue=(b"",)):
            yield tuple(piece for (piece,) in pieces)

    def _read(self, path: Path, *, is_mixed: bool = False) -> Iterator[Piece]:
        """Read a file; what comes to light counts the first time."""
        found = Findings()
        found = found if path in self._findings else self._findings.setdefault(path, found)
        raw = self._raw or choose_raw(path, found)
        return read_tracks(path, raw=raw, findings=found, is_mixed=is_mixed)


def find_pairs(files: Sequence[Path]) -> dict[Path, Path]:
    """Return the files that MixMonitor or Monitor wrote for two directions of one call, the first of which ends in `-in`."""
    named = set(files)
    pairs = {}
    for file in files:
        partner = file.with_name(f"{file.stem.removesuffix('-in')}-out{file.suffix}")
        if file.stem.endswith("-in") and partner in named:
            pairs[file] = partner
    return pairs


def check_pair(incoming: Path | None, outgoing: Path | None, files: Sequence[Path]) -> None:
    """Check that `--in` and `--out` come together and alone.

    Raises:
        UsageError: They do not, or there is no file at all.
    """
    if (incoming is None) != (outgoing is None):
        flag, missing = ("--in", "--out") if incoming else ("--out", "--in")
        raise UsageError(f"{flag} needs {missing}: name the other direction of the call")
    if incoming is not None and incoming == outgoing:
        raise UsageError(
            f"--in and --out name the same file {incoming}; leave both out for a file of two channels"
        )
    if incoming is not None and files:
        raise UsageError(
            "--in and --out make one call; transcribe other files with another command"
        )
    if incoming is None and not files:
        raise UsageError(
            "name a file to transcribe, or two directions of a call with --in and --out"
        )
