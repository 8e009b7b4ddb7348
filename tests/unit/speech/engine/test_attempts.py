"""A window is read the cheap way first, and again where that looks wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamer.core.events import Word
from streamer.speech.base import (
    MOST_NEW_TOKENS,
    EncoderWindow,
    Hypothesis,
    Suspicion,
    Window,
    WindowKind,
)
from streamer.speech.engine.attempts import (
    BUCKET,
    FULL_FRAMES,
    LEAST_FRAMES,
    MARGIN,
    TOKEN_BUCKET,
    Attempt,
    choose_better,
    choose_shape,
    compression_ratio,
    count_uncrammed,
    end_text,
    is_wrong,
    list_attempts,
    max_length,
    short_frames,
    suspect_end,
    suspect_text,
)

WINDOW = Window("a", 1, bytes(64_000), 0)


@pytest.mark.parametrize("audio_frames", [0, 1, 100, 371, 372, 373, 1400, 2872, 2999, 3000])
def test_a_short_window_holds_the_audio_and_its_margin_and_never_more_than_a_full_one(audio_frames):
    frames = short_frames(audio_frames)
    assert min(audio_frames + MARGIN, FULL_FRAMES) <= frames <= FULL_FRAMES
    assert frames >= LEAST_FRAMES
    assert frames % BUCKET == 0


def test_windows_of_like_length_share_a_bucket():
    assert short_frames(400) == short_frames(450) == 600


def test_a_short_window_that_looks_wrong_is_read_in_full_and_then_warmer():
    window = Window("a", 1, b"", 0, temperatures=(0.0, 0.4), encoder_window=EncoderWindow.SHORT)
    assert list(list_attempts(window)) == [
        Attempt(EncoderWindow.SHORT, 0.0),
        Attempt(EncoderWindow.FULL, 0.0),
        Attempt(EncoderWindow.FULL, 0.4),
    ]
    full = replace(window, encoder_window=EncoderWindow.FULL, temperatures=(0.0,))
    assert list(list_attempts(full)) == [Attempt(EncoderWindow.FULL, 0.0)]


@pytest.mark.parametrize(("prompt", "tokens"), [(2, 224), (2, 32), (130, 64), (200, 224)])
def test_the_length_that_is_asked_for_leaves_room_for_all_new_tokens(prompt, tokens):
    length = max_length(prompt, tokens)
    assert min(length // 2, length - prompt) == tokens


def test_token_caps_share_a_bucket_unless_one_was_asked_for():
    attempt = Attempt(EncoderWindow.SHORT, 0.0)

    def cap(window: Window) -> int:
        shape = choose_shape(window, attempt, audio_frames=200, hint_tokens=0, language="en")
        return shape.token_cap

    assert cap(WINDOW) == cap(replace(WINDOW, pcm=bytes(60_000))) == 64
    assert cap(replace(WINDOW, max_new_tokens=7)) == 7
    assert cap(replace(WINDOW, pcm=bytes(960_000))) == MOST_NEW_TOKENS
    assert MOST_NEW_TOKENS % TOKEN_BUCKET == 0


def test_a_reading_without_suspicion_is_not_read_again():
    assert not is_wrong(Hypothesis(0, 1, avg_logprob=-3), WINDOW)
    assert is_wrong(Hypothesis(0, 1, suspicion=Suspicion.TOKEN_CAP), WINDOW)


def test_a_final_that_the_model_doubts_is_read_again_unless_it_is_silence():
    final = replace(WINDOW, kind=WindowKind.FINAL)
    assert is_wrong(Hypothesis(0, 1, avg_logprob=-1.1), final)
    assert not is_wrong(Hypothesis(0, 1, avg_logprob=-1.1, no_speech_prob=0.9), final)
    assert not is_wrong(Hypothesis(0, 1, avg_logprob=-0.9), final)


def test_the_less_suspect_reading_is_kept_then_the_more_probable_and_both_are_paid_for():
    doubtful = Hypothesis(0, 1, avg_logprob=-0.1, suspicion=Suspicion.REPETITIVE, encode_s=1.0)
    sound = Hypothesis(0, 1, avg_logprob=-0.9, encode_s=2.0)
    assert choose_better(None, doubtful) is doubtful
    assert choose_better(doubtful, sound) == replace(sound, encode_s=3.0)
    likelier = replace(sound, avg_logprob=-0.2)
    assert choose_better(likelier, sound).avg_logprob == -0.2


def test_words_crammed_into_the_end_are_suspect():
    words = [Word("a", 32_000, 32_000, 0.1)] * 3
    assert suspect_end(words, 32_000) is Suspicion.PAST_END
    assert suspect_end(words[:2], 32_000) is Suspicion.NONE


def test_text_that_repeats_itself_or_was_cut_off_is_suspect():
    assert compression_ratio("you " * 50) > 2.4
    assert compression_ratio("") < 1
    assert suspect_text(2.5, made_tokens=9, token_cap=64) is Suspicion.REPETITIVE
    assert suspect_text(1.0, made_tokens=64, token_cap=64) is Suspicion.TOKEN_CAP
    assert suspect_text(1.0, made_tokens=63, token_cap=64) is Suspicion.NONE


def test_a_partial_with_timestamps_is_read_once_and_its_final_until_it_looks_right():
    window = replace(
        WINDOW,
        encoder_window=EncoderWindow.SHORT,
        has_timestamps=True,
        temperatures=(0.0, 0.4),
    )
    partial = replace(window, kind=WindowKind.PARTIAL)
    assert [a.encoder_window for a in list_attempts(partial)] == [EncoderWindow.SHORT]
    final = replace(window, kind=WindowKind.FINAL)
    assert [(a.encoder_window, a.temperature) for a in list_attempts(final)] == [
        (EncoderWindow.SHORT, 0.0),
        (EncoderWindow.FULL, 0.0),
        (EncoderWindow.FULL, 0.4),
    ]


def test_windows_with_and_without_timestamps_share_no_batch():
    shapes = {
        choose_shape(
            replace(WINDOW, has_timestamps=has),
            Attempt(EncoderWindow.SHORT, 0.0),
            audio_frames=200,
            hint_tokens=0,
            language="en",
        )
        for has in (False, True)
    }
    assert len(shapes) == 2


def test_text_ends_at_the_timestamp_that_says_that_the_audio_is_over():
    first, two_s = 100, 2 * 16_000
    assert end_text([100, 1, 2, 150, 150, 3, 190, 4], first_timestamp=first, samples=two_s) == [
        1,
        2,
        3,
    ]
    assert end_text([1, 2, 3], first_timestamp=first, samples=two_s) == [1, 2, 3]


def test_words_that_are_squeezed_into_no_time_are_not_counted():
    said = [(0, 4000), (4000, 8000), (8000, 12_000)]
    assert count_uncrammed(said) == 3
    assert count_uncrammed([*said, (31_000, 31_300), (31_300, 31_600), (31_600, 32_000)]) == 3
    assert count_uncrammed([*said, (31_000, 31_300), (31_300, 31_600)]) == 5
    assert count_uncrammed([]) == 0
