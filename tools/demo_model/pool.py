"""The utterances that training draws from, in fixed shares per engine."""

from pathlib import Path

from tools.demo_model.channel import Generator
from tools.demo_model.shards import read_shard
from tools.demo_model.speech import Utterance
from tools.demo_model.voices import is_held_out

SHARES = {"espeak": 0.48, "flite": 0.36, "festival": 0.16}
"""Of the utterances drawn, whatever the number in the shards."""


class Pool:
    """The utterances of a folder of shards, by engine and by voice; every parts-th shard of it."""

    def __init__(self, folder: Path, *, part: int = 0, parts: int = 1) -> None:
        self._by_engine: dict[str, list[Utterance]] = {engine: [] for engine in SHARES}
        self._by_voice: dict[str, list[Utterance]] = {}
        for engine in SHARES:
            for path in sorted(folder.glob(f"{engine}_*.npz"))[part::parts]:
                self._add(path)
        if not all(self._by_engine.values()):
            raise ValueError(f"{folder} lacks shards of an engine, run the synth step first")

    def _add(self, path: Path) -> None:
        for utterance in read_shard(path):
            if is_held_out(utterance.voice):
                raise ValueError(f"{path} holds {utterance.voice}, which may not be trained on")
            self._by_engine[utterance.voice.split(":")[0]].append(utterance)
            self._by_voice.setdefault(utterance.voice, []).append(utterance)

    def draw(self, rng: Generator) -> Utterance:
        """Draw an utterance of any voice."""
        engine = str(rng.choice(list(SHARES), p=list(SHARES.values())))
        return _pick(rng, self._by_engine[engine])

    def draw_from(self, rng: Generator, voice: str) -> Utterance:
        """Draw an utterance of one voice."""
        return _pick(rng, self._by_voice[voice])


def _pick(rng: Generator, utterances: list[Utterance]) -> Utterance:
    return utterances[int(rng.integers(len(utterances)))]
