import json
from contextlib import aclosing
from datetime import UTC, datetime

from streamer.core.events import CallEnded, EndReason
from streamer.core.webhooks import MqttTable
from streamer.delivery.endpoint import Endpoint
from streamer.delivery.mqtt import MqttSender
from streamer.delivery.policy import Outcome
from streamer.store import StoredEvent
from tests.fakes.mqtt_broker import open_broker

EVENT = StoredEvent(
    7, "c1", "call_ended", "", datetime.now(UTC), CallEnded("c1", EndReason.HANG_UP, 2.0)
)


def endpoint_at(port):
    table = MqttTable(f"mqtt://127.0.0.1:{port}", "streamer", user="me")
    return Endpoint(table, password="hunter2")


async def test_events_are_published_below_the_topic():
    async with open_broker() as broker, aclosing(MqttSender()) as send:
        for _ in range(2):
            answer = await send(endpoint_at(broker.port), EVENT)
            assert answer.outcome is Outcome.DELIVERED
    [(topic, body), _] = broker.published
    assert topic == "streamer/call_ended"
    assert json.loads(body)["data"]["call"] == "c1"
    assert len(broker.connects) == 1
    assert b"hunter2" in broker.connects[0]


async def test_a_broker_that_refuses_or_is_not_there_is_down_and_tried_anew():
    async with aclosing(MqttSender()) as send, open_broker(refusal=5) as broker:
        port = broker.port
        answer = await send(endpoint_at(port), EVENT)
        assert answer.outcome is Outcome.DOWN
        assert "hunter2" not in answer.why
        broker.refusal = 0
        assert (await send(endpoint_at(port), EVENT)).outcome is Outcome.DELIVERED
    async with aclosing(MqttSender()) as send:
        assert (await send(endpoint_at(1), EVENT)).outcome is Outcome.DOWN
