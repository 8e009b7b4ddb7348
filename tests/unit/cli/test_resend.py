import asyncio

import pytest

from streamer.cli.webhooks import run_resend
from streamer.config import Settings
from streamer.errors import NotFoundError
from streamer.store.sqlite.store import open_store
from tests.unit.store.sqlite.calls import keep, make_call, say


async def test_only_dead_letters_are_sent_again(tmp_path, capsys):
    path = tmp_path / "streamer.sqlite3"
    async with open_store(path) as store:
        await store.take_up("crm", ("call_started", "final"), most=10, most_dead=10)
        await keep(store, make_call(), say("hello"))
        await store.take_up("crm", ("call_started", "final"), most=10, most_dead=10)
        dead, waiting = await store.read_waiting("crm")
        await store.note_failed("crm", dead.event.number, "it answers 400", is_dead=True)
    settings = Settings(db=str(path))
    with pytest.raises(
        NotFoundError, match=f"no dead letter has the number {waiting.event.number};"
    ):
        await asyncio.to_thread(run_resend, settings, [dead.event.number, waiting.event.number], "")
    assert capsys.readouterr().err == ""
    await asyncio.to_thread(run_resend, settings, [dead.event.number], "")
    assert capsys.readouterr().err.startswith("1 dead letter is sent again")
