"""Whether there will be words: is a model installed, right and fast enough; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streamer.doctor.findings import Finding, fault, ok, split_advice, warn


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The model that calls are transcribed with; `calls` is how many this machine carries live, None if that is not known."""

    name: str = ""
    is_named: bool = False
    """A setting names it."""
    lack: str = ""
    """Why there is none."""
    trouble: str = ""
    """Why it could not be tried."""
    calls: int | None = None
    wer: float | None = None
    is_right: bool = True
    smaller: str = ""
    """A model that would keep up, if this one does not."""
    is_demo: bool = False


def judge_model(facts: ModelFacts) -> Iterator[Finding]:
    """Yield whether calls get words."""
    if facts.lack:
        message, remedy = split_advice(facts.lack)
        make = fault if facts.is_named else warn
        yield make("model", message, remedy or "`streamer models pull` installs one")
    elif facts.is_demo:
        yield warn(
            "model",
            "the model is that of the demo, which knows only its small domain and synthetic voices",
            "`streamer models pull` installs one that suits this machine",
        )
    elif facts.trouble:
        message, remedy = split_advice(facts.trouble)
        yield fault("model", message, remedy or f"`streamer models check {facts.name}` says more")
    elif facts.calls is None:
        yield warn(
            "model",
            f"{facts.name} is installed; how fast it is here is not known",
            f"`streamer models check {facts.name}` finds out, in a minute",
        )
    else:
        yield _judge_speed(facts)


def _judge_speed(facts: ModelFacts) -> Finding:
    if not facts.is_right:
        return fault(
            "model",
            f"{facts.name} gets too many words wrong ({facts.wer:g} %)",
            "`streamer models pull` suggests another for this machine",
        )
    if not facts.calls:
        instead = (
            f"--model {facts.smaller} (`streamer models pull {facts.smaller}`)"
            if facts.smaller
            else "a faster machine"
        )
        return warn(
            "model",
            f"{facts.name} is too slow for a live call here, so words come late; nothing is lost",
            f"use {instead}",
        )
    return ok(
        "model",
        f"{facts.name} is fast enough for about {facts.calls} live call{'s' if facts.calls > 1 else ''}",
    )
