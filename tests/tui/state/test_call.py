"""What the screen knows of a call: partials become finals in their place, and what was nothing goes."""

from streamer.core.events import CallEnded, EndReason, Final, Lagging, Partial, Trouble
from tests.fakes.stage import LEGS, segment, words
from tui.state.call import CallBoard
from tui.state.feed import Boards
from tui.state.messages import CallChanged, TroubleSaid
from tui.state.phase import Phase, Speech, find_phase, remark


def partial(leg, number, start_s, committed="", tentative=""):
    settled = words(committed, start_s) if committed else ()
    later = words(tentative, start_s + 1) if tentative else ()
    return Partial("id", leg, number, round(start_s * 16000), 0, settled, later)


def board_with(*events):
    board = CallBoard(LEGS)
    for event in events:
        board.take(event, now=5.0)
    return board


def test_a_partial_becomes_final_under_its_key():
    board = board_with(partial("caller", 1, 0.0, "hi", "there"))
    assert board.is_speaking("caller")
    assert board.take_changes() == [("caller", 1)]
    board.take(Final("id", segment("caller", 1, 0.0, "Hi there.")), now=7.0)
    assert board.take_changes() == [("caller", 1)]
    assert not board.utterances["caller", 1].tentative
    assert not board.is_speaking("caller")
    assert board.said_live == [(9600, 7.0)]


def test_a_partial_that_comes_after_its_final_changes_nothing():
    board = board_with(
        Final("id", segment("caller", 1, 0.0, "Hi.")), partial("caller", 1, 0.0, "h")
    )
    assert board.utterances["caller", 1].settled[0].text == "Hi."
    assert not board.is_speaking("caller")


def test_an_utterance_that_never_became_final_goes_with_the_next():
    board = board_with(partial("caller", 1, 0.0, "", "uh"), partial("caller", 2, 3.0, "hello"))
    assert list(board.utterances) == [("caller", 2)]
    assert board.take_changes() == [("caller", 1), ("caller", 2)]
    board.take(Final("id", segment("caller", 3, 6.0, "Bye.")))
    assert list(board.utterances) == [("caller", 3)]


def test_the_other_leg_is_not_touched_by_it():
    board = board_with(partial("agent", 1, 0.0, "yes"), partial("caller", 2, 3.0, "hello"))
    assert set(board.utterances) == {("agent", 1), ("caller", 2)}


def test_the_end_leaves_only_what_is_settled():
    board = board_with(
        Final("id", segment("agent", 1, 0.0, "Yes.")),
        partial("caller", 1, 3.0, "", "uh"),
        Lagging("id", "agent", 12.0),
        CallEnded("id", EndReason.LOST, 5.0),
    )
    assert list(board.utterances) == [("agent", 1)]
    assert board.is_over
    assert board.lag_s == 0


def test_events_of_unknown_calls_belong_to_the_awaited_one_and_others_to_nobody():
    boards = Boards()
    boards.awaited = awaited = CallBoard(LEGS)
    boards.take(Trouble(None, "no single call"))
    assert boards.troubles == ["no single call"]
    assert boards.take(Trouble("id", "its own")) is awaited
    assert boards.take(Lagging("other", "caller", 3.0)) is None
    assert awaited.troubles == ["its own"]
    assert awaited.lag_s == 0


def test_bursts_collapse():
    one, other = CallBoard(), CallBoard()
    assert CallChanged(one).can_replace(CallChanged(one))
    assert not CallChanged(one).can_replace(CallChanged(other))
    assert TroubleSaid().can_replace(TroubleSaid())


def phase_of(board, *, is_recorded=True, has_audio=True, speech=None):
    phase = find_phase(board, is_recorded=is_recorded, has_audio=has_audio)
    return phase, remark(board, phase, speech or Speech("small"))


def test_the_head_says_what_is_waited_for():
    from datetime import UTC, datetime

    from streamer.core.events import Call

    board = CallBoard(LEGS)
    assert phase_of(board) == (Phase.STARTING, "waiting for the recorder")
    board.call = Call("id", "s", LEGS, datetime(2026, 11, 20, tzinfo=UTC))
    assert phase_of(board, has_audio=False) == (Phase.CONNECTING, "no audio yet")
    board.attached.add("caller")
    assert phase_of(board, has_audio=False) == (Phase.RINGING, "no audio yet")
    assert phase_of(board) == (Phase.LIVE, "")
    assert phase_of(board, speech=Speech("small", is_loading=True))[1] == "loading the model"
    board.lags["caller"] = 12.4
    assert phase_of(board) == (Phase.LIVE, "catching up, 12 s behind")
    board.lags.clear()
    assert phase_of(board, is_recorded=False) == (Phase.ENDING, "finishing the last words")
    board.take(CallEnded("id", EndReason.REFUSED, 0.0))
    assert phase_of(board) == (Phase.REFUSED, "refused by the PBX")
