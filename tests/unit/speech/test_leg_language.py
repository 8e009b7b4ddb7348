"""A leg's language is pinned when it is certain, and looked at again where it is doubted."""

from streamer.core.events import SPEECH_RATE, Word
from streamer.speech.base import Hypothesis
from streamer.speech.leg_language import LONG_PAUSE, LegLanguage


def heard(language, probability, *, end_s=2.0, logprob=-0.2, words=True):
    end = int(end_s * SPEECH_RATE)
    return Hypothesis(
        0,
        end,
        (Word("ciao", 0, end, 0.9),) if words else (),
        avg_logprob=logprob,
        language=language,
        language_probability=probability,
    )


def test_a_language_that_the_user_gives_is_never_doubted():
    language = LegLanguage("de")
    assert not language.learn(heard("en", 1.0, logprob=-3), read=10 * SPEECH_RATE)
    language.begin(100 * LONG_PAUSE)
    assert language.pinned == "de"


def test_one_short_word_pins_a_language_only_if_it_is_certain():
    language = LegLanguage(None)
    language.learn(heard("en", 0.7), read=SPEECH_RATE)
    assert language.pinned is None
    language.learn(heard("it", 0.95), read=SPEECH_RATE)
    assert language.pinned == "it"


def test_much_speech_pins_what_is_likely():
    language = LegLanguage(None)
    language.learn(heard("it", 0.65), read=5 * SPEECH_RATE)
    assert language.pinned == "it"


def test_nothing_is_learnt_from_an_utterance_without_words():
    language = LegLanguage(None)
    language.learn(heard("en", 1.0, words=False), read=5 * SPEECH_RATE)
    assert language.pinned is None


def test_a_doubtful_utterance_opens_the_question_again():
    language = LegLanguage(None)
    language.learn(heard("it", 0.95), read=SPEECH_RATE)
    assert language.learn(heard("it", 1.0, logprob=-1.1), read=SPEECH_RATE)
    assert language.pinned is None
    language.learn(heard("es", 0.95), read=SPEECH_RATE)
    assert language.pinned == "es"


def test_after_a_long_pause_somebody_else_may_speak():
    language = LegLanguage(None)
    language.learn(heard("it", 0.95, end_s=2), read=SPEECH_RATE)
    language.begin(2 * SPEECH_RATE + LONG_PAUSE - 1)
    assert language.pinned == "it"
    language.begin(2 * SPEECH_RATE + LONG_PAUSE)
    assert language.pinned is None
