"""Token ids of the model, and the tokenizer they come from.

Order of ids: 1024 byte-pair tokens, the specials, then one id per 20 ms of a 30 s window.
faster-whisper takes text for every id below <|endoftext|> and times for every id above
<|notimestamps|>, so neither order nor contiguity may change.
"""

import string
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from random import Random

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tools.demo_model.grammar import draw_sentence, render, vocabulary_words

TOKENIZER_FILE = Path(__file__).with_name("tokenizer.json")
TEXT_TOKENS = 1024
SPECIALS = (
    "<|endoftext|>", "<|startoftranscript|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>",
    "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
)  # fmt: skip
FIRST_TIMESTAMP = TEXT_TOKENS + len(SPECIALS)
TIMESTAMP_STEP_S = 0.02
TIMESTAMPS = 1501
"""0.00 to 30.00 s."""
LATEST_FIRST_TIMESTAMP_S = 1.0
"""faster-whisper lets no window begin later (max_initial_timestamp)."""
LONGEST_PROMPT = 223
"""Previous-text tokens that faster-whisper keeps: half of the 448 positions, less one."""
CORPUS_SEED = 5


class Tokens:
    """Turns words and times into ids."""

    def __init__(self, path: Path = TOKENIZER_FILE) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        self._words: dict[str, list[int]] = {}
        self.end = self.id_of("<|endoftext|>")
        self.start = self.id_of("<|startoftranscript|>")
        self.previous = self.id_of("<|startofprev|>")
        self.no_speech = self.id_of("<|nospeech|>")
        self.no_timestamps = self.id_of("<|notimestamps|>")

    def id_of(self, token: str) -> int:
        """Look up one token; KeyError if there is none."""
        index = self._tokenizer.token_to_id(token)
        if index is None:
            raise KeyError(token)
        return index

    def encode(self, text: str) -> list[int]:
        """Encode a text as it stands."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def encode_word(self, word: str) -> list[int]:
        """Encode a written word with the space before it."""
        if word not in self._words:
            self._words[word] = self.encode(f" {word}")
        return self._words[word]

    def timestamp(self, seconds: float) -> int:
        """Round a time within the window to its token."""
        tick = round(seconds / TIMESTAMP_STEP_S)
        return FIRST_TIMESTAMP + min(TIMESTAMPS - 1, max(0, tick))

    @cached_property
    def vocabulary(self) -> list[str]:
        """Every token in the order of ids."""
        ids = self._tokenizer.get_vocab()
        named = sorted(ids, key=lambda token: ids[token])
        return named + [f"<|{tick * TIMESTAMP_STEP_S:.2f}|>" for tick in range(TIMESTAMPS)]


def build_tokenizer(path: Path) -> None:
    """Train the byte-pair tokenizer on the grammar.

    faster-whisper suppresses the first token of " -", " '" and " ♪", and a bare space at the
    start; the corpus forces merges for those and for space + letter, so that no word of the domain
    is ever written with a bare space token.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=TEXT_TOKENS,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[],
    )
    tokenizer.train_from_iterator(_corpus(), trainer)
    tokenizer.add_special_tokens(list(SPECIALS))
    tokenizer.save(str(path))
    check_tokenizer(Tokens(path), vocabulary_words())


def _corpus() -> Iterator[str]:
    rng = Random(CORPUS_SEED)
    for _ in range(120_000):
        yield f" {' '.join(string.ascii_letters)}"
    for _ in range(30_000):
        yield f" {render(draw_sentence(rng))}"
    for word in vocabulary_words():
        yield from [f" {word}"] * 300
    for _ in range(2_500):
        yield " - '  ♩ ♪ ♫ ♬ ♭ ♮ ♯"


def check_tokenizer(tokens: Tokens, spoken: Sequence[str]) -> None:
    """Check what faster-whisper silently relies on.

    Raises:
        ValueError: a word of the domain could not be decoded.
    """
    space = tokens.id_of("Ġ")
    for word in spoken:
        for written in (word, word.capitalize()):
            if space in tokens.encode_word(written):
                raise ValueError(f"{written!r} starts with a bare space token")
