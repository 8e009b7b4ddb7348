"""Other backends see what is being said, or nothing."""

from __future__ import annotations

import pytest

from streamer.core.events import Lagging, Partial, Word
from streamer.recording.live_status import LiveStatus, read_lags, read_partial
from streamer.recording.locks import take_lock

SAYING = Partial(
    "c1",
    "caller",
    7,
    16_000,
    48_000,
    (Word("I", 16_000, 20_000, 0.9),),
    (Word("世界", 20_000, 30_000, 0.5, True),),
)


async def test_the_newest_partial_is_read_back_and_gone_at_the_end(tmp_path):
    status = LiveStatus(tmp_path)
    status.post(Partial("c1", "caller", 6, 0, 1, (), ()))
    status.post(SAYING)
    assert status._writing is not None
    await status._writing
    assert read_partial(tmp_path, "c1", "caller") == SAYING
    assert (tmp_path / "caller.partial.json").stat().st_mode & 0o777 == 0o600
    await status.clear()
    await status.clear()
    assert read_partial(tmp_path, "c1", "caller") is None
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def lock(tmp_path):
    """Hold what a backend holds that transcribes."""
    lock = take_lock(tmp_path / "transcriber.lock")
    assert lock
    yield lock
    lock.release()


async def post(status, *events):
    for event in events:
        status.post(event)
    assert status._writing is not None
    await status._writing


async def test_the_lag_of_each_leg_is_read_back_and_gone_once_none_lags(tmp_path, lock):
    status = LiveStatus(tmp_path)
    await post(status, Lagging("c1", "caller", 12.04), Lagging("c1", "agent", 7.0), SAYING)
    assert read_lags(tmp_path) == {"caller": 12.0, "agent": 7.0}
    assert read_partial(tmp_path, "c1", "caller") == SAYING
    await post(status, Lagging("c1", "caller", 0.0))
    assert read_lags(tmp_path) == {"agent": 7.0}
    await post(status, Lagging("c1", "agent", 0.0))
    assert read_lags(tmp_path) == {}
    assert not (tmp_path / "lag.json").exists()


async def test_no_lag_is_left_at_the_end(tmp_path, lock):
    status = LiveStatus(tmp_path)
    await post(status, Lagging("c1", "caller", 12.0))
    await status.clear()
    assert not (tmp_path / "lag.json").exists()


async def test_the_lag_of_a_backend_that_is_gone_says_nothing(tmp_path, lock):
    await post(LiveStatus(tmp_path), Lagging("c1", "caller", 12.0))
    lock.release()
    assert read_lags(tmp_path) == {}


async def test_a_folder_that_is_gone_costs_nobody_anything(tmp_path):
    status = LiveStatus(tmp_path / "gone")
    await post(status, SAYING, Lagging("c1", "caller", 12.0), Lagging("c1", "caller", 0.0))
    await status.clear()


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"utterance": "x"}',
        "\x00",
        "null",
        '{"caller": NaN, "agent": Infinity, "other": -5}',
        f'{{"caller": 1{"0" * 400}}}',
        "[" * 100_000,
        " " * (1 << 22) + '{"caller": 5}',
    ],
    ids=range(11),
)
def test_a_damaged_file_is_nothing(tmp_path, lock, damage):
    for name in ("caller.partial.json", "lag.json"):
        (tmp_path / name).write_text(damage)
    assert read_partial(tmp_path, "c1", "caller") is None
    assert read_lags(tmp_path) == {}
