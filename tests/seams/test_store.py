"""A store from outside this package keeps calls; it is one file, and one line of a table."""

from streamer.calls.catalog import CallState, find_entry, list_entries, name_speakers
from streamer.calls.deletion import delete_call
from streamer.calls.passages import read_passages
from streamer.config import Settings
from streamer.core.events import SPEECH_RATE, EndReason
from streamer.store import Filter, open_reader, open_store
from tests.seams.memory_store import MemoryDatabase, MemoryStore
from tests.seams.scripted_recogniser import ScriptedRecogniser
from tests.seams.sessions import SCRIPT, record_call, transcribe_call


async def keep_call(recordings, store):
    """Transcribe a call into a store; return its folder."""
    folder = record_call(recordings)
    run = await transcribe_call(folder, store, ScriptedRecogniser(SCRIPT))
    assert run.said == [(*place, text) for place, text in SCRIPT.items()]
    return folder


async def test_a_session_keeps_a_whole_call_in_it(recordings):
    store = MemoryStore()
    folder = await keep_call(recordings, store)
    kept = await store.read_segments(folder.name)
    assert [segment.text for segment in kept] == list(SCRIPT.values())
    progress = await store.read_progress(folder.name)
    assert {label: (p.utterance, p.is_complete) for label, p in progress.items()} == {
        "caller": (2, True),
        "agent": (1, True),
    }


async def test_the_catalogue_lists_and_finds_the_call(recordings):
    store = MemoryStore()
    folder = await keep_call(recordings, store)
    [entry] = await list_entries(store, recordings)
    assert (entry.call.id, entry.state) == (folder.name, CallState.COMPLETE)
    assert (entry.call.segments, entry.call.last_words) == (3, "it costs too much")
    assert (entry.call.reason, entry.call.duration) == (EndReason.HANG_UP, 11 * SPEECH_RATE)
    assert await find_entry(store, recordings, "last") == entry
    assert await find_entry(store, recordings, folder.name[:12]) == entry
    assert await list_entries(store, recordings, Filter(channel="pjsip/300")) == []


async def test_what_was_said_is_found_again(recordings):
    store = MemoryStore()
    folder = await keep_call(recordings, store)
    [hit] = await store.search("cancel")
    assert (hit.call_id, hit.text[slice(*hit.spans[0])]) == (folder.name, "cancel")
    assert name_speakers(recordings, [hit]) == ["caller"]
    [passage] = await read_passages(store, [hit], lines=1)
    assert [(line.said.text, line.is_hit) for line in passage] == [
        ("I want to cancel my contract", True),
        ("may I ask why", False),
    ]
    assert [e.call.id for e in await list_entries(store, recordings, text="ask why")] == [
        folder.name
    ]


async def test_a_call_is_deleted_from_it_with_its_files(recordings):
    store = MemoryStore()
    folder = await keep_call(recordings, store)
    [entry] = await list_entries(store, recordings)
    assert await delete_call(store, recordings, entry.call) == []
    assert not folder.exists()
    assert await list_entries(store, recordings) == []


async def test_the_setting_names_the_database(recordings):
    settings, database = Settings(db="memory://here"), MemoryDatabase()
    table = {"memory": database}
    async with open_store(settings, databases=table) as store:
        folder = await keep_call(recordings, store)
    async with open_reader(settings, databases=table) as reader:
        assert await reader.known_calls([folder.name]) == {folder.name}


async def test_whatever_names_no_database_is_a_file(tmp_path):
    for name in ("calls.sqlite3", "memory://calls"):
        path = tmp_path / name
        async with open_store(Settings(db=str(path)), databases={"memory": MemoryDatabase()}):
            assert path.is_file()
