"""What a shape says of a call, as items."""

from streamer.core.audio import Leg
from streamer.sources.base import HoldReported, StreamItem
from streamer.sources.websocket.caller import Caller
from streamer.wire.websocket import base as wire


class Call:
    """A call, and the connection that brings it."""

    def __init__(self):
        self.legs: tuple[Leg, ...] = (Leg("caller", "one", 8000),)
        self.items: list[StreamItem] = []

    def put(self, item):
        self.items.append(item)

    def add_leg(self, leg):
        self.legs += (leg,)
        return len(self.legs) - 1

    def leave(self):
        """Do nothing."""

    def finish(self):
        """Do nothing."""


def test_a_hold_is_an_item_of_its_leg_and_of_no_other():
    call = Call()
    caller = Caller("peer", clock=lambda: 0.0, make_call=lambda *_: call, on_audio=lambda _: None)
    slin = wire.MediaFormat("slin", 8000)
    for key in ("a", "b"):
        assert caller.take(wire.LegBegun(key, format=slin), 0.0, call) == ""
    caller.take(wire.HoldChanged("b", True), 1.5, call)
    caller.take(wire.HoldChanged("c", True), 1.6, call)
    caller.take(wire.LegEnded("b"), 2.0, call)
    caller.take(wire.HoldChanged("b", False), 2.5, call)
    assert [item for item in call.items if isinstance(item, HoldReported)] == [
        HoldReported(1, True, 1.5)
    ]
