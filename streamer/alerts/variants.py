"""What a word has in common with its variants (its stem), and with what is misheard for it (its sound)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import Stemmer

_REMEMBERED = 50_000

_STEMMED = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""Names that the stemmer has for languages; of others, a word has no variants."""

_SOUNDED = frozenset({"en"})
"""Languages whose spelling the phonetic code knows."""


@lru_cache(_REMEMBERED)
def find_stem(word: str, language: str) -> str:
    """Return what a folded word shares with its variants; digits and words of other languages stand for themselves."""
    stemmer = _open_stemmer(language)
    return word if stemmer is None or word.isdecimal() else stemmer.stemWord(word)


@lru_cache(_REMEMBERED)
def find_sound(word: str, language: str) -> str:
    """Return how a word, or several written as one, sounds in English; empty in other languages."""
    if language not in _SOUNDED or not word.isascii():
        return ""
    from jellyfish import metaphone

    return metaphone(word)


@lru_cache(None)
def _open_stemmer(language: str) -> Stemmer.Stemmer | None:
    if language not in _STEMMED:
        return None
    import Stemmer

    known = Stemmer.algorithms()
    return Stemmer.Stemmer(_STEMMED[language]) if _STEMMED[language] in known else None
