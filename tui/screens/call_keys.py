"""The keys of the call screen, in the order in which they are shown."""

from __future__ import annotations

from textual.binding import Binding

from tui.screens.dialogs import FIRST_KEYS, MESSAGE_KEYS

CALL_KEYS: tuple[Binding, ...] = (
    *FIRST_KEYS,
    # Before the widgets get the key, because Textual clears the selection with it.
    Binding(
        "escape",
        "back",
        "Back",
        id="back",
        priority=True,
        tooltip="Clear the selection or the search; then go back",
    ),
    Binding("slash", "find", "Find", id="find", priority=True, tooltip="Find in this call"),
    Binding("n", "find_on(-1)", "Next", id="next", show=False, tooltip="Next match (older)"),
    Binding(
        "N",
        "find_on(1)",
        "Previous",
        id="previous",
        show=False,
        tooltip="Previous match (newer)",
    ),
    Binding("f", "follow", "Follow", id="follow", tooltip="Follow the newest line (on / off)"),
    Binding(
        "e",
        "export",
        "Export",
        id="export",
        tooltip="Save the transcript or the audio as a file",
    ),
    Binding("s", "stop", "Stop", id="stop", tooltip="Stop recording this call"),
    Binding(
        "t",
        "rename",
        "Name",
        id="rename",
        priority=True,
        tooltip="Name the speaker of this line",
    ),
    Binding(
        "m",
        "mark",
        "Mark",
        id="mark",
        show=False,
        priority=True,
        tooltip="Mark this line, with a note; again to edit or remove it",
    ),
    Binding(
        "l",
        "listen",
        "Play",
        id="listen",
        tooltip="Play the audio from this line (again to stop)",
    ),
    Binding(
        "p", "freeze", "Freeze", id="freeze", tooltip="Freeze the screen (recording continues)"
    ),
    Binding("c", "copy", "Copy", id="copy", tooltip="Copy the selection, or this line"),
    Binding(
        "i",
        "statistics",
        "Info",
        id="statistics",
        tooltip="Show statistics: frames, gaps, losses, delay, load",
    ),
    Binding(
        "right_square_bracket",
        "interest(1)",
        "Next event",
        id="next-event",
        show=False,
        key_display="]",
        tooltip="Next alert, mark or long silence",
    ),
    Binding(
        "left_square_bracket",
        "interest(-1)",
        "Previous event",
        id="previous-event",
        show=False,
        key_display="[",
        tooltip="Previous alert, mark or long silence",
    ),
    Binding(
        "right_curly_bracket",
        "turn(1)",
        "Next speaker",
        id="next-speaker",
        show=False,
        key_display="}",
        tooltip="Next change of speaker",
    ),
    Binding(
        "left_curly_bracket",
        "turn(-1)",
        "Previous speaker",
        id="previous-speaker",
        show=False,
        key_display="{",
        tooltip="Previous change of speaker",
    ),
    Binding(
        "v",
        "timeline",
        "Timeline",
        id="timeline",
        show=False,
        tooltip="Show or hide the strip of the whole call",
    ),
    Binding("w", "time", "Time", id="time", tooltip="Switch call time / clock time"),
    *MESSAGE_KEYS,
)
