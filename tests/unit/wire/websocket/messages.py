"""What tests of shapes share: captured connections, and strange JSON."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

from hypothesis import strategies as st

from streamer.wire.websocket.base import Media, Upgrade
from tests.conftest import TRACES

BOMBS = [
    "[" * 200_000,
    '{"a":' * 100_000,
    "{" * 5_000,
    '{"event":' + "9" * 10_000 + "}",
    '{"event":1e999999}',
    "{" + ",".join(f'"k{n}":[]' for n in range(60_000)) + "}",
    '{"event":"x","start":' + '{"a":' * 400 + "1" + "}" * 401,
    "{'event': 'x'}",
    "",
    "\0",
    "null",
    "[]",
    '"text"',
    "NaN",
]

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def documents(*names, words=()):
    """JSON objects of a shape's own names, with whatever in them."""
    inner = values | st.sampled_from([*words, "", "AAAA", "!", "\ud800", -1, 1 << 70])
    keys = st.sampled_from(names) | st.text(max_size=4)
    nested: st.SearchStrategy[dict[str, Any]] = st.dictionaries(keys, inner, max_size=6)
    return st.dictionaries(keys, inner | nested, max_size=8).map(json.dumps)


def read_trace(name):
    """The upgrade of a captured connection, and the messages that Asterisk sent."""
    lines = [json.loads(line) for line in (TRACES / f"{name}.jsonl").read_text().splitlines()]
    request = lines[0]["meta"]["handshake"]["request"]
    path, _, query = request["path"].partition("?")
    headers = {name.lower(): value for name, value in request["headers"]}
    upgrade = Upgrade(path, dict(parse_qsl(query)), headers, ("media",))
    came = [
        line for line in lines[1:] if line["dir"] == "in" and line["kind"] in ("text", "binary")
    ]
    return upgrade, [_decode(line) for line in came]


def take(shape, messages):
    """All that a shape says of messages."""
    said = list(shape.begin())
    for message in messages:
        said += shape.take_text(message) if isinstance(message, str) else shape.take_bytes(message)
    return said


def without_media(messages):
    return [message for message in messages if not isinstance(message, Media)]


def audio_of(messages, key):
    return b"".join(m.payload for m in messages if isinstance(m, Media) and m.key == key)


def _decode(line):
    return line["data"] if line["kind"] == "text" else base64.b64decode(line["data"])
