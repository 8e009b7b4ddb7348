"""Languages by code and by name, as people and machines write them: `es`, `Spanish`, `español`, `es-MX`, `es_MX.UTF-8`.

The codes and English names are those of Whisper's tokenizer, which knows no others; the names that a language has for itself are those
that people look for most.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping

from streamer.core.untrusted import printable
from streamer.errors import UsageError

ANY = "auto"
"""Stands for every language that the model knows."""

LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "zh": "Chinese",
    "de": "German",
    "es": "Spanish",
    "ru": "Russian",
    "ko": "Korean",
    "fr": "French",
    "ja": "Japanese",
    "pt": "Portuguese",
    "tr": "Turkish",
    "pl": "Polish",
    "ca": "Catalan",
    "nl": "Dutch",
    "ar": "Arabic",
    "sv": "Swedish",
    "it": "Italian",
    "id": "Indonesian",
    "hi": "Hindi",
    "fi": "Finnish",
    "vi": "Vietnamese",
    "he": "Hebrew",
    "uk": "Ukrainian",
    "el": "Greek",
    "ms": "Malay",
    "cs": "Czech",
    "ro": "Romanian",
    "da": "Danish",
    "hu": "Hungarian",
    "ta": "Tamil",
    "no": "Norwegian",
    "th": "Thai",
    "ur": "Urdu",
    "hr": "Croatian",
    "bg": "Bulgarian",
    "lt": "Lithuanian",
    "la": "Latin",
    "mi": "Maori",
    "ml": "Malayalam",
    "cy": "Welsh",
    "sk": "Slovak",
    "te": "Telugu",
    "fa": "Persian",
    "lv": "Latvian",
    "bn": "Bengali",
    "sr": "Serbian",
    "az": "Azerbaijani",
    "sl": "Slovenian",
    "kn": "Kannada",
    "et": "Estonian",
    "mk": "Macedonian",
    "br": "Breton",
    "eu": "Basque",
    "is": "Icelandic",
    "hy": "Armenian",
    "ne": "Nepali",
    "mn": "Mongolian",
    "bs": "Bosnian",
    "kk": "Kazakh",
    "sq": "Albanian",
    "sw": "Swahili",
    "gl": "Galician",
    "mr": "Marathi",
    "pa": "Punjabi",
    "si": "Sinhala",
    "km": "Khmer",
    "sn": "Shona",
    "yo": "Yoruba",
    "so": "Somali",
    "af": "Afrikaans",
    "oc": "Occitan",
    "ka": "Georgian",
    "be": "Belarusian",
    "tg": "Tajik",
    "sd": "Sindhi",
    "gu": "Gujarati",
    "am": "Amharic",
    "yi": "Yiddish",
    "lo": "Lao",
    "uz": "Uzbek",
    "fo": "Faroese",
    "ht": "Haitian Creole",
    "ps": "Pashto",
    "tk": "Turkmen",
    "nn": "Nynorsk",
    "mt": "Maltese",
    "sa": "Sanskrit",
    "lb": "Luxembourgish",
    "my": "Myanmar",
    "bo": "Tibetan",
    "tl": "Tagalog",
    "mg": "Malagasy",
    "as": "Assamese",
    "tt": "Tatar",
    "haw": "Hawaiian",
    "ln": "Lingala",
    "ha": "Hausa",
    "ba": "Bashkir",
    "jw": "Javanese",
    "su": "Sundanese",
    "yue": "Cantonese",
}
"""English names by code."""

_OTHER_NAMES: Mapping[str, str] = {
    "ar": "العربية",
    "bg": "български",
    "bn": "বাংলা",
    "ca": "català valencian",
    "cs": "čeština",
    "cy": "cymraeg",
    "da": "dansk",
    "de": "deutsch",
    "el": "ελληνικά",
    "es": "español castilian castellano",
    "et": "eesti",
    "eu": "euskara",
    "fa": "فارسی farsi",
    "fi": "suomi",
    "fr": "français",
    "gl": "galego",
    "he": "עברית iw",
    "hi": "हिन्दी",
    "hr": "hrvatski",
    "ht": "haitian",
    "hu": "magyar",
    "id": "in",
    "is": "íslenska",
    "it": "italiano",
    "ja": "日本語",
    "jw": "jv",
    "ko": "한국어",
    "lb": "letzeburgesch lëtzebuergesch",
    "lt": "lietuvių",
    "lv": "latviešu",
    "my": "burmese",
    "nl": "nederlands flemish",
    "no": "norsk nb bokmål",
    "pa": "panjabi",
    "pl": "polski",
    "ps": "pushto",
    "pt": "português",
    "ro": "română moldavian moldovan",
    "ru": "русский",
    "si": "sinhalese",
    "sk": "slovenčina",
    "sl": "slovenščina",
    "sq": "shqip",
    "sr": "српски srpski",
    "sv": "svenska",
    "ta": "தமிழ்",
    "th": "ไทย",
    "tl": "filipino fil",
    "tr": "türkçe",
    "uk": "українська",
    "ur": "اردو",
    "yi": "ji",
    "yue": "粤语 zh-yue",
    "zh": "中文 mandarin cmn",
}
"""Further names and codes, between blanks."""

_TAG = re.compile(r"([^-_.@(]+?)(?:[-_][a-z0-9]{1,8})*(?:[.@].*|\s*\(.*\))?")
"""A language, its script and region, and what POSIX or a person puts behind them."""

_NEAREST = 3


def _fold(text: str) -> str:
    """Return a text without case and accents."""
    plain = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


_CODES: Mapping[str, str] = {
    **{code: code for code in LANGUAGES},
    **{_fold(name): code for code, name in LANGUAGES.items()},
    **{_fold(name): code for code, names in _OTHER_NAMES.items() for name in names.split()},
}
"""Codes by everything that a language may be called, folded."""


def parse_languages(text: str, *, where: str) -> tuple[str, ...]:
    """Return the codes of the languages that a setting names, separated by commas; none for `auto`.

    `where` is the setting, for the message.

    Raises:
        UsageError: One is unknown; the message names the nearest.
    """
    parts = [part.strip() for part in text.split(",")]
    if [_fold(part) for part in parts] == [ANY]:
        return ()
    if any(_fold(part) in ("", ANY) for part in parts):
        raise UsageError(
            f"{where} must be a language, several with commas between them, or auto alone"
        )
    return tuple(dict.fromkeys(_parse_one(part, where) for part in parts))


def _parse_one(text: str, where: str) -> str:
    name = _fold(text)
    tag = _TAG.fullmatch(name)
    code = _CODES.get(name.replace("_", "-")) or (_CODES.get(tag[1].strip()) if tag else None)
    if code is None:
        raise UsageError(
            f"{where} names the unknown language {printable(text)}; the nearest known ones are {_list_nearest(name)}"
        )
    return code


def _list_nearest(name: str) -> str:
    close = difflib.get_close_matches(name, _CODES, n=4 * _NEAREST, cutoff=0.0)
    codes = list(dict.fromkeys(_CODES[found] for found in close))[:_NEAREST]
    return ", ".join(f"{LANGUAGES[code]} ({code})" for code in codes)


def name_languages(codes: tuple[str, ...]) -> str:
    """Return the English names of languages, as a list in a sentence."""
    *first, last = [LANGUAGES.get(code, code) for code in codes]
    return f"{', '.join(first)} and {last}" if first else last
