import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from streamer.core.events import CallEnded, EndReason
from streamer.delivery.bodies import CallFacts, encode_rapida, encode_standard
from streamer.delivery.policy import (
    LONGEST_ASKED_S,
    LONGEST_REST_S,
    MOST_ATTEMPTS,
    OLDEST,
    Outcome,
    find_rest_s,
    is_hopeless,
    judge_status,
)
from streamer.delivery.signing import read_key, sign
from streamer.errors import UsageError
from streamer.store import StoredEvent

NOW = datetime(2026, 11, 20, 13, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


def ended(reason=EndReason.HANG_UP, duration=63.2):
    return StoredEvent(7, "c1", "call_ended", "", NOW, CallEnded("c1", reason, duration))


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (204, Outcome.DELIVERED),
        (301, Outcome.DOWN),
        (307, Outcome.DOWN),
        (400, Outcome.REFUSED),
        (422, Outcome.REFUSED),
        (401, Outcome.DOWN),
        (404, Outcome.DOWN),
        (410, Outcome.DOWN),
        (429, Outcome.DOWN),
        (500, Outcome.DOWN),
        (503, Outcome.DOWN),
    ],
)
def test_a_status_is_about_the_event_or_about_the_endpoint(status, outcome):
    assert judge_status(status).outcome is outcome


def test_an_endpoint_may_ask_for_a_rest_within_limits():
    assert judge_status(503, retry_after="120").rest_s == 120
    assert judge_status(503, retry_after="99999999999").rest_s == LONGEST_ASKED_S
    for nonsense in ("", "-5", "Wed, 21 Oct 2026 07:28:00 GMT", "1e9", "٣"):
        assert judge_status(503, retry_after=nonsense).rest_s == 0


def test_rests_grow_to_a_bound_and_differ_by_chance():
    assert [find_rest_s(n, chance=1) for n in (1, 2, 3)] == [1, 2, 4]
    assert find_rest_s(1, chance=0) == 0.5
    assert find_rest_s(10_000, chance=1) == LONGEST_REST_S
    assert find_rest_s(1, chance=1, asked_s=60) == 60


def test_what_is_refused_often_or_too_old_is_hopeless():
    asked = {"stored_at": NOW, "now": NOW}
    assert not is_hopeless(Outcome.REFUSED, attempts=MOST_ATTEMPTS - 1, **asked)
    assert is_hopeless(Outcome.REFUSED, attempts=MOST_ATTEMPTS, **asked)
    assert not is_hopeless(Outcome.DOWN, attempts=1000, **asked)
    late = NOW + OLDEST + timedelta(seconds=1)
    assert is_hopeless(Outcome.DOWN, attempts=1, stored_at=NOW, now=late)


def test_the_library_of_the_field_takes_our_signatures():
    body = encode_standard(ended())
    key = read_key(SECRET, where="secret")
    now = int(datetime.now(UTC).timestamp())
    headers = sign(key, message_id=ended().key, timestamp=now, body=body)
    assert Webhook(SECRET).verify(body, headers) == json.loads(body)


@pytest.mark.parametrize("secret", ["hunter2", "whsec_", "whsec_aGk=", "whsec_!!!", "x" * 500])
def test_a_secret_that_is_none_is_refused_without_being_repeated(secret):
    with pytest.raises(UsageError) as error:
        read_key(secret, where="webhook crm: secret")
    assert "openssl rand" in str(error.value)
    assert secret == "whsec_" or secret not in str(error.value)


def test_a_body_has_the_event_as_json_prints_it():
    assert json.loads(encode_standard(ended())) == {
        "type": "call_ended",
        "timestamp": "2026-11-20T13:00:00.000Z",
        "data": {
            "event": "call_ended",
            "call": "c1",
            "reason": "hang-up",
            "duration": 63.2,
            "status": "completed",
            "disconnected_by": "user",
        },
    }


@pytest.mark.parametrize(
    ("reason", "duration", "name", "status", "why"),
    [
        (EndReason.HANG_UP, 2.0, "call.ended", "completed", "remote_hangup"),
        (EndReason.HANG_UP, 0.0, "call.failed", "failed", "no_answer"),
        (EndReason.STOPPED, 2.0, "call.ended", "completed", "assistant_ended"),
        (EndReason.LOST, 2.0, "call.failed", "failed", "network_failed"),
    ],
)
def test_rapida_is_told_in_its_own_words(reason, duration, name, status, why):
    facts = CallFacts({"uuid": "u1", "from": "100", "to": "200"}, is_inbound=True)
    body = json.loads(encode_rapida(ended(reason, duration), facts))
    assert body == {
        "version": "1",
        "event": name,
        "provider": "asterisk",
        "call_id": "c1",
        "context_id": "u1",
        "from": "100",
        "to": "200",
        "direction": "inbound",
        "timestamp": "2026-11-20T13:00:00.000Z",
        "status": status,
        "duration_ms": duration * 1000,
        "disconnect_reason": why,
    }
