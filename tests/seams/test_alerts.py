"""A rule fires once per call, whoever watches and whatever is killed, and its alert reaches every viewer once."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from streamer.alerts.rulebook import Rulebook
from streamer.alerts.rules import read_rules
from streamer.calls.alerting import ToldAlerts, open_watch
from streamer.calls.segment_writer import CallWriter
from streamer.core.alert import Alert, Severity
from streamer.core.events import Final, Partial
from streamer.recording.folder import CallFolder
from streamer.store import Filter, NewAlert
from streamer.store.sqlite.store import open_reader, open_store
from tests.fakes.replay import until
from tests.seams.memory_store import MemoryStore
from tests.seams.scripted_recogniser import ScriptedRecogniser
from tests.seams.sessions import SCRIPT, record_call, transcribe_call
from tests.unit.store.sqlite.calls import keep_call, make_call, say

RULES = Rulebook(
    read_rules(
        [
            {"name": "cancels", "said": ["cancel my contract"], "severity": "critical"},
            {"name": "costs", "said": ["costs too much"], "leg": "agent"},
            {"name": "greets", "not_said": ["good morning"], "within": 4, "leg": "agent"},
            {"name": "why", "said": ["ask why it costs"]},
        ],
        where="here",
    )
)
"""The last one begins on one leg and ends on the other, which is no phrase."""

FIRED = ["cancels", "greets"]


def rules_of(run):
    return [event.rule for event in run.events if isinstance(event, Alert)]


async def transcribe(folder, store, rules=RULES):
    return await transcribe_call(folder, store, ScriptedRecogniser(SCRIPT), rules=rules)


@pytest.fixture(params=["sqlite", "memory"])
async def store(request, tmp_path):
    if request.param == "memory":
        yield MemoryStore()
        return
    async with open_store(tmp_path / "s.sqlite3") as opened:
        yield opened


async def test_each_viewer_is_told_once_after_the_words(recordings, store):
    folder = record_call(recordings)
    runs = await asyncio.gather(*(transcribe(folder, store) for _ in range(3)))
    later = await transcribe(folder, store)
    for run in [*runs, later]:
        assert sorted(rules_of(run)) == FIRED
    alerts = {alert.rule: alert for alert in await store.read_alerts([folder.name])}
    assert sorted(alerts) == FIRED
    cancels, greets = alerts["cancels"], alerts["greets"]
    assert (cancels.severity, cancels.leg, cancels.utterance) == (Severity.CRITICAL, "caller", 1)
    assert cancels.text == "cancel my contract"
    assert (greets.leg, greets.text) == (None, None)
    run = runs[0]
    place = next(n for n, e in enumerate(run.events) if isinstance(e, Alert) and e == cancels)
    said = [e.segment.text for e in run.events[:place] if isinstance(e, Final)]
    assert "I want to cancel my contract" in said


class DyingStore(MemoryStore):
    """Stops for ever behind the write that keeps an alert: the process is killed there."""

    def __init__(self) -> None:
        super().__init__()
        self.dies = asyncio.Event()
        self.is_dying = True

    async def keep_alerts(self, alerts):
        await super().keep_alerts(alerts)
        if alerts and self.is_dying:
            self.dies.set()
            await asyncio.Event().wait()


async def test_after_a_kill_between_words_and_alert_it_is_told_once(recordings):
    folder, store = record_call(recordings), DyingStore()
    killed = asyncio.ensure_future(transcribe(folder, store))
    await store.dies.wait()
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed
    store.is_dying = False
    for _ in range(2):
        assert sorted(rules_of(await transcribe(folder, store))) == FIRED
    assert len(await store.read_alerts([folder.name])) == len(FIRED)


async def test_words_that_are_refused_raise_nothing(store):
    """Of two processes that settle the same utterance, the second keeps neither its words nor its alerts."""
    call = (await keep_call(store, make_call())).id
    alert = NewAlert(_alert(call, "late"))
    kept = await store.keep_segment(call, "caller", say("one"), position=1, utterance=1)
    again = await store.keep_segment(
        call, "caller", say("two"), position=1, utterance=1, alerts=[alert]
    )
    assert (kept, again) == (True, False)
    assert await store.read_alerts([call]) == []


async def test_a_rule_is_quiet_between_calls(store):
    first, second, third = [(await keep_call(store, make_call(n))).id for n in (1, 2, 3)]
    for call, after_s in ((first, 0), (second, 30), (third, 60), (first, 90)):
        await store.keep_alerts([NewAlert(_alert(call, "cancels", after_s), quiet_s=60)])
        await store.keep_alerts([NewAlert(_alert(call, "other", after_s), quiet_s=0)])
    kept = await store.read_alerts([first, second, third])
    assert [(a.call_id, a.rule) for a in kept] == [
        (first, "cancels"),
        (first, "other"),
        (second, "other"),
        (third, "cancels"),
        (third, "other"),
    ]


async def test_alerts_go_with_their_call_and_calls_are_found_by_them(tmp_path):
    path = tmp_path / "s.sqlite3"
    async with open_store(path) as store:
        first, second = [(await keep_call(store, make_call(n))).id for n in (1, 2)]
        await store.keep_alerts([NewAlert(_alert(first, "secret rule\0\ud800"))])
        assert [row.id for row in await store.list_calls(Filter(has_alert=True))] == [first]
        assert [row.has_alert for row in await store.list_calls()] == [False, True]
        await store.delete_calls([first])
        assert await store.list_calls(Filter(has_alert=True)) == []
    assert b"secret rule" not in path.read_bytes()
    async with open_reader(path) as reader:
        assert await reader.read_alerts([first]) == []


class LiveCall(CallFolder):
    """A call that is being recorded until it is asked to end."""

    stops = 0

    def is_live(self) -> bool:
        return not self.stops

    def request_stop(self) -> None:
        self.stops += 1


async def test_a_rule_can_end_our_leg_also_where_the_process_died_before(tmp_path, store):
    stops = Rulebook(
        read_rules([{"name": "stops", "said": ["cancel"], "then": "stop"}], where="here")
    )
    call = await keep_call(store, make_call())
    for _ in range(2):
        folder = LiveCall(tmp_path / call.id)
        told = ToldAlerts(call.id, list[Alert]().append)
        watch = await open_watch(stops, folder, store, told)
        writer = CallWriter(store, call.id, is_live=folder.is_live, say=print)
        await writer.keep(call, folder.path, [tmp_path / leg.label for leg in call.legs])
        writer.watch = watch
        await (await writer.open_legs())["caller"].keep(
            say("please cancel"), position=1, utterance=1
        )
        assert folder.stops == 1


@pytest.fixture
def threads(monkeypatch):
    """Of each time that many rules are looked for: whether that was beside the loop."""
    looked, find = list[bool](), Rulebook.find

    def look(book, *args, **options):
        looked.append(threading.current_thread() is not threading.main_thread())
        return find(book, *args, **options)

    monkeypatch.setattr("streamer.alerts.rulebook.MOST_AT_ONCE", 0)
    monkeypatch.setattr(Rulebook, "find", look)
    return looked


async def test_many_rules_are_judged_beside_the_loop_and_once_though_the_first_time_is_given_up(
    tmp_path, store, threads
):
    book = Rulebook(read_rules([{"name": "leaves", "said": ["cancel"]}], where="here"))
    call = await keep_call(store, make_call())
    told = list[Alert]()
    alerts = ToldAlerts(call.id, told.append)
    folder = LiveCall(tmp_path / call.id)
    writer = CallWriter(store, call.id, is_live=folder.is_live, say=print)
    await writer.keep(call, folder.path, [tmp_path / leg.label for leg in call.legs])
    writer.watch = await open_watch(book, folder, store, alerts)
    leg = (await writer.open_legs())["caller"]
    given_up = asyncio.ensure_future(leg.keep(say("please cancel"), position=1, utterance=1))
    await until(lambda: threads)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    await leg.keep(say("please cancel"), position=1, utterance=1)
    alerts.tell()
    assert [alert.rule for alert in told] == ["leaves"]
    assert len(await store.read_alerts([call.id])) == 1
    assert all(threads)


async def test_many_rules_for_words_that_may_change_are_looked_for_beside_the_loop(threads):
    rules = [{"name": "leaves", "said": ["cancel it"], "tentative": True}]
    told, call = asyncio.Queue[Alert](), make_call()
    alerts = ToldAlerts(call.id, told.put_nowait, Rulebook(read_rules(rules, where="here")))
    for count in (2, 3):
        words = say("cancel it now").words[:count]
        alerts.see(Partial(call.id, "caller", 1, 0, 0, words[:1], words[1:]), call)
    alert = await told.get()
    alerts.close()
    assert (alert.text, alert.is_tentative, told.empty()) == ("cancel it", True, True)
    assert threads
    assert all(threads)


def _alert(call, rule, after_s=0):
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=after_s)
    return Alert(call, rule, Severity.WARNING, at, "caller", 1, 0, 100, "words")
