"""Calls that are announced: each may come once, in time; time is what the test says it is."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest
from hypothesis import given, strategies as st

from streamer.core.untrusted import printable
from streamer.errors import RegistryFullError, UsageError
from streamer.sources.registration.registry import (
    LIFETIME_S,
    LONGEST_VALUE,
    Refusal,
    Registration,
    Registry,
    explain_refusal,
)
from tests.fakes.replay import VirtualClock

NOBODY = UUID("40325ec2-5efd-4bd3-805f-53576e581d13")


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def registry(clock):
    return Registry(clock=clock, most=3)


def test_a_registered_call_is_let_in_with_what_is_known_about_it(registry, clock):
    made = registry.register(caller="100", called="200", channel="PJSIP/100-1", label="caller")
    assert made == Registration(made.uuid, "100", "200", "PJSIP/100-1", "caller", clock.now)
    assert registry.claim(made.uuid) == made


def test_nothing_need_be_known_about_a_call(registry):
    made = registry.register()
    assert made.via == ""
    assert (made.caller, made.called, made.channel, made.label) == ("", "", "", "")


def test_every_registration_has_a_uuid_of_its_own(clock):
    registry = Registry(clock=clock)
    assert len({registry.register().uuid for _ in range(1_000)}) == 1_000


def test_a_uuid_lets_one_connection_in(registry):
    uuid = registry.register().uuid
    registry.claim(uuid)
    assert registry.claim(uuid) is Refusal.USED


async def test_of_a_hundred_connections_at_once_one_is_let_in(registry):
    uuid = registry.register().uuid

    async def claim():
        await asyncio.sleep(0)
        return registry.claim(uuid)

    answers = await asyncio.gather(*(claim() for _ in range(100)))
    assert sum(isinstance(answer, Registration) for answer in answers) == 1
    assert answers.count(Refusal.USED) == 99


def test_a_uuid_that_nobody_registered_is_unknown(registry):
    assert registry.claim(NOBODY) is Refusal.UNKNOWN


@pytest.mark.parametrize(
    ("after_s", "is_valid"), [(0, True), (LIFETIME_S - 1, True), (LIFETIME_S, False)]
)
def test_a_registration_expires_after_its_lifetime(registry, clock, after_s, is_valid):
    uuid = registry.register().uuid
    clock.now += after_s
    assert (registry.claim(uuid) is not Refusal.EXPIRED) is is_valid
    assert registry.claim(uuid) is (Refusal.USED if is_valid else Refusal.EXPIRED)


def test_only_what_is_old_expires(registry, clock):
    old = registry.register().uuid
    clock.now += LIFETIME_S / 2
    young = registry.register().uuid
    clock.now += LIFETIME_S / 2
    assert len(registry) == 1
    assert registry.claim(old) is Refusal.EXPIRED
    assert isinstance(registry.claim(young), Registration)


def test_beyond_the_most_nobody_is_registered_until_one_comes_or_expires(registry, clock):
    first, *_ = [registry.register().uuid for _ in range(3)]
    with pytest.raises(RegistryFullError, match="3 registered calls"):
        registry.register()
    registry.claim(first)
    registry.register()
    with pytest.raises(RegistryFullError):
        registry.register()
    clock.now += LIFETIME_S
    registry.register()


def test_beyond_its_share_the_oldest_registration_of_an_address_goes(clock):
    registry = Registry(clock=clock, most=10, most_of_address=2)
    other = registry.register(address="192.0.2.2").uuid
    first, second, third = (registry.register(address="192.0.2.1").uuid for _ in range(3))
    assert registry.claim(first) is Refusal.CROWDED_OUT
    assert all(registry.expects(uuid) for uuid in (second, third, other))


def test_where_all_room_is_taken_an_address_takes_only_its_own(clock):
    registry = Registry(clock=clock, most=2)
    mine = registry.register(address="192.0.2.1").uuid
    others = registry.register(address="192.0.2.2").uuid
    again = registry.register(address="192.0.2.1").uuid
    assert not registry.expects(mine)
    with pytest.raises(RegistryFullError):
        registry.register(address="192.0.2.3")
    assert all(registry.expects(uuid) for uuid in (again, others))


def test_a_call_is_expected_until_it_has_come_or_its_time_is_over(registry, clock):
    one, other = registry.register().uuid, registry.register().uuid
    registry.claim(one)
    assert [registry.expects(uuid) for uuid in (one, other, NOBODY)] == [False, True, False]
    clock.now += LIFETIME_S
    assert not registry.expects(other)


def test_what_is_remembered_of_the_past_is_bounded(registry):
    uuids = [registry.register().uuid for _ in range(3)]
    for uuid in uuids:
        registry.claim(uuid)
    registry.claim(registry.register().uuid)
    assert [registry.claim(uuid) for uuid in uuids] == [Refusal.UNKNOWN, Refusal.USED, Refusal.USED]


@pytest.mark.parametrize("what", ["caller", "called", "channel"])
def test_a_value_that_is_too_long_is_refused_without_repeating_it(registry, what):
    registry.register(**{what: "x" * LONGEST_VALUE})
    with pytest.raises(UsageError, match="200 characters") as refused:
        registry.register(**{what: "x" * (LONGEST_VALUE + 1)})
    assert "xx" not in str(refused.value)
    assert len(registry) == 1


@pytest.mark.parametrize("label", ["caller", "A", "leg-1", "a_b", "x" * 64])
def test_a_label_that_can_name_a_file_is_kept(registry, label):
    assert registry.register(label=label).label == label


@pytest.mark.parametrize(
    "label",
    ["1", "-a", "_a", "../x", "a/b", "a.b", "a b", "ä", "a\n", "x" * 65, " ", str(NOBODY)],
)
def test_a_label_that_cannot_name_a_file_is_refused(registry, label):
    with pytest.raises(UsageError, match="part of a file name"):
        registry.register(label=label)
    assert len(registry) == 0


@given(st.text(max_size=LONGEST_VALUE))
def test_any_value_is_kept_as_one_harmless_line(value):
    made = Registry(clock=VirtualClock()).register(caller=value, called=value, channel=value)
    assert made.caller == made.called == made.channel == printable(value)
    made.caller.encode()
    assert len((made.caller + "x").splitlines()) == 1


@pytest.mark.parametrize("refusal", Refusal)
def test_a_refusal_names_the_uuid_the_reason_and_both_remedies(refusal):
    line = explain_refusal(NOBODY, refusal, address="127.0.0.1:8080")
    assert str(NOBODY) in line
    assert refusal.value in line
    assert "GET http://127.0.0.1:8080/register" in line
    assert "--accept-unknown" in line
    assert "--register" not in line


def test_without_registration_a_refusal_says_how_to_switch_it_on():
    line = explain_refusal(uuid4(), Refusal.UNKNOWN, address=None)
    assert "start `serve` with --register HOST:PORT" in line
    assert "GET http://HOST:PORT/register" in line
    assert "--accept-unknown" in line
