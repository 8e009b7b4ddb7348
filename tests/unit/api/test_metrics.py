"""Numbers for Prometheus."""

from datetime import UTC, datetime, timedelta

from prometheus_client.parser import text_string_to_metric_families

from streamer.config import Settings
from streamer.core.events import EndReason, Lagging, Trouble
from streamer.recording.writer import create_recording
from streamer.store import open_outbox
from streamer.store.outbox import KINDS
from tests.fakes.replay import until
from tests.seams.sessions import LEGS
from tests.unit.api.serving import open_api
from tests.unit.store.sqlite.calls import keep, make_call, say


async def read(api):
    status, text = await api.get("/metrics")
    assert status == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_what_happens_is_counted_and_what_is_is_measured(tmp_path):
    async with (
        open_api(tmp_path) as api,
        open_outbox(Settings(recordings=str(tmp_path))) as outbox,
    ):
        await outbox.take_up("crm", ["final"], most=10, most_dead=10)
        recording = create_recording(tmp_path, source="file", url="", legs=LEGS, clock=lambda: 0.0)
        began_at = datetime.now(UTC) - timedelta(seconds=3)
        call = make_call(started_at=began_at, rings_s=0)
        await keep(api.store, call, say("hello there", at=1.0))
        await outbox.take_up("crm", ["final"], most=10, most_dead=10)
        api.bus.publish(Lagging(call.id, "caller", 4.5))
        api.bus.publish(Trouble(None, "the disk is full"))
        await until(lambda: api.bus.count(Trouble))
        numbers: dict[tuple[str, ...], float] = {}
        while numbers.get(("streamer_events_total", "final")) != 1:
            numbers = await read(api)
        assert numbers["streamer_calls_live",] == 1
        assert numbers["streamer_legs_live",] == 2
        assert numbers["streamer_commit_latency_seconds_count",] == 1
        assert 1 < numbers["streamer_commit_latency_seconds_sum",] < 60
        assert numbers["streamer_webhook_waiting", "crm"] == 1
        assert numbers["streamer_webhook_dead", "crm"] == 0
        assert numbers["streamer_troubles_total",] == 1
        assert numbers["streamer_lag_seconds",] == 4.5
        assert numbers["streamer_recordings_free_bytes",] > 0
        assert recording.finish(EndReason.HANG_UP)
        await api.store.end_call(call.id, EndReason.HANG_UP, duration=1, ended_at=began_at)
        while numbers.get(("streamer_calls_ended_total", "hang-up")) != 1:
            numbers = await read(api)
        assert (await read(api))["streamer_lag_seconds",] == 0


async def test_every_name_is_ours_and_has_help(tmp_path):
    async with open_api(tmp_path) as api:
        _, text = await api.get("/metrics")
    families = list(text_string_to_metric_families(text))
    assert all(family.name.startswith(("streamer_", "process_")) for family in families)
    assert all(family.documentation for family in families)


async def test_every_series_is_there_before_anything_has_happened(tmp_path):
    async with open_api(tmp_path) as api:
        numbers = await read(api)
    assert {numbers["streamer_events_total", kind] for kind in KINDS} == {0}
    assert {numbers["streamer_calls_ended_total", reason.value] for reason in EndReason} == {0}
