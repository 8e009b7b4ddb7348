"""Who may ask what, by what a request shows; no sockets.

Each token has a name, for the user, and scopes. Without any token only this machine can ask, and no web page. Tokens are compared in
constant time, all with all; a wrong one is answered after a pause, and few wrong ones of one address at a time.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from streamer.config import Settings
from streamer.core.secrets import find_secret
from streamer.core.tokens import Scope, read_tokens
from streamer.sources.registration.hosts import is_of_a_page, is_own_host

MOST_GUESSES = 3
"""Wrong tokens of one address that are being answered at the same time; more are sent away at once."""

_WHERE = "the config file"


@dataclass(frozen=True, slots=True)
class Token:
    """Who has it may ask for what its scopes are."""

    name: str
    secret: str = field(repr=False)
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused; `is_guess` if it has shown a wrong token."""

    status: int
    why: str
    is_guess: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows of who asks: its headers, each `Host` and `Authorization`, and the address that it came to."""

    headers: Mapping[str, str]
    hosts: Sequence[str]
    authorizations: Sequence[str]
    local: str


class Access:
    """What is asked of a request."""

    def __init__(self, tokens: Sequence[Token], names: frozenset[str]) -> None:
        """`names` are those of this machine."""
        self._tokens = tokens
        self._names = names
        self._guesses: Counter[str] = Counter()

    def judge(self, shown: Shown, scope: Scope, *, is_open: bool = False) -> Refusal | None:
        """Return why a request for something of a scope is refused, None if it is not; what `is_open` needs no token."""
        hosts = shown.hosts
        if len(hosts) != 1 or not is_own_host(hosts[0], local=shown.local, names=self._names):
            return Refusal(403, "the Host is none of this machine's; name it in register_names")
        if shown.authorizations:
            return self._judge_token(shown.authorizations, scope)
        if is_of_a_page(shown.headers):
            return Refusal(403, "a web page may not ask; a program shows a token")
        if not self._tokens or is_open:
            return None
        return Refusal(401, "the token is missing; send it as Authorization: Bearer TOKEN")

    def _judge_token(self, authorizations: Sequence[str], scope: Scope) -> Refusal | None:
        scheme, _, value = authorizations[0].strip().partition(" ")
        if len(authorizations) > 1 or scheme.lower() != "bearer":
            return Refusal(401, "send one token, as Authorization: Bearer TOKEN")
        if not self._tokens:
            return Refusal(401, "no token is known here; the config file has no [[token]]")
        found = [one for one in self._tokens if _is_same(one.secret, value.strip())]
        if not found:
            return Refusal(401, "the token is wrong", is_guess=True)
        if not any(scope in one.scopes for one in found):
            return Refusal(403, f"this token is not for that; it needs the scope {scope.value}")
        return None

    @contextmanager
    def guessing(self, address: str) -> Iterator[bool]:
        """Count a wrong token of an address while it is answered; yield whether it may take its time."""
        self._guesses[address] += 1
        try:
            yield self._guesses[address] <= MOST_GUESSES
        finally:
            self._guesses[address] -= 1
            if not self._guesses[address]:
                del self._guesses[address]


def open_tokens(settings: Settings, environment: Mapping[str, str]) -> tuple[Token, ...]:
    """Return the tokens of the config file with their secrets.

    Raises:
        UsageError: One cannot be meant, or its secret cannot be had; no message repeats a secret.
    """
    return tuple(
        Token(
            table.name,
            find_secret(
                table.token, where=f"{_WHERE}: token {table.name}", environment=environment
            ),
            table.scopes,
        )
        for table in read_tokens(settings.token, where=_WHERE)
    )


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(_bytes(one), _bytes(other))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
