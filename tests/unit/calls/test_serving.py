import pytest

from streamer.bus import Bus
from streamer.calls import serving as module
from streamer.calls.backend import Backend
from streamer.calls.serving import ServeOutcome, _ServeSession
from streamer.calls.session import SessionResult
from streamer.config import Settings
from streamer.core.events import EndReason
from streamer.tap.listen_plan import ListenOptions


@pytest.fixture
def session(tmp_path):
    backend = Backend(None, None)  # type: ignore[arg-type]
    return _ServeSession(
        Settings(recordings=str(tmp_path / "gone")), ListenOptions(), backend, Bus(), ServeOutcome()
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
    reason, has_failed, session, tmp_path, monkeypatch
):
    async def end(*_):
        return SessionResult(reason)

    monkeypatch.setattr(module, "run_session", end)
    await session._follow(tmp_path)
    assert session._outcome.has_failed is has_failed


def test_a_listener_whose_folder_is_gone_is_told_to_end_nevertheless(session):
    told = []

    class Process:
        def terminate(self):
            told.append(True)

    session._process = Process()
    session._outcome.addresses.append(("audiosocket", "127.0.0.1:9092"))
    session.stop()
    assert told == [True]
