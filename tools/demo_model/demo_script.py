"""The lines of the demo call: who says what, and how long after the line before."""

from dataclasses import dataclass
from typing import Literal

Leg = Literal["caller", "agent"]
LEGS: tuple[Leg, Leg] = ("caller", "agent")
"""In the order of the recording's channels: left, right."""


@dataclass(frozen=True)
class Line:
    """One utterance of the call; a negative pause overlaps the line before."""

    leg: Leg
    text: str
    pause_s: float


LINES = (
    Line(
        "agent",
        "thank you for calling technical support my name is emma how can i help you today?",
        0.6,
    ),
    Line("caller", "hi my internet connection keeps dropping", 0.4),
    Line("agent", "i am really sorry to hear that", 0.3),
    Line("agent", "can i have your account number please?", 0.3),
    Line("caller", "sure it is four seven two nine one six", 0.5),
    Line("agent", "thank you one moment please", 0.4),
    Line("caller", "okay", 0.3),
    Line("agent", "i found your account here", 0.8),
    Line("agent", "is the green light on?", 0.4),
    Line("caller", "no the red light is blinking", 0.3),
    Line("agent", "please unplug the router and wait thirty seconds", 0.4),
    Line("caller", "i see", -1.1),
    Line("caller", "it is not working", 1.2),
    Line("agent", "can a technician come on thursday?", 0.4),
    Line("caller", "no i am at work on thursday", 0.3),
    Line("agent", "does friday at three in the afternoon work for you?", 0.4),
    Line("caller", "yes that is fine", -0.7),
    Line("caller", "how much does it cost?", 0.6),
    Line("agent", "there is a fee of forty five dollars", 0.4),
    Line("caller", "okay thank you very much", 0.3),
    Line("agent", "is there anything else i can help you with?", 0.4),
    Line("caller", "no that is all thank you", 0.3),
    Line("agent", "thank you for calling and have a nice day", 0.3),
    Line("caller", "you too goodbye", -0.6),
)
