"""Numbers for Prometheus: names begin with `streamer_`, units are in them, and no call has a series of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from streamer import __version__
from streamer.api.service import Service
from streamer.calls.catalog import list_live
from streamer.core.events import CallEnded, EndReason, Event, Final, Lagging, Trouble
from streamer.errors import StoreError
from streamer.store import StoredEvent
from streamer.store.outbox import KINDS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

LATENCIES_S = (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 20, 30, 60)
LONGEST_LATENCY_S = 600.0
"""Words that come later are made up for an old recording, and say nothing of live ones."""


disable_created_metrics()  # type: ignore[no-untyped-call]  # which nobody asks for


class Metrics:
    """Counts what happens, and measures what is when it is asked."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        info = Gauge("streamer_build_info", "1, with the version.", ["version"], registry=registry)
        info.labels(__version__).set(1)
        self._events = Counter(
            "streamer_events", "Events that were stored.", ["event"], registry=registry
        )
        self._ends = Counter(
            "streamer_calls_ended", "Calls that have ended.", ["reason"], registry=registry
        )
        for kind in KINDS:  # Prometheus sees no increase in a series that begins with 1
            self._events.labels(kind)
        for reason in EndReason:
            self._ends.labels(reason.value)
        self._troubles = Counter(
            "streamer_troubles", "Things that went wrong and were said.", registry=registry
        )
        self._latency = Histogram(
            "streamer_commit_latency_seconds",
            "From the end of an utterance on the line to its words in the database.",
            buckets=LATENCIES_S,
            registry=registry,
        )
        self._gauges = {
            name: Gauge(f"streamer_{name}", text, registry=registry)
            for name, text in _GAUGES.items()
        }
        self._engine_busy_s = 0.0
        self._engine_busy = Counter(
            "streamer_engine_busy_seconds",
            "Seconds that the engine has worked, of all its slots together.",
            registry=registry,
        )
        self._webhooks = {
            name: Gauge(f"streamer_webhook_{name}", text, ["webhook"], registry=registry)
            for name, text in _WEBHOOK_GAUGES.items()
        }
        self._lags: dict[tuple[str, str], float] = {}

    def observe(self, event: StoredEvent | Event) -> None:
        """Take what has happened."""
        match event:
            case StoredEvent():
                self._observe_stored(event)
            case Lagging(call_id, leg, lag_s):
                self._lags[call_id, leg] = lag_s
            case Trouble():
                self._troubles.inc()
            case _:
                pass

    async def render(self, service: Service) -> bytes:
        """Return all numbers as Prometheus reads them."""
        await self._measure(service)
        return generate_latest(self._registry)

    def _observe_stored(self, stored: StoredEvent) -> None:
        self._events.labels(stored.kind).inc()
        match stored.event:
            case Final(_, segment) if stored.began_at is not None:
                spoken_s = stored.began_at.timestamp() + segment.end_s - segment.start_s
                late_s = stored.at.timestamp() - spoken_s
                if 0 <= late_s <= LONGEST_LATENCY_S:
                    self._latency.observe(late_s)
            case CallEnded(call_id, reason):
                self._ends.labels(reason.value).inc()
                self._lags = {key: lag for key, lag in self._lags.items() if key[0] != call_id}
            case _:
                pass

    async def _measure(self, service: Service) -> None:
        self._set(await _measure_calls(service))
        self._set({"lag_seconds": max(self._lags.values(), default=0.0)})
        speech = service.backend.speech
        if speech is not None:
            scheduler = speech.scheduler
            self._engine_busy.inc(max(0.0, scheduler.busy_s - self._engine_busy_s))
            self._engine_busy_s = scheduler.busy_s
            self._set({"engine_slots": scheduler.slots, "engine_waiting": scheduler.waiting_finals})
        self._set({"recordings_free_bytes": _measure_disk(service.recordings)})
        with suppress(StoreError):
            for row in await service.reader.list_endpoints():
                for name, gauge in self._webhooks.items():
                    gauge.labels(row.name).set(getattr(row, name))

    def _set(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._gauges[name].set(value)


async def _measure_calls(service: Service) -> dict[str, float]:
    """Return how many calls are live and what their recordings lack, as far as the store can be read."""
    try:
        live = await list_live(service.reader, service.recordings)
    except StoreError:
        return {}
    losses = [loss for entry in live for loss in entry.losses.values()]
    return {
        "calls_live": len(live),
        "legs_live": sum(len(entry.call.legs) for entry in live),
        "lost_audio_seconds": sum(loss.lost_s for loss in losses),
        "missing_audio_seconds": sum(loss.missing_s for loss in losses),
    }


def _measure_disk(recordings: Path) -> float:
    try:
        return float(shutil.disk_usage(recordings).free)
    except OSError:
        return 0.0


_GAUGES = {
    "calls_live": "Calls that are being recorded.",
    "legs_live": "Legs of these calls.",
    "lag_seconds": "By how much the words of the latest leg are behind its recording.",
    "lost_audio_seconds": "Audio of live calls that came and is not in their recordings.",
    "missing_audio_seconds": "Audio of live calls that never came, pauses apart.",
    "engine_slots": "Windows that the engine works on at the same time.",
    "engine_waiting": "Utterances that wait for the engine.",
    "recordings_free_bytes": "Free space where calls are recorded.",
}
_WEBHOOK_GAUGES = {
    "waiting": "Events that wait for a webhook.",
    "dead": "Dead letters of a webhook.",
    "dropped": "Dead letters of a webhook that made room for others.",
}
