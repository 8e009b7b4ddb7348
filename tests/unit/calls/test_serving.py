import pytest

from streamer.bus import Bus
from streamer.calls import serving
from streamer.calls.serving import Served, _Front
from streamer.calls.session import Desk, SessionResult
from streamer.config import Settings
from streamer.core.events import EndReason
from streamer.tap.inbound_process import ListenOptions


@pytest.fixture
def front(tmp_path):
    desk = Desk(None, None)  # type: ignore[arg-type]
    return _Front(
        Settings(recordings=str(tmp_path / "gone")), ListenOptions(), desk, Bus(), Served()
    )


@pytest.mark.parametrize(
    ("reason", "has_failed"),
    [
        (EndReason.HANG_UP, False),
        (EndReason.STOPPED, False),
        (EndReason.INTERRUPTED, True),
        (EndReason.LOST, True),
    ],
)
async def test_a_call_that_the_user_has_stopped_is_no_failure(
    reason, has_failed, front, tmp_path, monkeypatch
):
    async def end(*_):
        return SessionResult(reason)

    monkeypatch.setattr(serving, "run_session", end)
    await front._follow(tmp_path)
    assert front._served.has_failed is has_failed


def test_a_listener_whose_folder_is_gone_is_told_to_end_nevertheless(front):
    told = []

    class Process:
        def terminate(self):
            told.append(True)

    front._process = Process()
    front._served.address = "127.0.0.1:9092"
    front.stop()
    assert told == [True]
