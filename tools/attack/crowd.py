"""Connections that say nothing, from the PBX's own address and from others, more than the listener may open files."""

from __future__ import annotations

from tools.attack.sockets import crowd_in
from tools.attack.target import Attack, Target


async def run(target: Target, did: dict[str, int]) -> None:
    """Keep as many connections open as there can be."""
    await crowd_in(target.port, did)


ATTACK = Attack(run, most_files=512)
