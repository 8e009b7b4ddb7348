"""`make demo-ari`: a stand-in Asterisk rings, `streamer channels` lists the call, `streamer watch --via ari` taps it; then it is answered.

Nothing is stored, and no setting of the user is read.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Mapping

from streamer.cli.simulate_ari import load_voices
from streamer.core.audio import SAMPLE_WIDTH, SLIN16_RATE
from streamer.simulator.ari.calls import SimulatedCall
from streamer.simulator.ari.server import PASSWORD, USER, SimulatedAri
from streamer.simulator.ari.sound import Speech

CALLER, AGENT = "100", "200"
_PAUSE_S = 1.0
_STREAMER = (sys.executable, "-m", "streamer")


async def show(flags: list[str]) -> int:
    """List the call, tap it, and let it be spoken; return the exit code of `watch`, which has `flags` too."""
    ((caller, agent),) = load_voices([])
    assert caller is not None
    assert agent is not None
    voices = _say_once(caller), _say_once(agent)
    ari = SimulatedAri()
    with tempfile.TemporaryDirectory(prefix="streamer-demo-", ignore_cleanup_errors=True) as folder:
        async with ari.open("127.0.0.1", 0) as port:
            environment = make_environment(port, folder)
            call = ari.pbx.start_call(CALLER, AGENT, voices=voices)
            await _run(environment, "channels")
            speaking = asyncio.create_task(_speak(ari, call, len(caller.pcm)))
            watch = ["watch", str(call.caller["name"]), "--via", "ari", "--model", "demo", *flags]
            code = await _run(environment, *watch)
            speaking.cancel()
            # A recorder that goes on without its viewer ends with the call, and its folder after it.
            call.hang_up()
            await asyncio.sleep(_PAUSE_S)
            return code


def make_environment(port: int, folder: str) -> dict[str, str]:
    """Return an environment in which nothing but the stand-in is set."""
    kept = {name: one for name, one in os.environ.items() if not name.startswith("STREAMER_")}
    return kept | {
        "STREAMER_ARI_URL": f"http://127.0.0.1:{port}",
        "STREAMER_ARI_USER": USER,
        "STREAMER_ARI_PASSWORD": PASSWORD,
        "STREAMER_RECORDINGS": folder,
        "STREAMER_DB": "",
        "STREAMER_LANGUAGE": "en",
        "XDG_CONFIG_HOME": folder,
    }


async def _run(environment: Mapping[str, str], *arguments: str) -> int:
    # Ctrl-C is for the command, which ends in its own way.
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
    sys.stderr.write(f"$ streamer {' '.join(arguments)}\n")
    process = await asyncio.create_subprocess_exec(*_STREAMER, *arguments, env=environment)
    return await process.wait()


async def _speak(ari: SimulatedAri, call: SimulatedCall, size: int) -> None:
    """Answer as soon as the caller is tapped, and hang up when everything is said."""
    is_tapped = asyncio.Event()
    ari.pbx.on_added.append(lambda *_: is_tapped.set())
    await is_tapped.wait()
    await asyncio.sleep(_PAUSE_S)
    call.answer()
    await asyncio.sleep(size / SAMPLE_WIDTH / SLIN16_RATE + 2 * _PAUSE_S)
    call.hang_up()


def _say_once(voice: Speech) -> Speech:
    """Return what a party says, after a moment in which the tap finds it."""
    pause = bytes(int(_PAUSE_S * SLIN16_RATE) * SAMPLE_WIDTH)
    return Speech(pause + voice.pcm)


if __name__ == "__main__":
    sys.exit(asyncio.run(show(sys.argv[1:])))
