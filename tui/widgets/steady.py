"""Text that a screen says with every look."""

from __future__ import annotations

from textual.visual import VisualType
from textual.widgets import Static


class SteadyText(Static):
    """Is drawn only where its text has changed, so that a screen on which nothing happens sends nothing."""

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show a text, if it is another one."""
        if content != self.content:
            super().update(content, layout=layout)
