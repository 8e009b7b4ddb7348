"""Captured ARI: what was asked and answered, and the events, as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.conftest import TRACES

EVENT_TRACES = sorted(path.stem for path in (TRACES / "ari").glob("ari_sip_*.jsonl"))
"""Those with whole events; the one other has their types only."""


def read_lines(name: str, kind: str) -> list[dict[str, Any]]:
    """Return the lines of a kind, as they stand."""
    text = (TRACES / "ari" / f"{name}.jsonl").read_text()
    return [line for line in map(json.loads, text.splitlines()) if line.get("kind") == kind]


def list_events(name: str) -> Iterator[str]:
    """Yield the events of a trace as they came over the socket."""
    for line in read_lines(name, "event"):
        yield json.dumps({key: value for key, value in line["event"].items() if key != "_t"})


def list_calls(name: str) -> list[dict[str, Any]]:
    """Return the requests of a trace with their answers."""
    if name in EVENT_TRACES:
        return read_lines(name, "http")
    text = (TRACES / "ari" / f"{name}.jsonl").read_text()
    calls = json.loads(text.splitlines()[0])["meta"]["ari_calls"]
    return [call | {"answer": json.loads(call["body"] or "null"), "body": None} for call in calls]
