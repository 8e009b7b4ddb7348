"""Transfers between telephones, each told as a captured one was: who is passed on keeps channel, id and taps."""

from __future__ import annotations

from streamer.simulator.ari.calls import SimulatedCall, dial
from streamer.simulator.ari.pbx import CONTEXT, copy_fields
from streamer.simulator.ari.sound import Speech


def transfer_blindly(call: SimulatedCall, to: str, *, voice: Speech | None = None) -> SimulatedCall:
    """Let the one who was called send the caller to another telephone, which rings; return their call."""
    pbx, bridge = call.pbx, call.bridge
    assert bridge is not None
    call.unhold()
    before = copy_fields({"channel": call.called, "transferee": call.caller, "bridge": bridge})
    call.caller["dialplan"]["exten"] = to
    pbx.step(call.caller, "Dial", call.caller["dialplan"]["app_data"], priority=1)
    pbx.leave(call.caller)
    pbx.emit(
        "BridgeBlindTransfer",
        exten=to,
        context=CONTEXT,
        result="Success",
        is_external=True,
        **before,
    )
    pbx.end_bridge(bridge)
    call.is_over = True
    codec = pbx.variables[call.caller["id"]]["CHANNEL(audioreadformat)"]
    after = dial(pbx, call.caller, to, codec=codec, voices=(None, voice))
    pbx.end(call.called)
    return after


def transfer_attended(call: SimulatedCall, asked: SimulatedCall) -> SimulatedCall:
    """Let the one who was called, and who has asked another one in a second call, connect both; return their call."""
    pbx, left, kept = call.pbx, call.bridge, asked.bridge
    assert left is not None
    assert kept is not None
    before = copy_fields(
        {
            "transferer_first_leg": call.called,
            "transferer_second_leg": asked.caller,
            "transferee": call.caller,
            "transfer_target": asked.called,
            "transferer_first_leg_bridge": left,
            "transferer_second_leg_bridge": kept,
        }
    )
    call.unhold()
    pbx.emit("ChannelUnhold", channel=asked.caller)
    pbx.leave(call.caller)
    pbx.leave(asked.caller)
    pbx.enter(kept, call.caller)
    _connect(call, asked)
    pbx.emit("ChannelHangupRequest", cause=1, soft=True, channel=asked.caller)
    pbx.emit(
        "BridgeAttendedTransfer",
        result="Success",
        is_external=False,
        destination_type="bridge",
        destination_bridge=kept["id"],
        **before,
    )
    return _settle(call, asked)


def _connect(call: SimulatedCall, asked: SimulatedCall) -> None:
    """Tell the two who stay who the other is; the linked id of the second becomes that of the first."""
    pbx, first, second = call.pbx, call.caller, asked.called
    first["connected"], second["connected"] = dict(second["caller"]), dict(first["caller"])
    for one, peer in ((second, first), (first, second)):
        pbx.emit("ChannelConnectedLine", channel=one)
        pbx.variables[one["id"]] |= {
            "BRIDGEPEER": peer["name"],
            "CHANNEL(peer)": peer["name"],
            "CONNECTEDLINE(num)": peer["caller"]["number"],
        }
    linkedid = pbx.variables[first["id"]]["CHANNEL(linkedid)"]
    pbx.variables[second["id"]]["CHANNEL(linkedid)"] = linkedid


def _settle(call: SimulatedCall, asked: SimulatedCall) -> SimulatedCall:
    """End both channels of the one who has connected the others."""
    pbx, left = call.pbx, call.bridge
    assert left is not None
    pbx.leave(call.called)
    pbx.emit("ChannelHangupRequest", cause=16, soft=True, channel=asked.caller)
    pbx.end_bridge(left)
    call.is_over = asked.is_over = True
    asked.caller["dialplan"] |= {"app_name": "", "app_data": ""}
    pbx.end(asked.caller)
    pbx.end(call.called)
    after = SimulatedCall(pbx, call.caller, asked.called, asked.bridge)
    for one in (call.caller, asked.called):
        pbx.inside[one["id"]].call = after
    return after
