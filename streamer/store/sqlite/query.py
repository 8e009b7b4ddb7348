"""What a user types into a search, as a query of FTS5 (pure).

    alternatives := all ("OR" all)*
    all          := item (["AND"] ["NOT"] item)*
    item         := word["*"] | "a phrase"["*"] | "(" alternatives ")"

Only these are syntax: quotes, a `*` at the end, parentheses, and AND, OR, NOT in capitals. Everything else is a word and is quoted,
so that `don't`, `555-1234` and `PJSIP/100` are found as they are written, and in a script without blanks each part of a text is. A word
without a letter or digit, as `--`, cannot be heard and is left out. Words that are a number together, as `five five` or `55 12`, are also
looked for as its figures; those that are one in some language, in utterances of that language alone.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from streamer.core.numbers import NUMBER_LANGUAGES, find_numbers, write_figures
from streamer.core.scripts import indexed_text, may_go_on
from streamer.core.untrusted import one_line, printable
from streamer.errors import UsageError
from streamer.store.sqlite.indexing import SHORTEST_PART, mark_language, part_figures

MOST_WORDS = 100
"""FTS5 refuses an expression that is 256 deep."""

MOST_NESTED = 8
"""FTS5's parser has 100 places; a pair of our parentheses may become three of its own, each of which takes three."""

_NOTHING_TO_TAKE_FROM = "NOT needs a word before it, as in: refund NOT card"

_TOKEN = re.compile(
    r'"(?P<phrase>[^"]*)"(?P<star>\*?)|(?P<sign>[()])|(?P<word>[^\s"()]+)|(?P<quote>")'
)


class _Sign(Enum):
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    OPEN = "("
    CLOSE = ")"


_SIGNS = {sign.value: sign for sign in _Sign}


@dataclass(frozen=True, slots=True)
class _Phrase:
    text: str
    is_prefix: bool
    is_word: bool = False


@dataclass(frozen=True, slots=True)
class _Number:
    """Words in a row that are a number together."""

    words: tuple[_Phrase, ...]


_Token = _Phrase | _Number | _Sign


def parse_query(text: str) -> str:
    """Return the FTS5 expression for what a user typed.

    Raises:
        UsageError: A quote or parenthesis is not closed, an operator lacks a word, or there is nothing to search for.
    """
    tokens = list(_scan(one_line(text)))
    if sum(isinstance(token, _Phrase) for token in tokens) > MOST_WORDS:
        raise UsageError(f"a search takes at most {MOST_WORDS} words; search for fewer")
    expression = _Parser(list(_join_numbers(tokens))).parse()
    if not expression:
        raise UsageError(
            f"there is not a letter or a digit in {_quoted(text)}; type a word to search for"
            if tokens
            else "the search is empty; type a word"
        )
    return expression


def _scan(text: str) -> Iterator[_Phrase | _Sign]:
    for match in _TOKEN.finditer(text):
        if match["quote"]:
            raise UsageError(f"a closing quotation mark is missing in {_quoted(text)}")
        if match["phrase"] is not None:
            yield _Phrase(match["phrase"], bool(match["star"]))
        elif sign := _SIGNS.get(match[0]):
            yield sign
        else:
            is_prefix = match["word"].endswith("*")
            yield _Phrase(match["word"].removesuffix("*"), is_prefix, is_word=not is_prefix)


def _join_numbers(tokens: Sequence[_Phrase | _Sign]) -> Iterator[_Token]:
    """Yield the tokens, with words that are a number together as one."""
    row: list[_Phrase] = []
    is_excluded = False
    for token in tokens:
        if isinstance(token, _Phrase) and token.is_word and not is_excluded:
            row.append(token)
            continue
        yield from _split_row(row)
        row = []
        yield token
        is_excluded = token is _Sign.NOT
    yield from _split_row(row)


def _split_row(row: Sequence[_Phrase]) -> Iterator[_Token]:
    """Yield words that follow each other, of which the longest number that begins at a word is one token."""
    text = " ".join(word.text for word in row)
    places = list(itertools.accumulate((len(word.text) + 1 for word in row), initial=0))
    ends: dict[int, int] = {}
    for number in (n for each in ("", *NUMBER_LANGUAGES) for n in find_numbers(text, each)):
        if number.start in places and number.end + 1 in places:
            first, end = places.index(number.start), places.index(number.end + 1)
            ends[first] = max(end, ends.get(first, 0))
    at = 0
    while at < len(row):
        end = ends.get(at, at + 1)
        yield _Number(tuple(row[at:end])) if end > at + 1 else row[at]
        at = end


class _Parser:
    """Recursive descent; an expression is empty where nothing in it can be heard."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def parse(self) -> str:
        expression = self._alternatives() if self._tokens else ""
        if self._next is not None:
            raise UsageError('the search has a ")" without a "(" before it; remove it')
        return expression

    @property
    def _next(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, sign: _Sign) -> bool:
        is_next = self._next is sign
        self._at += is_next
        return is_next

    def _alternatives(self) -> str:
        parts = [self._all()]
        while self._take(_Sign.OR):
            parts.append(self._all())
        return _join(" OR ", parts)

    def _all(self) -> str:
        wanted = [self._item("at the beginning" if self._at == 0 else "")]
        excluded: list[str] = []
        while self._next not in (None, _Sign.OR, _Sign.CLOSE):
            self._take(_Sign.AND)
            is_excluded = self._take(_Sign.NOT)
            (excluded if is_excluded else wanted).append(self._item())
        left, right = _join(" AND ", wanted), _join(" OR ", excluded)
        if right and not left:
            raise UsageError(_NOTHING_TO_TAKE_FROM)
        return f"({left} NOT {right})" if right else left

    def _item(self, place: str = "") -> str:
        token = self._next
        self._at += 1
        match token:
            case _Phrase(text, is_prefix):
                return _encode(text, is_prefix)
            case _Number(words):
                apart = _join(" AND ", [_encode(word.text, is_prefix=False) for word in words])
                together = _spell_figures(" ".join(word.text for word in words), is_number=True)
                return _join(" OR ", [apart, *together])
            case _Sign.OPEN:
                return self._group()
            case _Sign.NOT:
                raise UsageError(_NOTHING_TO_TAKE_FROM)
            case _Sign.AND | _Sign.OR:
                where = place or "beside another operator or a parenthesis"
                raise UsageError(
                    f"{token.value} stands {where}: it needs a word on each side; quote it to search for the word itself"
                )
            case _Sign.CLOSE:
                raise UsageError('Incomplete search: a word is missing before ")"')
            case None:
                pass
        raise UsageError(f"Incomplete search: a word is missing{self._say_after()}")

    def _say_after(self) -> str:
        """Name the last sign, and how to search for one that is a word."""
        last = self._tokens[-1]
        if not isinstance(last, _Sign):
            return " at its end"
        quotes = "" if last in (_Sign.OPEN, _Sign.CLOSE) else "; to find the word itself, quote it"
        return f' after "{last.value}"{quotes}'

    def _group(self) -> str:
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise UsageError(f"parentheses are nested more than {MOST_NESTED} deep; use fewer")
        expression = self._alternatives()
        if not self._take(_Sign.CLOSE):
            raise UsageError('the search has a "(" without a ")"; add it')
        self._depth -= 1
        return expression


def _join(operator: str, parts: Sequence[str]) -> str:
    heard = [part for part in parts if part]
    return f"({operator.join(heard)})" if len(heard) > 1 else "".join(heard)


def _encode(text: str, is_prefix: bool) -> str:
    if not any(_is_heard(character) for character in text):
        return ""
    as_written = _quote(text) + "*" * (is_prefix or may_go_on(text))
    return as_written if is_prefix else _join(" OR ", [as_written, *_spell_figures(text)])


def _quote(text: str) -> str:
    return f'"{indexed_text(text) or text}"'


def _spell_figures(text: str, *, is_number: bool = False) -> Iterator[str]:
    """Yield how else the index may have a text in which there are numbers, or one that is nothing but a number."""
    joined = write_figures(text)
    if joined != text and (joined.isdecimal() or not is_number):
        yield _quote(joined)
    if joined.isdecimal() and len(joined) >= SHORTEST_PART:
        yield _quote(part_figures(joined))
    for language in NUMBER_LANGUAGES:
        figures = write_figures(text, language)
        if figures not in (text, joined) and (figures.isdecimal() or not is_number):
            yield f'({_quote(figures)} AND "{mark_language(language)}")'
            if figures.isdecimal() and len(figures) >= SHORTEST_PART:
                yield f'({_quote(part_figures(figures))} AND "{mark_language(language)}")'


def _is_heard(character: str) -> bool:
    """Say whether the tokenizer `unicode61` sees a part of a word in it."""
    return unicodedata.category(character)[0] in "LN"


def _quoted(text: str) -> str:
    return f"'{printable(one_line(text), limit=60)}'"
