"""Which languages a model knows, by its files, and what of a user's choice that leaves; nothing here loads a model.

A model is told from its vocabulary, as CTranslate2 does it: one with fewer tokens than Whisper's first multilingual one knows English
only, although it may have a token for every language.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from streamer.core.languages import LANGUAGES, name_languages, parse_languages
from streamer.speech.engine.model_numbers import MOST_JSON
from streamer.speech.engine.models import NAMES, InstalledModel

ENGLISH_ONLY = ("en",)

_LEAST_MULTILINGUAL = 51_865
"""Tokens; English models have one less."""


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """What a leg may be heard in: one of `languages`, any if it is empty; the model does not know those `lacking`."""

    languages: tuple[str, ...]
    lacking: tuple[str, ...] = ()

    @property
    def is_none(self) -> bool:
        """Say whether the model knows no language of those that were asked for."""
        return bool(self.lacking) and not self.languages


def choose_languages(setting: str, model: InstalledModel) -> LanguageChoice:
    """Return what is left of the setting `language` with a model; reads a file of a megabyte.

    Raises:
        UsageError: A language is unknown.
    """
    asked = parse_languages(setting, where="language")
    known = read_languages(model) if asked else ()
    return LanguageChoice(
        tuple(code for code in asked if code in known),
        tuple(code for code in asked if code not in known),
    )


def read_languages(model: InstalledModel) -> tuple[str, ...]:
    """Return the codes of the languages that a model knows, all of Whisper's if its files do not say."""
    if model.name in NAMES and model.name.startswith("distil-"):
        return ENGLISH_ONLY  # its vocabulary is that of a model that knows more
    tokens: list[str] = []
    with suppress(OSError, ValueError, RecursionError):  # loading it says what is wrong
        tokens = _read_vocabulary(model.path)
    if not tokens:
        return tuple(LANGUAGES)
    if len(tokens) < _LEAST_MULTILINGUAL:
        return ENGLISH_ONLY
    special = {token for token in tokens if token.startswith("<|")}
    return tuple(code for code in LANGUAGES if f"<|{code}|>" in special)


def _read_vocabulary(directory: Path) -> list[str]:
    """Return a model's tokens.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no tokens.
    """
    path = directory / "vocabulary.json"
    is_json = path.is_file()
    with (path if is_json else directory / "vocabulary.txt").open("rb") as file:
        text = file.read(MOST_JSON).decode("utf-8")
    if not is_json:
        return text.removesuffix("\n").split("\n")
    tokens = json.loads(text)
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise ValueError(f"{path} holds no list of tokens")
    return tokens


def explain_lack(choice: LanguageChoice, model: InstalledModel) -> str:
    """Return what a model lacks of a choice, as the beginning of a sentence."""
    lacking = name_languages(choice.lacking)
    if read_languages(model) == ENGLISH_ONLY:
        return f"the model {model.name} knows only English, not {lacking}"
    return f"the model {model.name} does not know {lacking}"
