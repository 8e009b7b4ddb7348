"""A listener that has outlived its `serve`: the next one is told whose it is, and it can be ended."""

import signal

import pytest

from streamer.recording.locks import is_locked
from tests.fakes.recorder import run_streamer
from tests.fakes.replay import SCAN_S, until
from tests.fakes.serving import call, find_listeners, serving

SECOND = b"\x00\x10\x00\xf0" * 4000


async def kill(served):
    """Kill the `serve`, and leave its listener."""
    served.process.kill()
    await served.process.wait()


async def serve_elsewhere(tmp_path, *flags):
    """Serve into another folder, where the port is taken; return the one line about it."""
    recordings = str(tmp_path / "others")
    code, out, err = await run_streamer(
        "serve", "--accept-unknown", "--recordings", recordings, "--json", *flags
    )
    assert (code, out) == (4, "")
    (line,) = [line for line in err.splitlines() if "no speech model" not in line]
    return line


async def stop_listener(recordings, address):
    return await run_streamer("stop", "--listener", address, "--recordings", str(recordings))


async def test_a_left_over_listener_is_named_and_ended(recordings, tmp_path):
    async with serving(recordings) as served:
        caller = await call(served.port)
        caller.identify()
        caller.speak(SECOND)
        await until(lambda: served.of_kind("call_started"))
        address = f"127.0.0.1:{served.port}"
        await kill(served)
        line = await serve_elsewhere(tmp_path, "--audiosocket", address)
        assert f"another listener of streamer has {address}" in line
        assert str(recordings) in line
        assert f"streamer stop --listener {address}" in line
        code, out, err = await stop_listener(tmp_path / "others", address)
        assert (code, out) == (0, "")
        assert address in err
        assert str(recordings) in err
        async with serving(tmp_path / "others", "--audiosocket", address):
            assert not caller.has_ended, "its calls go on to their ends"
            caller.speak(SECOND)
            caller.hang_up()
            await until(lambda: all(one["reason"] == "hang-up" for one in served.calls()))
            await until(lambda: not find_listeners(recordings), every=SCAN_S)
        assert [one["legs"][0]["bytes"] for one in served.calls()] == [2 * len(SECOND)]


@pytest.mark.parametrize(("held", "wanted"), [("127.0.0.1", "0.0.0.0"), ("0.0.0.0", "localhost")])
async def test_an_address_that_overlaps_is_the_same_one(recordings, tmp_path, held, wanted):
    async with serving(recordings, "--audiosocket", f"{held}:0") as served:
        await until(lambda: len(served.of_kind("listening")) == 2)
        ports = [int(e["address"].rpartition(":")[2]) for e in served.of_kind("listening")]
        await kill(served)
        line = await serve_elsewhere(tmp_path, "--audiosocket", f"{wanted}:{ports[-1]}")
        assert f"another listener of streamer has {held}:{ports[-1]}" in line
        code, _, _ = await stop_listener(tmp_path, f"{wanted}:{ports[-1]}")
        assert code == 0
        await until(lambda: not find_listeners(recordings), every=SCAN_S)


async def test_registrations_find_the_listener_too(recordings, tmp_path):
    async with serving(recordings, "--register", "127.0.0.1:0") as served:
        await until(lambda: len(served.of_kind("listening")) == 2)
        (register,) = [
            e["address"] for e in served.of_kind("listening") if e["source"] == "registration"
        ]
        await kill(served)
        flags = ["--audiosocket", "127.0.0.1:0", "--register", register]
        line = await serve_elsewhere(tmp_path, *flags)
        assert f"cannot take registrations on {register}: another listener of streamer" in line
        assert str(recordings) in line
        code, _, _ = await stop_listener(recordings, register)
        assert code == 0
        await until(lambda: not find_listeners(recordings), every=SCAN_S)


async def test_a_serve_that_registers_takes_over_the_listener_of_one_that_was_killed(recordings):
    async with serving(recordings, "--register", "127.0.0.1:0") as first:
        await until(lambda: len(first.of_kind("listening")) == 2)
        (register,) = [
            e["address"] for e in first.of_kind("listening") if e["source"] == "registration"
        ]
        await kill(first)
        (listener,) = find_listeners(recordings)
        flags = ["--audiosocket", f"127.0.0.1:{first.port}", "--register", register]
        async with serving(recordings, *flags) as second:
            await until(lambda: "listens on" in second.troubles)
            await until(lambda: find_listeners(recordings) == [listener], every=SCAN_S)
            second.process.send_signal(signal.SIGTERM)
            await second.process.wait()
            await until(lambda: not find_listeners(recordings), every=SCAN_S)


async def test_a_listener_that_a_serve_leads_is_left_to_it(recordings, tmp_path):
    async with serving(recordings) as served:
        address = f"127.0.0.1:{served.port}"
        line = await serve_elsewhere(tmp_path, "--audiosocket", address)
        assert "a `serve` that runs" in line
        (lock,) = (recordings / ".locks").glob("*.front")
        await until(lambda: is_locked(lock))
        code, _, err = await stop_listener(recordings, address)
        assert code == 1
        assert "quit that `serve`" in err
        assert served.process.returncode is None


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--listener", "127.0.0.1:1"], 3),
        (["--listener", "nonsense"], 2),
        (["--listener", ""], 2),
        (["--listener", "127.0.0.1:0"], 2),
        (["--listener", "no.such.host.invalid:9092"], 3),
        (["--listener", "127.0.0.1:9092", "last"], 2),
        ([], 2),
    ],
)
async def test_what_cannot_be_ended_is_one_line(recordings, arguments, code):
    found, out, err = await run_streamer("stop", *arguments, "--recordings", str(recordings))
    assert (found, out) == (code, "")
    assert "listener" in err
    assert "Traceback" not in err
