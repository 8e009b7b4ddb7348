"""What a recording lacks is said where it is worth it."""

import pytest

from streamer.core.audio import AudioLoss, say_incomplete


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([], ""),
        ([AudioLoss(0.0, 0.0, 60.0)], ""),
        ([AudioLoss(0.0, 0.6, 60.0)], ""),
        ([AudioLoss(0.0, 0.61, 60.0)], "audio incomplete (1 s)"),
        ([AudioLoss(0.01, 0.5, 60.0)], "audio incomplete (1 s)"),
        ([AudioLoss(12.4, 0.0, 60.0)], "audio incomplete (12 s)"),
        ([AudioLoss(10.0, 5.0, 60.0), AudioLoss(3.0, 0.0, 60.0)], "audio incomplete (15 s)"),
    ],
)
def test_it_is_said_of_the_worst_leg(losses, said):
    assert say_incomplete(losses) == said
