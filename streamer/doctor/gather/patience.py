"""Asking the system without being held up by it: a disk of a network that is gone answers never."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def ask_system(function: Callable[[], T]) -> T:
    """Call a function on a thread that nobody waits for at the end, and return what it returns or raise what it raises."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: Exception | None) -> None:
        if not answer.done():
            answer.set_exception(error) if error else answer.set_result(value)  # type: ignore[arg-type]

    def work() -> None:
        value, failure = None, None
        try:
            value = function()
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            failure = error
        with suppress(RuntimeError):  # the loop is closed by now
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=work, name="doctor", daemon=True).start()
    return await answer
