"""`[LABEL=]CHANNEL` arguments, as `record` and `watch` take them."""

from __future__ import annotations

from streamer.core.audio import LONGEST_LABEL, Leg, looks_like_label
from streamer.errors import UsageError
from streamer.wire.stream_channel import check_channel


def parse_legs(arguments: list[str]) -> list[Leg]:
    """Read `[LABEL=]CHANNEL` arguments into legs with distinct labels; unlabelled ones become leg1, leg2, ...

    What stands before a `=` is a label only if it looks like one, because a channel name may hold a `=` itself.

    Raises:
        UsageError: A name is empty or holds a control character, or two legs share a label or a channel.
    """
    legs = [_parse_leg(text, number) for number, text in enumerate(arguments, start=1)]
    for what in ("label", "channel"):
        seen: set[str] = set()
        for leg in legs:
            value = getattr(leg, what).casefold()
            if value in seen:
                raise UsageError(f"two legs have the same {what} {value!r}; give each its own")
            seen.add(value)
    return legs


def _parse_leg(text: str, number: int) -> Leg:
    label, equals, channel = text.partition("=")
    if equals and len(label) > LONGEST_LABEL and looks_like_label(label):
        raise UsageError(
            f"the label {label[:20]}… is longer than {LONGEST_LABEL} characters; shorten it, because it becomes part of a file name"
        )
    if not equals or not looks_like_label(label):
        label, channel = f"leg{number}", text
    check_channel(channel)
    return Leg(label, channel)
