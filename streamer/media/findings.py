"""What came to light while a file was read: how it was taken, and what of it could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from streamer.media.raw import RawFormat


@dataclass(slots=True)
class Findings:
    """Filled while a file is read, and whole when it has been read to its end; seconds are the file's own time."""

    taken: str = ""
    """How a file was read that does not say itself what it is."""

    packets: int = 0
    passed_over_s: float = 0.0
    first_at: float = 0.0
    """Where the first packet was passed over."""

    places: int = 0
    """Where parts of a file are damaged or missing, pages of an Ogg file among them."""

    broke_off: str = ""
    """Why the file was not read to its end."""

    length_s: float = 0.0
    """What was read, silence of what was passed over included."""

    announced_s: float = 0.0
    """What the file says that it holds, if that is more; else 0."""

    peak: float = 0.0
    """The loudest sample as a share of full scale, 0 to 1."""

    def take(self, path: Path, raw: RawFormat, *, doubt: str = "") -> None:
        """Note how a file without a header is read."""
        self.taken = f"{path.name} has no header; taken as {raw}{doubt} (--raw CODEC[:RATE] says what else it is)"

    def pass_over(self, *, at: float, seconds: float) -> None:
        """Count a packet that could not be decoded."""
        if not self.packets:
            self.first_at = at
        self.packets += 1
        self.passed_over_s += seconds

    @property
    def damage(self) -> str:
        """Say what is not as it was recorded; empty if all is."""
        return "; ".join(
            part
            for part in (self._say_passed_over(), self._say_places(), self._say_missing())
            if part
        )

    def _say_passed_over(self) -> str:
        if not self.packets:
            return ""
        noun = "packet" if self.packets == 1 else "packets"
        return (
            f"damaged: {self.packets} {noun} ({self.passed_over_s:.2f} s), the first at {self.first_at:.1f} s,"
            " could not be decoded and became silence"
        )

    def _say_places(self) -> str:
        places = "1 place" if self.places == 1 else f"{self.places} places"
        return f"damaged: what is missing in {places} became silence" if self.places else ""

    def _say_missing(self) -> str:
        if self.broke_off:
            return f"damaged: nothing behind {self.length_s:.1f} s can be read ({self.broke_off})"
        if self.announced_s:
            return f"cut off: it holds {self.length_s:.1f} s of the {self.announced_s:.1f} s that it announces"
        return ""
