"""Live audio of Asterisk channels: recorded first, then understood.

The library's entry point is `open_stream`; everything else serves the command `streamer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamer.sources.stream import open_stream as open_stream

__version__ = "0.1.0"
__all__ = ["__version__", "open_stream"]


def __getattr__(name: str) -> Any:
    """Import `open_stream` at its first use, so that `streamer --help` never loads a socket."""
    if name == "open_stream":
        from streamer.sources.stream import open_stream

        return open_stream
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
