"""Which recognisers there are, and how each is opened."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from streamer.config import Settings
from streamer.speech.base import Recogniser
from streamer.speech.engine.models import InstalledModel
from streamer.speech.engine.supervisor import open_engine_process
from streamer.speech.engine.threads import choose_threads
from streamer.speech.engine.worker import EnginePlan
from streamer.speech.hints import join_hints

OpenRecogniser = Callable[
    [Settings, InstalledModel, Callable[[str], None]], AbstractAsyncContextManager[Recogniser]
]
"""Opens a recogniser that has not been started; what is called with a line says trouble that the user should know of."""


@asynccontextmanager
async def open_local(
    settings: Settings, model: InstalledModel, say_trouble: Callable[[str], None]
) -> AsyncIterator[Recogniser]:
    """Run the model on this machine, in a process of its own that uses every core."""
    threads = choose_threads(os.cpu_count() or 1, _read_size(model))
    plan = EnginePlan(
        str(model.path),
        model.name,
        settings.device,
        settings.compute_type,
        inter_threads=threads.inter,
        intra_threads=threads.intra,
        hints=join_hints(settings),
    )
    async with open_engine_process(plan, say_trouble=say_trouble, starts_now=False) as engine:
        yield engine


def _read_size(model: InstalledModel) -> int:
    """Return the bytes of a model's weights, 0 if they are gone, which loading them says."""
    with suppress(OSError):
        return (model.path / "model.bin").stat().st_size
    return 0


RECOGNISERS: Mapping[str, OpenRecogniser] = {"local": open_local}
