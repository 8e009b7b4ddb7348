"""Makes a call through ARI and records it; the counterpart of `tap.ari`, which records one that is there.

A call that we hold ends with this process: the next recording through ARI hangs up what one that was killed has left, as it deletes everything of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from uuid import uuid4

from streamer.ari.client import Ari, open_ari
from streamer.bus import Bus
from streamer.recording.writer import Recording, create_recording
from streamer.sources.ari.placed import PlacedCall
from streamer.tap.ari import Places, deleting_left, tap_to_end
from streamer.tap.ari_inventory import FolderInventory
from streamer.tap.plan import CallPlan
from streamer.tap.tap import Stop, TapResult
from streamer.wire.ari.ids import make_application

CONTEXT_ID, CALL_ID, AUTO_WATCH = "RAPIDA_CONTEXT_ID", "STREAMER_CALL", "STREAMER"
"""Variables of the channel: an id that a dialplan for Rapida expects, the id of the recording, and that no other one is begun by itself."""


async def record_placed_call(
    plan: CallPlan,
    bus: Bus,
    stop: Stop,
    *,
    clock: Callable[[], float],
    on_recording: Callable[[Recording], None],
) -> TapResult:
    """Make the plan's call and record it, in this process, to the end; see `outbound.record_call`."""
    wanted = plan.wanted
    context = wanted.variables.get(CONTEXT_ID) or str(uuid4())
    facts = {"direction": "outbound", "to": wanted.number, "context_id": context}
    facts |= {"from": wanted.caller_id} if wanted.caller_id else {}
    with ExitStack() as locks:
        async with open_ari(plan.access) as ari, deleting_left(ari, plan.recordings):
            recording = create_recording(
                plan.recordings,
                source=plan.source,
                url=plan.recorded_url,
                legs=(wanted.leg,),
                facts=facts,
                clock=clock,
            )
            on_recording(recording)
            places = Places(plan, locks)
            places.note([], recording.call.id)
            call = _prepare_call(ari, plan, recording, places, context=context, clock=clock)
            return await tap_to_end(call, recording, bus, stop=stop, clock=clock)


def _prepare_call(
    ari: Ari,
    plan: CallPlan,
    recording: Recording,
    places: Places,
    *,
    context: str,
    clock: Callable[[], float],
) -> PlacedCall:
    application = make_application()
    return PlacedCall(
        ari,
        application,
        plan.wanted,
        variables={CONTEXT_ID: context, CALL_ID: recording.call.id, AUTO_WATCH: "off"},
        playback=plan.new_playback(),
        inventory=FolderInventory(recording.folder, url=ari.url, application=application),
        admit=places.admit,
        note=recording.note_facts,
        clock=clock,
    )
