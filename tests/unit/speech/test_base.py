"""The seams hold what plugs in, and a window knows its own measures."""

from __future__ import annotations

from dataclasses import replace

from streamer.speech.audio.vad import SileroVad
from streamer.speech.base import MOST_NEW_TOKENS, CommitPolicy, Vad, Window
from streamer.speech.words.agreement import LocalAgreement

TWO_SECONDS = Window("c1/caller", 1, bytes(64_000), 8_000)


def test_what_this_package_brings_fits_its_own_seams():
    policy: CommitPolicy = LocalAgreement()
    vad: Vad = SileroVad()
    assert (policy.committed, policy.tentative, vad.feed(b"")) == ((), (), [])


def test_a_window_knows_where_it_ends_and_how_long_it_is():
    assert (TWO_SECONDS.samples, TWO_SECONDS.end) == (32_000, 40_000)
    assert TWO_SECONDS.duration_s == 2.0


def test_a_window_gets_tokens_by_its_length_unless_it_asks_for_fewer():
    assert TWO_SECONDS.token_cap == 16 + 28
    assert replace(TWO_SECONDS, max_new_tokens=8).token_cap == 8
    assert replace(TWO_SECONDS, max_new_tokens=9999).token_cap == MOST_NEW_TOKENS
