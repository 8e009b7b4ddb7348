"""Which way a channel is taken: the one that is asked for, else ARI where it can be asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streamer.config import Settings
from streamer.core.audio import Leg
from streamer.errors import UsageError
from streamer.tap.plan import AriPlan, TapPlan, plan_tap
from streamer.wire.protocols import explain_kill

NAMED = (Leg("leg1", "PJSIP/100-1"),)
WAITING = (Leg("leg1", "ws://127.0.0.1/media/x"),)
ARI: dict[str, Any] = {"ari_user": "u", "ari_password": "p"}


def way(legs=NAMED, **settings):
    plan = plan_tap(Settings(**settings), legs)
    return "ari" if isinstance(plan, AriPlan) else plan.outgoing.source


def test_ari_is_preferred_where_it_can_be_asked_and_only_there():
    assert way() == "stream-channel"
    assert way(**ARI) == "ari"
    assert way(via="stream-channel", **ARI) == "stream-channel"
    assert way(WAITING, **ARI) == "chan-websocket"


@pytest.mark.parametrize(
    ("legs", "settings", "why"),
    [
        (NAMED, {"via": "ari"}, "ari_user and ari_password must be set"),
        (NAMED, {"via": "ari", "ari_user": "u"}, "ari_password must be set"),
        (NAMED, {"via": "magic"}, "choose auto, stream-channel, ari"),
        (WAITING, {"via": "ari", **ARI}, "waits by itself"),
        (WAITING, {"via": "stream-channel"}, "waits by itself"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_connected(legs, settings, why):
    with pytest.raises(UsageError, match=why):
        plan_tap(Settings(**settings), legs)


def test_one_file_holds_no_call_with_both_parties():
    with pytest.raises(UsageError, match="name a folder"):
        plan_tap(Settings(**ARI), NAMED, output=Path("x.wav"))
    assert isinstance(plan_tap(Settings(), NAMED, output=Path("x.wav")), TapPlan)


def test_a_plan_says_the_pbx_without_secrets():
    plan = plan_tap(Settings(url="ws://me:secret@pbx:5039/ws", **ARI), NAMED)
    assert isinstance(plan, AriPlan)
    assert "secret" not in plan.stream_url
    assert "'p'" not in repr(plan)


def test_no_keeper_reads_on_for_a_tap_through_ari():
    assert explain_kill("ari") == "the call itself goes on"
