"""What happens in a call, step by step, with pauses of `wait`: for the command line in real time, for tests on a clock of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from streamer.simulator.ari.calls import SimulatedCall
from streamer.simulator.ari.pbx import SimulatedPbx
from streamer.simulator.ari.rooms import SimulatedQueue, SimulatedRoom
from streamer.simulator.ari.sound import Speech
from streamer.simulator.ari.transfers import transfer_attended, transfer_blindly

RINGS_S, TALKS_S, SHORT_S = 2.0, 6.0, 3.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a scenario plays: three telephones from `first` on, which say `voices` in turn."""

    pbx: SimulatedPbx
    wait: Callable[[float], Awaitable[object]]
    voices: tuple[Speech | None, ...] = ()
    first: int = 100
    codec: str = "ulaw"
    told: Callable[[str], None] = field(default=lambda _: None)

    def number(self, party: int) -> str:
        """Return the number of a party."""
        return str(self.first + party)

    def voice(self, party: int) -> Speech | None:
        """Return what a party says."""
        return self.voices[party % len(self.voices)] if self.voices else None

    async def connect(self) -> SimulatedCall:
        """Let the first party call the second one, and both talk."""
        call = self.pbx.start_call(
            self.number(0),
            self.number(1),
            codec=self.codec,
            voices=(self.voice(0), self.voice(1)),
        )
        await self.wait(RINGS_S)
        call.answer()
        await self.step("both talk", TALKS_S)
        return call

    async def step(self, what: str, seconds: float) -> None:
        """Say what has happened, and wait."""
        self.told(what)
        await self.wait(seconds)


Scenario = Callable[[Stage], Awaitable[None]]


async def play_hold(stage: Stage) -> None:
    """Put the caller on hold, and take it back."""
    call = await stage.connect()
    call.hold()
    await stage.step("the caller is on hold", TALKS_S)
    call.unhold()
    await stage.step("both talk again", TALKS_S)
    call.hang_up()


async def play_blind(stage: Stage) -> None:
    """Pass the caller on to a third one, unasked."""
    call = await stage.connect()
    call.hold()
    await stage.step("the caller is on hold", SHORT_S)
    after = transfer_blindly(call, stage.number(2), voice=stage.voice(2))
    await stage.step("the caller is passed on, and hears it ring", RINGS_S)
    after.answer()
    await stage.step("the caller and the third one talk", TALKS_S)
    after.hang_up()


async def play_attended(stage: Stage) -> None:
    """Ask a third one, then connect it with the caller."""
    call = await stage.connect()
    call.hold()
    await stage.step("the caller is on hold", SHORT_S)
    asked = stage.pbx.start_call(
        stage.number(1), stage.number(2), codec=stage.codec, voices=(stage.voice(1), stage.voice(2))
    )
    await stage.wait(RINGS_S)
    asked.answer()
    await stage.step("the second one asks the third", TALKS_S)
    after = transfer_attended(call, asked)
    await stage.step("the caller and the third one talk", TALKS_S)
    after.hang_up()


async def play_confbridge(stage: Stage) -> None:
    """Let three meet in a room, one after the other, and leave it so."""
    room = SimulatedRoom(stage.pbx, has_announcer=True)
    members = []
    for party in range(3):
        members.append(room.join(stage.number(party), voice=stage.voice(party)))
        await stage.step(f"{party + 1} in the room", SHORT_S)
    await stage.wait(TALKS_S)
    for left, member in enumerate(reversed(members), start=1):
        room.leave(member)
        await stage.step(f"{len(members) - left} in the room", SHORT_S)


async def play_queue(stage: Stage) -> None:
    """Let a caller wait for the one of two agents who answers first."""
    queue = SimulatedQueue(stage.pbx)
    queue.call(stage.number(0), voice=stage.voice(0))
    await stage.step("the caller waits and hears music", SHORT_S)
    queue.ring(stage.number(1), stage.number(2))
    await stage.step("two agents ring", RINGS_S)
    queue.answer(queue.agents[0], voice=stage.voice(1))
    await stage.step("one agent has answered", TALKS_S)
    queue.hang_up()


async def play_keys(stage: Stage) -> None:
    """Let the caller press keys."""
    call = await stage.connect()
    for key in "123#":
        call.press(key)
        await stage.step(f"the caller has pressed {key}", 1.0)
    await stage.wait(SHORT_S)
    call.hang_up()


async def play_codec(stage: Stage) -> None:
    """Let both change the codec in mid-call."""
    call = await stage.connect()
    for codec in ("g722", "alaw", stage.codec):
        call.change_codec(codec)
        await stage.step(f"the codec is {codec}", SHORT_S)
    call.hang_up()


SCENARIOS: Mapping[str, Scenario] = {
    "hold": play_hold,
    "blind": play_blind,
    "attended": play_attended,
    "confbridge": play_confbridge,
    "queue": play_queue,
    "dtmf": play_keys,
    "codec": play_codec,
}
"""Scenarios by the names that the command line has for them."""
