"""A model that is wanted and is not there: what to say of it, and waiting until it is; it never stands before a recording."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from streamer.errors import ModelError, NotFoundError
from streamer.speech.engine.model_advice import suggest
from streamer.speech.engine.models import (
    NAMES,
    NO_MODEL_FOR_CALLS,
    NO_TEXT,
    InstalledModel,
    choose_model,
    list_models,
)

LOOK_S = 1.0
"""Between two looks for a model that is not there yet."""


@dataclass(frozen=True, slots=True)
class WantedModel:
    """The model that live calls are to be transcribed with, as far as it is there; `name` is empty if any will do."""

    name: str
    model: InstalledModel | None
    lack: str = ""
    """Why it is not there, and what to do; empty if it is."""
    offer: str = ""
    """The model to download instead, by one of `NAMES`; empty if there is nothing to offer."""


def find_wanted(name: str, models_dir: str = "") -> WantedModel:
    """Look for the model that is named, or for the largest installed one; a lack is said, not raised."""
    try:
        model = choose_model(name, models_dir)
    except ModelError as error:
        return WantedModel(name, None, f"{error}; until then this process makes no text")
    except NotFoundError:
        names = [each.name for each in list_models(models_dir)]
        return WantedModel(
            name, None, explain_absence(name, installed=names), name if name in NAMES else ""
        )
    if model is None:
        return WantedModel(name, None, NO_MODEL_FOR_CALLS, suggest().name)
    return WantedModel(name, model)


async def await_model(name: str, models_dir: str = "", *, look_s: float = LOOK_S) -> InstalledModel:
    """Wait until a model is there and has stopped growing."""
    before: InstalledModel | None = None
    while True:
        found = (await asyncio.to_thread(find_wanted, name, models_dir)).model
        if found is not None and found == before:
            return found
        before = found
        await asyncio.sleep(look_s)


def explain_absence(name: str, *, installed: Sequence[str]) -> str:
    """Return a line on a model that is not installed: what becomes of calls, how to get it, and the nearest of those that are."""
    nearest = find_nearest(name, installed)
    instead = (
        f"; the nearest that is installed is {nearest}: `--model {nearest}`" if nearest else ""
    )
    if name in NAMES or name.count("/") == 1:
        return (
            f"the model {name} is not installed{NO_TEXT}; install it with"
            f" `streamer models pull {name}` in another terminal{instead}"
        )
    known = difflib.get_close_matches(name, NAMES, n=1)
    meant = f" (did you mean {known[0]}?)" if known and known[0] != nearest else ""
    return f"there is no model or directory {name}{meant}{NO_TEXT}{instead}"


def find_nearest(name: str, installed: Sequence[str]) -> str:
    """Return the installed model that was most likely meant: by its spelling, else the next in size; empty if there is none.

    The bundled one knows one small domain, so it is named for its spelling alone, or where nothing else is installed.
    """
    if spelled := difflib.get_close_matches(name, installed, n=1):
        return spelled[0]
    order = list(NAMES)
    sized = [each for each in installed if each in NAMES]
    if not sized:
        return next(iter(installed), "")
    wanted = order.index(name) if name in NAMES else len(order)
    return min(sized, key=lambda each: abs(order.index(each) - wanted))
