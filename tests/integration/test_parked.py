"""Peers that stay when their calls are over: the keeper reads them, and no other call notices."""

import itertools
import resource
from pathlib import Path

from streamer.wire.audiosocket import Terminated
from tests.fakes.keepers import keeper_pid
from tests.fakes.recorder import run_streamer
from tests.fakes.replay import until
from tests.fakes.serving import call, serving

SECOND = b"\x00\x10\x00\xf0" * 4000


async def speaking(served, number):
    """Make a call, the `number`th of this serve, that has spoken for a second."""
    caller = await call(served.port)
    caller.identify()
    caller.speak(SECOND)
    await until(lambda: len(served.of_kind("call_started")) == number)
    return caller


async def park(served, number):
    """Make a call that is stopped, by a peer that stays; return the peer."""
    caller = await speaking(served, number)
    await run_streamer("stop", "last", "--recordings", str(served.recordings))
    await served.ended()
    await until(lambda: isinstance(caller.messages[-1], Terminated))
    return caller


async def is_told_to_go_on(caller):
    await until(lambda: any(isinstance(message, Terminated) for message in caller.messages))


async def test_peers_that_stay_count_as_calls_until_they_leave(recordings):
    async with serving(recordings, "--max-calls", "2") as served:
        parked = await park(served, 1)
        live = await speaking(served, 2)
        late = await call(served.port)
        late.identify()
        await is_told_to_go_on(late)
        await until(lambda: "--max-calls" in served.troubles)
        parked.hang_up()
        live.speak(SECOND)
        await until(lambda: parked.has_ended)
        again = await speaking(served, 3)
        for caller in (live, late, again):
            caller.hang_up()
        await served.ended(3)
        assert [one["reason"] for one in served.calls()] == ["stopped", "hang-up", "hang-up"]


async def test_parked_peers_that_fill_the_keeper_end_no_live_call(recordings, runtime_dir):
    async with serving(recordings) as served:
        live = await speaking(served, 1)
        keeper = keeper_pid(runtime_dir)
        assert keeper
        await until(lambda: _is_held(keeper))
        _let_open(keeper, 1)
        parked = await park(served, 2)
        unprotected = await speaking(served, 3)
        await until(lambda: "cannot protect" in served.troubles)
        for caller in (live, unprotected):
            caller.speak(SECOND)
            assert not any(isinstance(message, Terminated) for message in caller.messages)
            caller.hang_up()
        await served.ended(3)
        parked.hang_up()
        ended = {one["call"]: one["reason"] for one in served.of_kind("call_ended")}
        assert sorted(ended.values()) == ["hang-up", "hang-up", "stopped"]
        seconds = sorted(one["legs"][0]["bytes"] / len(SECOND) for one in served.calls())
        assert seconds == [1, 2, 2]


def _descriptors(pid):
    return {int(link.name) for link in Path(f"/proc/{pid}/fd").iterdir()}


def _is_held(keeper):
    """Say whether the keeper has the socket of a call beside its listener, its selector and the control connection."""
    return len(_descriptors(keeper)) > 6


def _let_open(pid, more):
    lowest_free = next(n for n in itertools.count() if n not in _descriptors(pid))
    _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free + more, most))
