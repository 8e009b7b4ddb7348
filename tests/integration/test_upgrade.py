"""Upgrading while calls run: the old version ends its calls, the new one takes new calls."""

import os
import socket
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import streamer
from tests.fakes.replay import SCAN_S, until
from tests.fakes.serving import call, find_listeners, serving

SECOND = b"\x00\x10\x00\xf0" * 4000


@pytest.fixture
def old(tmp_path):
    """A folder with an older version of the package, whose files can be taken away."""
    package = tmp_path / "old" / "streamer"
    package.mkdir(parents=True)
    ours = Path(streamer.__file__).parent
    for path in ours.iterdir():
        if path.name not in ("__init__.py", "__pycache__"):
            (package / path.name).symlink_to(path)
    text = (ours / "__init__.py").read_text()
    (package / "__init__.py").write_text(text.replace(streamer.__version__, "0.0.9"))
    return package


@asynccontextmanager
async def serving_old(recordings, package, *flags):
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    async with serving(recordings, *flags, env=environment, cwd=package.parent) as served:
        yield served


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def remove(package):
    for path in package.iterdir():
        path.rename(package.parent / path.name)


async def test_the_old_listener_ends_its_calls_and_the_new_one_takes_new_calls(recordings, old):
    flags = ("--register", f"127.0.0.1:{free_port()}")
    async with serving_old(recordings, old, *flags) as before:
        address = f"127.0.0.1:{before.port}"
        caller = await call(before.port)
        caller.identify()
        caller.speak(SECOND)
        await until(lambda: before.of_kind("call_started"))
        (old_listener,) = find_listeners(recordings)
        async with serving(recordings, "--audiosocket", address, *flags) as after:
            assert "Another version of streamer (0.0.9)" in after.troubles
            remove(old)
            second = await call(after.port)
            second.identify()
            second.speak(SECOND)
            await until(lambda: len(after.calls()) == 2)
            assert not caller.has_ended
            caller.speak(SECOND)
            for one in (caller, second):
                one.hang_up()
            await until(lambda: all(one["reason"] == "hang-up" for one in after.calls()))
            await until(lambda: not old_listener.is_running(), every=SCAN_S)
            assert len(find_listeners(recordings)) == 1
    assert [one["legs"][0]["bytes"] for one in after.calls()] == [2 * len(SECOND), len(SECOND)]
