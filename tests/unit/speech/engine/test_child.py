"""One process of the engine, and its end."""

from __future__ import annotations

import asyncio
import sys

import pytest

from streamer.speech.engine.child import EngineChild


async def test_a_process_is_seen_to_its_end_however_often_that_is_cancelled():
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "import time; time.sleep(600)"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    living = asyncio.ensure_future(EngineChild(process).live())
    for _ in range(3):
        await asyncio.sleep(0)
        living.cancel()
    with pytest.raises(asyncio.CancelledError):
        await living
    assert process.returncode is not None
