from pathlib import Path

from streamer.core.audio import Leg
from streamer.core.events import EndReason
from streamer.recording.index import Arrivals
from streamer.recording.writer import create_recording

LEGS = (Leg("caller", "PJSIP/100-0000001a", 8000),)


def begin(recordings, source="audiosocket"):
    return create_recording(recordings, source=source, url="", legs=LEGS)


def names(folders):
    return [folder.name for folder in folders]


def test_live_calls_are_found_at_once_and_past_ones_are_not(recordings):
    past, live = begin(recordings), begin(recordings)
    past.finish(EndReason.HANG_UP)
    arrivals = Arrivals(recordings, sources={"audiosocket"})
    assert names(arrivals.look()) == [live.call.id]
    assert arrivals.look() == []
    live.finish(EndReason.HANG_UP)


def test_each_call_that_comes_is_told_once_even_if_it_is_over_by_then(recordings):
    arrivals = Arrivals(recordings, sources={"audiosocket"})
    assert arrivals.look() == []
    calls = [begin(recordings) for _ in range(20)]
    calls[0].finish(EndReason.HANG_UP)
    assert names(arrivals.look()) == sorted(call.call.id for call in calls)
    later = begin(recordings)
    assert names(arrivals.look()) == [later.call.id]
    for call in (*calls[1:], later):
        call.finish(EndReason.HANG_UP)


def test_a_call_is_told_with_its_whole_path_wherever_we_were_started(recordings, monkeypatch):
    monkeypatch.chdir(recordings.parent)
    call = begin(recordings)
    arrivals = Arrivals(Path(recordings.name), sources={"audiosocket"})
    assert arrivals.look() == [call.folder]
    call.finish(EndReason.HANG_UP)


def test_calls_that_do_not_come_to_us_are_not_ours(recordings):
    arrivals = Arrivals(recordings, sources={"audiosocket"})
    other = begin(recordings, source="stream-channel")
    (recordings / "20261120-130538-zzzz.txt").write_text("no call")
    assert arrivals.look() == []
    other.finish(EndReason.HANG_UP)


def test_all_calls_are_meant_where_no_source_is_named(recordings):
    arrivals = Arrivals(recordings)
    calls = [begin(recordings), begin(recordings, source="stream-channel")]
    assert names(arrivals.look()) == sorted(call.call.id for call in calls)
    for call in calls:
        call.finish(EndReason.HANG_UP)


def test_a_folder_whose_call_is_not_written_yet_is_looked_at_again(recordings):
    arrivals = Arrivals(recordings, sources={"audiosocket"})
    arrivals.look()
    call = begin(recordings)
    written = (call.folder / "call.json").read_bytes()
    (call.folder / "call.json").unlink()
    assert arrivals.look() == []
    (call.folder / "call.json").write_bytes(written)
    assert names(arrivals.look()) == [call.call.id]
    call.finish(EndReason.HANG_UP)


def test_a_folder_that_never_becomes_a_call_is_forgotten(recordings):
    arrivals = Arrivals(recordings, sources={"audiosocket"})
    arrivals.look()
    (recordings / "20261120-130538-zzzz").mkdir(parents=True)
    for _ in range(100):
        assert arrivals.look() == []
    assert not arrivals._unread


def test_recordings_may_appear_later(recordings):
    arrivals = Arrivals(recordings, sources={"audiosocket"})
    assert arrivals.look() == []
    call = begin(recordings)
    assert names(arrivals.look()) == [call.call.id]
    call.finish(EndReason.HANG_UP)
