"""What `m` does: mark the line under the cursor, or change or remove its mark."""

from __future__ import annotations

from datetime import UTC, datetime

from streamer.core.mark import LONGEST_NOTE, Mark
from streamer.core.untrusted import one_line
from streamer.errors import StreamerError
from tui.navigation import Navigator
from tui.screens.dialogs import Enter
from tui.state.call import Key, ShownCall

_NEW = "Mark this line; add a note if you like."
_OLD = "Edit the note; leave it empty to remove the mark."


async def ask_for_mark(app: Navigator, shown: ShownCall, key: Key | None) -> None:
    """Ask for the note of a line, and keep the mark; a line without words of its own cannot be marked."""
    utterance = shown.utterances.get(key) if key else None
    if utterance is None or utterance.number < 0:
        app.say("only a line with words can be marked")
        return
    old = shown.marks.get(utterance.key)

    async def keep(note: str) -> None:
        mark = Mark(
            shown.call_id,
            utterance.leg,
            utterance.number,
            utterance.start,
            utterance.end,
            one_line(note)[:LONGEST_NOTE],
            datetime.now(UTC),
            is_removed=old is not None and not note.strip(),
        )
        try:
            await app.open_calls.keep_mark(shown, mark)
        except StreamerError as error:
            app.say(str(error), is_bad=True)

    def take(note: str | None) -> None:
        if note is not None:
            app.run_worker(keep(note), group="mark")

    await app.push_screen(Enter(_OLD if old else _NEW, old.note if old else ""), take)
