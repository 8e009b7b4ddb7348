"""Windows that are read as one get their own words back, at their own places."""

from dataclasses import replace

from hypothesis import given, strategies as st

from streamer.core.events import SPEECH_RATE, Word
from streamer.speech.base import Hypothesis, Window
from streamer.speech.engine.packs import group_windows, join_windows, split_hypothesis


def window(start_s, seconds, *, number=1, pack=1, leg="a", lead_s=0.0):
    pcm = bytes([number]) * (2 * int(seconds * SPEECH_RATE))
    lead = bytes(2 * int(lead_s * SPEECH_RATE))
    return Window(leg, number, pcm, int(start_s * SPEECH_RATE), lead=lead, pack=pack)


def word(text, start_s, end_s):
    return Word(text, int(start_s * SPEECH_RATE), int(end_s * SPEECH_RATE), 0.9)


def split(windows, *words):
    whole = join_windows(windows)
    return split_hypothesis(Hypothesis(whole.position, whole.end, words), windows)


def spans(words):
    return [(w.text, w.start / SPEECH_RATE, w.end / SPEECH_RATE) for w in words]


def test_only_neighbours_of_one_pack_of_one_leg_are_read_as_one():
    windows = [
        window(0, 1, number=1),
        window(2, 1, number=2),
        window(4, 1, number=3, pack=2),
        window(0, 1, number=1, leg="b", pack=2),
        window(6, 1, number=4, pack=0),
        window(8, 1, number=5, pack=0),
    ]
    groups = [[(w.leg, w.utterance) for w in group] for group in group_windows(windows)]
    assert groups == [[("a", 1), ("a", 2)], [("a", 3)], [("b", 1)], [("a", 4)], [("a", 5)]]


def test_a_pack_is_its_audio_in_order_behind_the_lead_of_its_first_window():
    windows = [window(10, 2, number=1, lead_s=1), window(20, 1, number=2)]
    whole = join_windows(windows)
    assert whole.pcm == windows[0].lead + windows[0].pcm + windows[1].pcm
    assert (whole.position, whole.end) == (9 * SPEECH_RATE, 13 * SPEECH_RATE)
    assert (whole.utterance, whole.lead) == (2, b"")


def test_words_go_back_to_the_window_in_whose_audio_they_were_heard():
    windows = [window(10, 2), window(20, 1), window(30, 2)]
    words = [word("yes", 10.5, 11), word("no", 12.25, 12.75), word("good bye", 13.5, 14)]
    parts = split(windows, *words)
    assert [spans(part.words) for part in parts] == [
        [("yes", 10.5, 11)],
        [("no", 20.25, 20.75)],
        [("good bye", 30.5, 31)],
    ]
    assert [(part.start, part.end) for part in parts] == [(w.position, w.end) for w in windows]


def test_a_word_across_a_border_belongs_to_the_side_of_its_middle_and_is_cut_there():
    parts = split(
        [window(10, 2), window(20, 2)], word("late", 11.5, 12.25), word("early", 11.75, 12.75)
    )
    assert [spans(part.words) for part in parts] == [[("late", 11.5, 12)], [("early", 20, 20.75)]]


def test_the_words_of_the_lead_are_left_out():
    (part,) = split([window(10, 2, lead_s=3)], word("before", 9, 9.75), word("now", 10, 10.5))
    assert spans(part.words) == [("now", 10, 10.5)]
    (part,) = split([window(10, 2, lead_s=3)], word("across", 9.75, 10.75))
    assert spans(part.words) == [("across", 10, 10.75)]


def test_a_window_in_whose_audio_nothing_was_heard_has_no_words():
    parts = split([window(10, 2), window(20, 2)], word("late", 13, 13.5))
    assert [len(part.words) for part in parts] == [0, 1]


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    times=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20)), max_size=30),
)
def test_no_word_is_lost_or_doubled_and_each_lies_in_its_window(lengths, times):
    windows, start = [], 5.0
    for number, tenths in enumerate(lengths, start=1):
        windows.append(window(start, tenths / 10, number=number))
        start += tenths / 10 + 3
    ordered = sorted((5 + first / 10, length / 10) for first, length in times)
    words = [word(str(n), first, first + length) for n, (first, length) in enumerate(ordered)]
    parts = split(windows, *words)
    assert [w.text for part in parts for w in part.words] == [w.text for w in words]
    for part, mine in zip(parts, windows, strict=True):
        assert (part.start, part.end) == (mine.position, mine.end)
        assert all(part.start <= w.start <= w.end <= part.end for w in part.words)


def test_a_window_alone_is_read_as_it_is():
    alone = window(10, 2, pack=0)
    assert join_windows([alone]) == replace(alone)
