import asyncio
import json
import ssl
from contextlib import aclosing
from datetime import UTC, datetime

import pytest
import trustme

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


EVENT_TAIL = ("call_ended", "", EVENT.at, EVENT.event)
OTHER = StoredEvent(
    8, "c2", "call_ended", "", datetime.now(UTC), CallEnded("c2", EndReason.HANG_UP, 2.0)
)
TOPIC = "streamer/call_ended"


def endpoint_at(port, *, scheme="mqtt", host="127.0.0.1", **keys):
    table = MqttTable(f"{scheme}://{host}:{port}", "streamer", user="me", **keys)
    return Endpoint(table, password="hunter2")


async def send_once(broker, *events, patience_s=30.0, **keys):
    """Try events at the same time over a connection of their own."""
    async with aclosing(MqttSender(patience_s=patience_s)) as send:
        sending = (send(endpoint_at(broker.port, **keys), event) for event in events or [EVENT])
        return await asyncio.gather(*sending)


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


async def test_a_broker_of_mqtt_3_takes_events_too():
    async with open_broker() as broker:
        broker.versions = (4,)
        [answer] = await send_once(broker)
    assert answer.outcome is Outcome.DELIVERED
    [(topic, body)] = broker.published
    assert (topic, json.loads(body)["type"]) == (TOPIC, "call_ended")


async def test_an_event_carries_the_id_of_a_webhook_and_what_it_is():
    async with open_broker() as broker:
        await send_once(broker)
        sent = broker.packets[-1]
    assert EVENT.key.encode() in sent
    assert b"webhook-id" in sent
    assert b"application/json" in sent


@pytest.mark.parametrize(
    ("code", "outcome", "why"),
    [
        (0x10, Outcome.DELIVERED, ""),  # nobody has subscribed
        (0x87, Outcome.REFUSED, "not authorized"),
        (0x97, Outcome.DOWN, "quota exceeded"),
        (
            0x95,
            Outcome.REFUSED,
            "the connection ends when",
        ),  # Mosquitto says so, the protocol does not have it
        (0xF1, Outcome.REFUSED, "the connection ends when"),
    ],
)
async def test_an_acknowledgement_that_refuses_is_no_delivery(code, outcome, why):
    async with open_broker() as broker:
        broker.acknowledgement = code
        [answer] = await send_once(broker)
    assert answer.is_final == (code == 0x87)
    assert answer.outcome is outcome
    assert why in answer.why


async def test_what_is_larger_than_the_broker_takes_is_not_sent():
    async with open_broker() as broker:
        broker.properties = b"\x27" + (200).to_bytes(4)
        [answer] = await send_once(broker)
    assert answer.outcome is Outcome.REFUSED
    assert answer.is_final
    assert "200 bytes" in answer.why
    assert not broker.published


async def test_a_broker_that_acknowledges_nothing_is_no_place_for_events():
    async with open_broker() as broker:
        broker.properties = b"\x24\x00"
        [answer] = await send_once(broker)
    assert answer.outcome is Outcome.DOWN
    assert "QoS 0" in answer.why


async def test_no_more_is_under_way_than_the_broker_wants():
    events = [StoredEvent(n, f"c{n}", *EVENT_TAIL) for n in range(5)]
    async with open_broker() as broker:
        broker.properties = b"\x21" + (2).to_bytes(2)
        broker.acknowledgement = None
        answers = await send_once(broker, *events, patience_s=0.3)
    assert {answer.outcome for answer in answers} == {Outcome.DOWN}
    assert broker.most_under_way == 2


async def test_an_event_at_which_the_broker_ends_the_connection_is_refused():
    async with open_broker() as broker, aclosing(MqttSender()) as send:
        broker.ends_at = TOPIC
        answer = await send(endpoint_at(broker.port), EVENT)
        assert answer.outcome is Outcome.REFUSED
        broker.ends_at = ""
        assert (await send(endpoint_at(broker.port), EVENT)).outcome is Outcome.DELIVERED


async def test_what_waits_behind_such_an_event_is_not_refused_with_it():
    async with open_broker() as broker:
        broker.properties = b"\x21" + (1).to_bytes(2)
        broker.ends_at = TOPIC
        answers = await send_once(broker, EVENT, OTHER)
    assert [answer.outcome for answer in answers] == [Outcome.REFUSED, Outcome.DOWN]


async def test_of_two_events_at_which_it_ends_none_is_blamed():
    async with open_broker() as broker:
        broker.acknowledgement = None
        sending = asyncio.ensure_future(send_once(broker, EVENT, OTHER))
        await broker.wait_for(2)
        broker.end_all()
        answers = await sending
    assert [answer.outcome for answer in answers] == [Outcome.DOWN, Outcome.DOWN]


async def test_a_broker_that_was_started_anew_is_connected_to_without_a_word():
    async with open_broker() as broker, aclosing(MqttSender()) as send:
        await send(endpoint_at(broker.port), EVENT)
        broker.end_all()
        await broker.wait_until_left()
        assert (await send(endpoint_at(broker.port), EVENT)).outcome is Outcome.DELIVERED
    assert len(broker.connects) == 2


async def test_a_broker_that_does_not_answer_is_left():
    async with open_broker() as broker, aclosing(MqttSender(patience_s=0.2)) as send:
        broker.acknowledgement = None
        answer = await send(endpoint_at(broker.port), EVENT)
        assert answer.outcome is Outcome.DOWN
        assert "does not answer within 0.2 s" in answer.why
        broker.acknowledgement = 0
        assert (await send(endpoint_at(broker.port), EVENT)).outcome is Outcome.DELIVERED
    assert len(broker.connects) == 2


@pytest.mark.parametrize(
    "garbage",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x03\x00\x00\x7f", b"\x20\x00", b"\xff" * 9],
)
async def test_what_is_no_broker_is_down(garbage):
    async with open_broker() as broker:
        broker.garbage = garbage
        [answer] = await send_once(broker, patience_s=0.3)
    assert answer.outcome is Outcome.DOWN


async def test_those_who_wait_for_a_broker_connect_once():
    async with open_broker(refusal=5) as broker:
        answers = await send_once(broker, EVENT, OTHER)
    assert len(broker.connects) == 1
    assert all("check user and password" in answer.why for answer in answers)


@pytest.mark.filterwarnings(  # the library leaves the socket of a failed handshake to the collector
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)
async def test_certificates_are_checked_on_both_sides(tmp_path):
    authority = trustme.CA()
    ca, cert, key = (str(tmp_path / name) for name in ("ca.pem", "cert.pem", "key.pem"))
    authority.cert_pem.write_to_path(ca)
    ours = authority.issue_cert("streamer.example.com")
    ours.cert_chain_pems[0].write_to_path(cert)
    ours.private_key_pem.write_to_path(key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    async with open_broker(tls=context) as broker:
        [untrusted] = await send_once(broker, scheme="mqtts")
        [misnamed] = await send_once(broker, scheme="mqtts", ca=ca, host="localhost")
        [unknown] = await send_once(broker, scheme="mqtts", ca=ca)
        [known] = await send_once(broker, scheme="mqtts", ca=ca, cert=cert, key=key)
    assert "certificate is not trusted" in untrusted.why
    assert "for another name" in misnamed.why
    assert "a certificate of ours (cert)" in unknown.why
    assert known.outcome is Outcome.DELIVERED
