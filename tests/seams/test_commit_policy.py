"""A commit policy from outside this package settles words; it is one file, and one line of a table."""

import pytest

from streamer.speech.words import COMMIT_POLICIES
from tests.unit.speech.test_transcriber import TALK, Bench, PacedFollower

NAME = "at the end"


class AtTheEnd:
    """Settles nothing before the final, and then everything."""

    trim_point = None

    def __init__(self):
        self.committed = ()
        self.tentative = ()

    def update(self, hypothesis):
        self.tentative = hypothesis.words
        return []

    def finish(self, hypothesis):
        self.tentative = ()
        self.committed = hypothesis.words if hypothesis else ()
        return list(self.committed)


@pytest.fixture
def _known(monkeypatch):
    monkeypatch.setitem(COMMIT_POLICIES, NAME, AtTheEnd)


@pytest.mark.usefixtures("_known")
async def test_the_policy_that_a_plan_names_settles_the_words(tmp_path):
    bench = Bench(tmp_path, TALK, commit_policy=NAME)
    await bench.run(PacedFollower(TALK))
    assert [segment.text for segment in bench.finals()] == ["w1 w2 w3 w4", "w7 w8 w9"]
    partials = bench.partials()
    assert {partial.committed for partial in partials} == {()}
    shown = [[word.text for word in partial.tentative] for partial in partials]
    assert ["w1", "w2", "w3"] in shown


@pytest.mark.usefixtures("_known")
async def test_windows_begin_with_the_utterance_for_a_policy_without_a_trim_point(tmp_path):
    bench = Bench(tmp_path, TALK, commit_policy=NAME)
    await bench.run(PacedFollower(TALK))
    starts = {(window.utterance, window.position) for window in bench.engine.windows}
    assert len(starts) == 2


async def test_words_are_settled_by_agreement_unless_a_plan_says_otherwise(tmp_path):
    bench = Bench(tmp_path, TALK)
    await bench.run(PacedFollower(TALK))
    assert any(partial.committed for partial in bench.partials())
