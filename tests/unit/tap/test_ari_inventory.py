"""What stands in call folders of taps through ARI: noted before it is made, deleted only where nobody lives."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from streamer.ari.access import Access
from streamer.ari.client import Answer, Ari
from streamer.core.audio import Leg
from streamer.core.events import EndReason
from streamer.errors import UnreachableError
from streamer.recording.folder import CallFolder
from streamer.recording.writer import create_recording
from streamer.tap.ari_inventory import FolderInventory, delete_left
from streamer.wire.ari.ids import make_id

URL = "http://pbx/ari"


class Pbx(Ari):
    """Answers every request with one status."""

    def __init__(self, status: int = 204) -> None:
        super().__init__(Access(URL, "u", "p"), cast(Any, None), cast(Any, None))
        self.status = status
        self.asked: list[str] = []

    async def ask(self, request):
        if not self.status:
            raise UnreachableError("it is gone")
        self.asked.append(" ".join((request.method, *request.path)))
        return Answer(self.status, None)


@pytest.fixture
def ended(recordings):
    recording = create_recording(recordings, source="ari", url=URL, legs=(Leg("caller", "x"),))
    recording.finish(EndReason.HANG_UP)
    return CallFolder(recording.folder)


async def note(folder, *, url=URL):
    ids = make_id(), make_id()
    inventory = FolderInventory(folder.path, url=url, application="streamer-12345678")
    await inventory.add(channels=ids[:1])
    await inventory.add(bridges=ids[1:])
    return inventory, ids


async def test_what_is_noted_goes_with_the_last_that_is_deleted(ended):
    inventory, ids = await note(ended)
    noted = json.loads(ended.ari.read_text())
    assert (noted["channels"], noted["bridges"]) == ([ids[0]], [ids[1]])
    await inventory.remove(ids[:1])
    assert ended.ari.exists()
    await inventory.remove(ids)
    assert not ended.ari.exists()


async def test_an_application_is_noted_until_it_is_forgotten(ended, recordings):
    inventory = FolderInventory(ended.path, url=URL, application="streamer-12345678")
    await inventory.begin()
    assert json.loads(ended.ari.read_text())["application"] == "streamer-12345678"
    await inventory.add(channels=(make_id(),))
    await inventory.end()
    assert ended.ari.exists(), "a channel stands in it"
    inventory = FolderInventory(ended.path, url=URL, application="streamer-12345678")
    await inventory.begin()
    pbx = Pbx()
    await delete_left(pbx, recordings)
    assert pbx.asked == ["GET applications"]
    assert not ended.ari.exists()


@pytest.mark.parametrize("status", [204, 404])
async def test_what_a_dead_tap_has_left_is_deleted_once(ended, recordings, status):
    _, ids = await note(ended)
    pbx = Pbx(status)
    for _ in range(2):
        await delete_left(pbx, recordings)
    assert pbx.asked == [
        f"DELETE channels {ids[0]}",
        f"DELETE bridges {ids[1]}",
        "GET applications",
    ]
    assert not ended.ari.exists()


@pytest.mark.parametrize("status", [0, 500])
async def test_what_cannot_be_deleted_is_left_to_the_next(ended, recordings, status):
    await note(ended)
    await delete_left(Pbx(status), recordings)
    assert ended.ari.exists()


async def test_what_lives_or_is_of_another_pbx_is_left_alone(ended, recordings):
    await note(ended, url="http://other/ari")
    live = create_recording(recordings, source="ari", url=URL, legs=(Leg("caller", "x"),))
    await note(CallFolder(live.folder))
    pbx = Pbx()
    await delete_left(pbx, recordings)
    assert pbx.asked == []
    live.finish(EndReason.HANG_UP)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        json.dumps({"url": URL}),
        json.dumps({"url": URL, "channels": "streamer-", "bridges": {"a": 1}}),
        json.dumps({"url": URL, "channels": [1, None, "1795851117.70", "../x", "streamer-0"]}),
    ],
)
async def test_a_file_of_nobodys_making_deletes_no_call(ended, recordings, text):
    ended.ari.write_text(text)
    pbx = Pbx()
    await delete_left(pbx, recordings)
    assert pbx.asked == []
