"""What is made of hypotheses: which words are settled, and which are inventions."""

from collections.abc import Callable, Mapping
from functools import partial

from streamer.speech.base import CommitPolicy
from streamer.speech.words.agreement import DOUBTFUL, DOUBTFUL_HOLD, HOLD, STEADY, LocalAgreement

COMMIT_POLICIES: Mapping[str, Callable[[], CommitPolicy]] = {
    "local-agreement": LocalAgreement,
    "steady-agreement": partial(
        LocalAgreement,
        steady=STEADY,
        hold=HOLD,
        doubtful=DOUBTFUL,
        doubtful_hold=DOUBTFUL_HOLD,
        settles_last=False,
    ),
}
"""What opens the policy of an utterance, by the name that a `SpeechPlan` has."""
