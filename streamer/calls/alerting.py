"""The alerts of one call: judged by the process that transcribes it, told by every process that follows it.

An alert is kept in the transaction of the words that raise it, and announced when it can be read from the store. So it is raised once
whatever is killed in between, and every viewer tells it once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from functools import partial

from streamer.alerts.glancing import Glance
from streamer.alerts.judging import CallJudge, Verdict
from streamer.alerts.rulebook import Rulebook
from streamer.alerts.rules import STOP
from streamer.core.alert import Alert
from streamer.core.events import Call, Event, Final, Partial, Segment
from streamer.recording.folder import CallFolder
from streamer.store import NewAlert, Progress, Reader

NO_RULES = Rulebook(())


class ToldAlerts:
    """Tells each alert of a call once, after the words that raised it."""

    def __init__(
        self,
        call_id: str,
        publish: Callable[[Alert], None],
        book: Rulebook = NO_RULES,
    ) -> None:
        self._call_id = call_id
        self._glance = Glance(book)
        self._publish = publish
        self._known: set[str] = set()
        self._untold: list[Alert] = []
        self._waiting: dict[str, tuple[Partial, datetime]] = {}
        """By leg, what is still to be looked at in a thread; what is newer takes its place."""
        self._looking: asyncio.Future[None] | None = None
        self._settled: dict[str, int] = {}
        self._is_over = False

    async def read(self, reader: Reader) -> list[Alert]:
        """Take up, and return, what has been kept since the last time; `tell` tells it."""
        kept = await reader.read_alerts([self._call_id])
        new = [alert for alert in kept if alert.rule not in self._known]
        self._known.update(alert.rule for alert in new)
        self._untold += new
        return new

    def see(self, event: Event, call: Call) -> None:
        """Announce what is being said of rules that do not wait for settled words."""
        match event:
            case Final():
                self._glance.hear(event)
                self._settled[event.segment.leg] = event.segment.utterance
            case Partial():
                self._look_at(event, call.zero_at or call.started_at)
            case _:
                pass

    def close(self) -> None:
        """Look at nothing more; idempotent."""
        self._is_over = True
        self._waiting.clear()
        if self._looking is not None:
            self._looking.cancel()

    def _look_at(self, said: Partial, began_at: datetime) -> None:
        is_looking = self._looking is not None and not self._looking.done()
        if not is_looking and not self._glance.takes_long(said.leg):
            self._show(self._glance.look(said, began_at=began_at))
            return
        self._waiting[said.leg] = said, began_at
        if not is_looking and not self._is_over:
            self._looking = asyncio.ensure_future(self._look_on())

    async def _look_on(self) -> None:
        """Look at what is being said in a thread, since thousands of rules take their time."""
        while self._waiting:
            said, began_at = self._waiting.pop(next(iter(self._waiting)))
            look = self._glance.look(said, began_at=began_at)
            found = await asyncio.to_thread(list, look)
            if said.utterance > self._settled.get(said.leg, 0):
                self._show(found)

    def _show(self, alerts: Iterable[Alert]) -> None:
        for alert in alerts:
            if alert.rule not in self._known:
                self._publish(alert)

    def tell(self) -> None:
        """Announce what was taken up."""
        untold, self._untold = self._untold, []
        for alert in untold:
            self._publish(alert)


class CallWatch:
    """Judges what is settled of one call."""

    def __init__(
        self,
        book: Rulebook,
        judge: CallJudge,
        told: ToldAlerts,
        reader: Reader,
        folder: CallFolder,
    ) -> None:
        self._book = book
        self._judge = judge
        self._told = told
        self._reader = reader
        self._folder = folder
        self._stopping = {rule.name for rule in book.rules if rule.then == STOP}

    def join(self, legs: Iterable[str]) -> None:
        """Take note of legs that have joined."""
        self._judge.join(legs)

    async def judge(
        self, leg: str, segment: Segment | None, *, position: int, began_at: datetime
    ) -> Verdict:
        """Judge an utterance of a leg, None for one without words, that settles it up to a position."""
        if segment is None:
            return self._judge.pass_time(leg, position, began_at=began_at)
        judge = partial(self._judge.judge, segment, position=position, began_at=began_at)
        if not self._book.knows(segment.language):
            await asyncio.to_thread(self._book.prepare, segment.language)
        # What is judged changes nothing, so others may go on meanwhile, and a process may end.
        return judge() if self._book.is_small else await asyncio.to_thread(judge)

    def pass_time(
        self, leg: str, position: int, *, began_at: datetime, is_end: bool = False
    ) -> Verdict | None:
        """Judge that a leg is settled up to a position, or to its end; None if that raises nothing and need not be kept."""
        if not self._judge.is_waiting and not is_end:
            return None
        verdict = self._judge.pass_time(leg, position, began_at=began_at, is_end=is_end)
        if verdict.raised or is_end:
            return verdict
        self._judge.take(verdict)
        return None

    async def take(self, verdict: Verdict) -> None:
        """Take what was judged, and has been kept, for known; what it has raised is told with the next final, or by `tell`."""
        self._judge.take(verdict)
        if verdict.raised:
            new = await self._told.read(self._reader)
            self._judge.fired.update(alert.rule for alert in new)
            self.end_if_wanted(new)

    def tell(self) -> None:
        """Announce what was raised."""
        self._told.tell()

    def end_if_wanted(self, alerts: Iterable[Alert]) -> None:
        """End our leg if a rule of one of these alerts is to."""
        if any(alert.rule in self._stopping for alert in alerts):
            with suppress(OSError):  # it has ended, and its folder is gone
                if self._folder.is_live():
                    self._folder.request_stop()


async def open_watch(
    book: Rulebook, folder: CallFolder, reader: Reader, told: ToldAlerts
) -> CallWatch | None:
    """Return what judges a call from where it was left; None if there are no rules.

    A rule that ends our leg does so now, if the process that kept its alert had no time to.
    """
    if not book:
        return None
    call_id = folder.call_id
    alerts = await reader.read_alerts([call_id])
    progress = await reader.read_progress(call_id)
    judge = CallJudge(book, call_id, progress, (alert.rule for alert in alerts))
    segments = await reader.read_segments(call_id)
    await asyncio.to_thread(_replay, judge, segments, progress)
    watch = CallWatch(book, judge, told, reader, folder)
    watch.end_if_wanted(alerts)
    return watch


def _replay(judge: CallJudge, segments: list[Segment], progress: dict[str, Progress]) -> None:
    judge.replay(segments)
    for leg, each in progress.items():
        judge.take(Verdict((), leg, each.position, is_end=each.is_complete))


def list_new(verdict: Verdict | None) -> tuple[NewAlert, ...]:
    """Return what a store is to keep of a verdict."""
    raised = verdict.raised if verdict else ()
    return tuple(NewAlert(each.alert, each.rule.quiet_s) for each in raised)
