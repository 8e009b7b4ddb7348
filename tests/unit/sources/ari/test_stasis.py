"""Whether our channels are in the PBX: what events say of an id that another one had before."""

import asyncio

import pytest

from streamer.sources.ari.stasis import OwnChannels
from streamer.wire.ari.answers import Channel
from streamer.wire.ari.events import ChannelDestroyed, StasisEnded, StasisStarted
from streamer.wire.ari.ids import derive_id

EAR = derive_id("1795913726.322", "in")
THEIRS, OURS = (
    Channel(EAR, "Snoop/1795913726.322-00000055"),
    Channel(EAR, "Snoop/1795913726.322-00000056"),
)


def ends(channel):
    return [StasisEnded(channel), ChannelDestroyed(channel, 16, "")]


@pytest.fixture
def own():
    """Channels of which one is made under the id of one that was deleted."""
    own = OwnChannels()
    own.expect(EAR)
    own.know(OURS)
    return own


async def test_the_end_of_the_one_before_is_not_ours_though_it_is_told_later(own):
    for event in [StasisStarted(OURS), *ends(THEIRS)]:
        own.take(event)
    assert not own.has_ended(EAR)
    assert await own.wait_for_start([EAR], timeout_s=0.0)


@pytest.mark.parametrize("before", [[], ends(THEIRS)])
async def test_our_own_end_counts(own, before):
    for event in [*before, *ends(OURS)]:
        own.take(event)
    assert own.has_ended(EAR)
    assert not await own.wait_for_start([EAR], timeout_s=0.0)
    await own.wait_for_end(EAR)


async def test_an_end_may_be_told_before_the_answer():
    own = OwnChannels()
    own.expect(EAR)
    for event in ends(OURS):
        own.take(event)
    own.know(OURS)
    assert own.has_ended(EAR)


async def test_whoever_waits_for_the_end_is_told(own):
    waiting = asyncio.ensure_future(own.wait_for_end(EAR))
    await asyncio.sleep(0)
    own.take(ChannelDestroyed(OURS, 16, ""))
    await waiting
