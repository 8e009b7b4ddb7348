"""The call screen: one call's transcript, live or past, with its state above and its keys below."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from streamer.core.alert import Severity
from streamer.core.events import SPEECH_RATE
from streamer.core.transcript import show_alert
from streamer.errors import StreamerError
from streamer.recording.private_files import is_regular
from streamer.recording.speaker_names import LONGEST, write_names
from tui import sound
from tui.layout.formatting import show_count, show_name
from tui.layout.timeline import find_scale, lay_out
from tui.navigation import Navigator
from tui.screens.call_keys import CALL_KEYS
from tui.screens.dialogs import Enter
from tui.screens.marking import ask_for_mark
from tui.screens.statistics import Statistics
from tui.screens.taking_out import ask_for_export, copy
from tui.state.call import Key, ShownCall
from tui.widgets.bottom import FindBar, TroubleLine, may_act
from tui.widgets.call_status import CallStatus
from tui.widgets.head import CallHead, LegMeters
from tui.widgets.keys import KeyLine
from tui.widgets.timeline import Timeline
from tui.widgets.transcript import Transcript

TICK_S = 0.2


class CallScreen(Screen[None]):
    """Follows one call."""

    app: Navigator

    BINDINGS = [*CALL_KEYS]

    def __init__(self, shown: ShownCall, *, at: Key | None = None) -> None:
        super().__init__()
        self.shown = shown
        self._at = at
        self._wanted_time: tuple[float, float] | None = None
        self._status = CallStatus(shown)
        self._is_laid_out = False
        self._playing: sound.Playing | None = None
        self._unfrozen = 0
        self._scale_s = 0.0

    def compose(self) -> ComposeResult:
        yield CallHead(id="head")
        yield LegMeters(id="meters")
        yield Timeline(id="timeline")
        yield Transcript(self.shown, near=self._at, id="transcript")
        yield TroubleLine(id="trouble")
        yield FindBar(placeholder="Find in this call", id="find")
        yield KeyLine()

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    def on_mount(self) -> None:
        self._is_laid_out = True
        self.query_one(FindBar).close()
        self.set_focus(self.transcript)
        if self._at is None and self.shown.is_over:
            self.transcript.go_to(0)  # at once, since keys may have been pressed already
        self._look()
        self.show_troubles()
        self.set_interval(TICK_S, self._look)
        self.call_after_refresh(self._show_wanted)

    @property
    def _has_widgets(self) -> bool:
        """Say whether there is something to draw into: not before it is composed, and not while it is closed."""
        return self._is_laid_out and self.display

    def on_unmount(self) -> None:
        if self._playing is not None:
            self._playing.stop()

    def on_screen_resume(self) -> None:
        """Catch up with what came while another screen was in front, a mouse button let go included."""
        self.show_changes()
        self.on_text_selected()

    # What happens

    def show_changes(self) -> None:
        if not self._has_widgets:
            return
        self.transcript.show_changes()
        self._show_wanted()
        self._draw_head()
        self.show_troubles()
        self._say_alerts()

    def _say_alerts(self) -> None:
        """Show each new alert once; of a call that is over, the marks say it."""
        new, self.shown.new_alerts = self.shown.new_alerts, []
        for alert in [] if self.shown.is_over else new:
            line = f"{alert.severity.sign} {show_alert(alert)}"
            self.app.say(line, is_bad=alert.severity is Severity.CRITICAL)

    def show_troubles(self) -> None:
        if not self._has_widgets:
            return
        self.query_one(TroubleLine).show(
            [
                *self._list_notices(),
                *self.shown.troubles,
                *self.app.open_calls.shown_calls.troubles,
            ]
        )

    def _list_notices(self) -> list[str]:
        return self.app.open_calls.list_notices(lacks_text=self._status.lacks_text)

    def go_to_time(self, position_s: float, *, grain_s: float) -> None:
        """Go to the line of a moment, known to so many seconds, as soon as it is there."""
        self._wanted_time = position_s, grain_s
        self._show_wanted()

    def _show_wanted(self) -> None:
        if self._wanted_time is not None:
            position_s, grain_s = self._wanted_time
            if (key := self.shown.find_at(position_s, grain_s=grain_s)) is not None:
                self._at, self._wanted_time = key, None
        if self._at is not None and self.transcript.go_to_key(self._at):
            self._at = None

    def _look(self) -> None:
        if not self._has_widgets:
            return
        self._status.look()
        transcript, zero_at = self.transcript, self.shown.zero_at
        if transcript.zero_at is not None and zero_at is not None:
            transcript.zero_at = zero_at  # it was asked for while the call was ringing
        if self._playing is not None and self._playing.has_failed:
            self._playing = None
            self.app.say("Playing failed. Check that this machine has a sound device.", is_bad=True)
        self._draw_head()
        self.show_troubles()

    def _draw_head(self) -> None:
        open_calls = self.app.open_calls
        heading = self._status.write_heading(
            open_calls.speech(), self._notes(), has_failed=open_calls.request.outcome.is_over
        )
        self.query_one(CallHead).heading = heading
        self.query_one(LegMeters).lines = self._status.write_lines()
        self._draw_timeline(heading.duration_s)

    def _draw_timeline(self, duration_s: float) -> None:
        strip, transcript = self.query_one(Timeline), self.transcript
        if strip.display and strip.size.width:
            known_s = max(duration_s, self.shown.talk.end_s)
            self._scale_s = find_scale(known_s, is_over=self.shown.is_over)
            strip.cells = lay_out(
                self.shown,
                strip.size.width,
                self._scale_s,
                sight=transcript.sight_s,
                here_s=transcript.here_s,
            )

    def _notes(self) -> list[str]:
        transcript = self.transcript
        notes = ["read-only"] if self.app.open_calls.request.is_read_only else []
        if transcript.is_frozen:
            new = self.shown.finals - self._unfrozen
            notes.append(f"frozen, {new} new" if new else "frozen")
        elif not transcript.follows and not self.shown.is_over:
            notes.append("not following")
        if self._playing is not None and not self._playing.is_over:
            notes.append("playing")
        return notes

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Say whether an action may run: keys with priority are text while a field has the focus."""
        if action == "pull" and self.app.offers(action):
            return self.app.open_calls.offers_model
        return self.app.offers(action) and may_act(self, action, ("find", "rename", "mark"))

    async def action_back(self) -> None:
        """Clear the selection; without one, close the search; without that, go back."""
        has_selected = self.transcript.has_selected
        self.clear_selection()
        if has_selected:
            return
        if self.query_one(FindBar).display or self.transcript.needle:
            self.query_one(FindBar).close()
            self.transcript.look_for("")
            self.set_focus(self.transcript)
        else:
            await self.app.go_back(self)

    def action_find(self) -> None:
        self.query_one(FindBar).open()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one(FindBar).close()
        self.set_focus(self.transcript)
        count = self.transcript.look_for(event.value.strip())
        if event.value.strip():
            needle = show_name(event.value, 40)
            self.app.say(
                f"{show_count(count, 'line')} found. n: older, N: newer"
                if count
                else f'No line contains "{needle}"'
            )

    def action_interest(self, step: int) -> None:
        why = self.transcript.go_to_interest(step)
        self.app.say(why or "no alert, mark or long silence there")

    def action_turn(self, step: int) -> None:
        if not self.transcript.go_to_turn(step):
            self.app.say("no change of speaker there")

    def action_timeline(self) -> None:
        strip = self.query_one(Timeline)
        strip.display = not strip.display
        self._draw_head()

    def on_timeline_pressed(self, event: Timeline.Pressed) -> None:
        self.transcript.go_to_time(event.share * self._scale_s)

    def action_find_on(self, step: int) -> None:
        if not self.transcript.look_on(step):
            self.app.say("Press / to search first")

    def action_follow(self) -> None:
        transcript = self.transcript
        if transcript.follows and (index := transcript.cursor_index) is not None:
            transcript.go_to(index)
        else:
            transcript.action_last()
        self._draw_head()

    def action_freeze(self) -> None:
        if self.shown.is_over and not self.transcript.is_frozen:
            self.app.say("This call has ended: nothing moves")
            return
        self._unfrozen = self.shown.finals
        self.transcript.is_frozen = not self.transcript.is_frozen
        self._draw_head()

    def on_transcript_moved(self) -> None:
        if not self.shown.is_over:
            self._wanted_time = None  # the user has gone elsewhere meanwhile
        self._draw_head()

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        """Return where a selection with the mouse begins or ends; one that began in the transcript stays in it."""
        widget, offset = super().get_widget_and_offset_at(x, y)
        if self._has_widgets and (widget is self.transcript or self.transcript.is_dragged):
            return self.transcript, self.transcript.find_place(x, y)
        return widget, offset

    def on_text_selected(self) -> None:
        """Let the transcript go on: a mouse button was released somewhere."""
        if self._has_widgets:
            # In the order of its own messages: the press may wait there yet, and the click comes first.
            self.transcript.call_later(self.transcript.let_go)

    def action_copy(self) -> None:
        if selected := self.get_selected_text():
            copy(self.app, selected, "the selection")
            return
        block = self.transcript.cursor_block
        if block is None:
            self.app.say("No line to use yet")
            return
        copy(self.app, block.text, "the line")

    async def action_export(self) -> None:
        await ask_for_export(self.app, self.shown)

    async def action_stop(self) -> None:
        await self.app.ask_to_stop(self.shown.folder)

    async def action_rename(self) -> None:
        block = self.transcript.cursor_block
        label = block.key[0] if block else (self.shown.legs[0].label if self.shown.legs else "")
        if not label:
            self.app.say("No speaker to name yet")
            return

        def rename(name: str | None) -> None:
            if name is not None:
                self._rename(label, name)

        question = f'Name for "{show_name(label)}" (empty: keep the label)'
        await self.app.push_screen(Enter(question, self.shown.names.get(label, "")), rename)

    def _rename(self, label: str, name: str) -> None:
        self.shown.rename(label, name.strip()[:LONGEST])
        self.transcript.show_changes()
        self.transcript.redraw()
        self._draw_head()
        if self.shown.folder is not None:
            try:
                write_names(self.shown.folder, self.shown.names)
            except StreamerError as error:
                self.app.say(str(error), is_bad=True)

    async def action_mark(self) -> None:
        block = self.transcript.cursor_block
        await ask_for_mark(self.app, self.shown, block.key if block else None)

    def action_time(self) -> None:
        transcript = self.transcript
        if transcript.zero_at is not None:
            transcript.zero_at = None
        elif self.shown.call is not None:
            transcript.zero_at = self.shown.zero_at or self.shown.call.started_at

    async def action_statistics(self) -> None:
        await self.app.push_screen(Statistics(self.shown))

    def action_listen(self) -> None:
        listened = None if self.transcript.follows else self.transcript.cursor_block
        if self.app.listen_in(
            self.shown.call_id, listened.order[0] / SPEECH_RATE if listened else None
        ):
            return
        if self._playing is not None and not self._playing.is_over:
            self._playing.stop()
            self._draw_head()
            return
        block = self.transcript.cursor_block
        if block is None:
            self.app.say("No line to use yet")
            return
        paths = {
            leg.label: path
            for leg, path in zip(self.shown.legs, self.shown.recordings, strict=False)
        }
        wav = paths.pop(block.key[0])
        others = [path for path in paths.values() if is_regular(path)]
        try:
            self._playing = sound.play(wav, others, start_s=block.order[0] / SPEECH_RATE)
        except (StreamerError, OSError) as error:
            self.app.say(str(error), is_bad=True)
        self._draw_head()

    def action_pull(self) -> None:
        self.app.open_calls.pull_model()

    def action_read(self) -> None:
        if self._list_notices():
            self.app.open_calls.read_notice()
        elif self.shown.troubles:
            self.shown.troubles.pop(0)
        elif self.app.open_calls.shown_calls.troubles:
            self.app.open_calls.shown_calls.troubles.pop(0)
        self.show_troubles()

    def on_trouble_line_read(self) -> None:
        self.action_read()
