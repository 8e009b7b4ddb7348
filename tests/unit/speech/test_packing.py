"""Utterances that are read together get their own words back, at their own places."""

from hypothesis import given, strategies as st

from streamer.core.events import SPEECH_RATE, Word
from streamer.speech.audio.segmenter import Closed
from streamer.speech.base import Hypothesis, Window
from streamer.speech.packing import LeadIn, Pack, PackedUtterance


def utterance(number, start_s, seconds):
    start, samples = int(start_s * SPEECH_RATE), int(seconds * SPEECH_RATE)
    return PackedUtterance(Closed(number, start, start + samples), bytes(2 * samples), ())


def word(text, start_s, end_s):
    return Word(text, int(start_s * SPEECH_RATE), int(end_s * SPEECH_RATE), 0.9)


def heard(pack, *words):
    return Hypothesis(pack.position, pack.position + pack.samples, words)


def spans(words):
    return [(w.text, w.start / SPEECH_RATE, w.end / SPEECH_RATE) for w in words]


def test_words_go_back_to_the_utterance_in_whose_audio_they_were_heard():
    pack = Pack([utterance(1, 10, 2), utterance(2, 20, 1), utterance(3, 30, 2)])
    words = [word("yes", 10.5, 11), word("no", 12.25, 12.75), word("good bye", 13.5, 14)]
    parts = pack.split(heard(pack, *words))
    assert [spans(part.words) for part in parts] == [
        [("yes", 10.5, 11)],
        [("no", 20.25, 20.75)],
        [("good bye", 30.5, 31)],
    ]
    assert [(part.start, part.end) for part in parts] == [
        (u.closed.start, u.closed.end) for u in pack.utterances
    ]


def test_a_word_across_a_border_belongs_to_the_side_of_its_middle_and_is_cut_there():
    pack = Pack([utterance(1, 10, 2), utterance(2, 20, 2)])
    parts = pack.split(heard(pack, word("late", 11.5, 12.25), word("early", 11.75, 12.75)))
    assert [spans(part.words) for part in parts] == [
        [("late", 11.5, 12)],
        [("early", 20, 20.75)],
    ]


def test_an_utterance_in_whose_audio_nothing_was_heard_has_no_words():
    pack = Pack([utterance(1, 10, 2), utterance(2, 20, 2)])
    parts = pack.split(heard(pack, word("late", 13, 13.5)))
    assert [len(part.words) for part in parts] == [0, 1]


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    times=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20)), max_size=30),
)
def test_no_word_is_lost_or_doubled_and_each_lies_in_its_utterance(lengths, times):
    pack, start = Pack(), 5.0
    for number, tenths in enumerate(lengths, start=1):
        pack.utterances.append(utterance(number, start, tenths / 10))
        start += tenths / 10 + 3
    begin = pack.position / SPEECH_RATE
    ordered = sorted((begin + first / 10, length / 10) for first, length in times)
    words = [word(str(n), first, first + length) for n, (first, length) in enumerate(ordered)]
    parts = pack.split(heard(pack, *words))
    assert [w.text for part in parts for w in part.words] == [w.text for w in words]
    for part, mine in zip(parts, pack.utterances, strict=True):
        assert (part.start, part.end) == (mine.closed.start, mine.end)
        assert all(part.start <= w.start <= w.end <= part.end for w in part.words)


def window(start_s, seconds):
    return Window("a", 9, bytes(int(2 * seconds * SPEECH_RATE)), int(start_s * SPEECH_RATE))


def test_a_window_is_read_behind_what_was_said_just_before_it():
    lead_in = LeadIn(8 * SPEECH_RATE)
    for number, start_s in enumerate((10, 13, 16), start=1):
        lead_in.append(utterance(number, start_s, 2))
    pack = lead_in.lead(window(20, 3), 8 * SPEECH_RATE)
    assert [u.closed.start / SPEECH_RATE for u in pack.utterances] == [11, 13, 16, 20]
    own = pack.split(heard(pack, word("before", 15.5, 16), word("now", 16.5, 17)))[-1]
    assert spans(own.words) == [("now", 20.5, 21)]


def test_what_was_said_long_ago_or_leaves_no_room_is_not_read_again():
    lead_in, most = LeadIn(8 * SPEECH_RATE), 8 * SPEECH_RATE
    lead_in.append(utterance(1, 10, 2))
    assert len(lead_in.lead(window(12 + 10.5, 1), most).utterances) == 1
    assert len(lead_in.lead(window(13, 7.6), most).utterances) == 1
    assert len(lead_in.lead(window(13, 2), 2 * SPEECH_RATE).utterances) == 1
    assert len(LeadIn(0).lead(window(13, 1), most).utterances) == 1


def test_of_what_was_said_before_no_more_is_held_than_can_be_read_again():
    lead_in, most = LeadIn(8 * SPEECH_RATE), 8 * SPEECH_RATE
    for number in range(100):
        lead_in.append(utterance(number, 3 * number, 2))
    assert len(lead_in.lead(window(300, 0.5), most).utterances) == 5
    assert len(lead_in._utterances) == 4
    lead_in.append(utterance(101, 301, 20))
    (before, now) = lead_in.lead(window(322, 1), most).utterances
    assert (before.closed.start, before.end) == (314 * SPEECH_RATE, 321 * SPEECH_RATE)
    assert before.samples == 7 * SPEECH_RATE
    assert now.closed.start == 322 * SPEECH_RATE
