"""Who may come in by what a request shows, before any audio; no sockets.

    bearer:TOKEN            Authorization: Bearer TOKEN
    basic:USER:PASSWORD     Authorization: Basic, as Asterisk's websocket_client.conf sends username and password
    Header: VALUE           a header of that name, in the setting yeastar_auth
    path:SECRET             the first part of the path: ws://host/SECRET/media
    twilio:TOKEN            X-Twilio-Signature, made with the token of the account; see `signature`

In the place of a secret, `@FILE` is the first line of a file and `$NAME` a variable of the environment. Secrets are compared in constant time.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from urllib.parse import unquote

from streamer.core.secrets import find_secret
from streamer.errors import UsageError
from streamer.sources.websocket import signature
from streamer.sources.websocket.signature import list_signatures
from streamer.wire.websocket.base import Upgrade

AUTHORIZATION = "authorization"
TWILIO = "twilio"


class Verdict(Enum):
    """What a request has shown, where something may be asked for."""

    OPEN = auto()
    """Nothing is asked for."""
    RIGHT = auto()
    MISSING = auto()
    WRONG = auto()


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request may show: `path`, or a scheme of the header `Authorization` in lower case, or `header`; and the secret."""

    kind: str
    secret: str
    header: str = AUTHORIZATION
    """In lower case."""


class Access:
    """What one listener asks for; any of its credentials is enough."""

    def __init__(self, credentials: Sequence[Credential] = (), *, public_url: str = "") -> None:
        self._paths = [one.secret for one in credentials if one.kind == "path"]
        self._headers = [one for one in credentials if one.kind not in ("path", TWILIO)]
        self._signers = [one for one in credentials if one.kind == TWILIO]
        self._public_url = public_url

    @property
    def has_paths(self) -> bool:
        """Whether any path may be a guess of a secret."""
        return bool(self._paths)

    def judge(self, upgrade: Upgrade) -> tuple[Verdict, Upgrade]:
        """Judge a request; returns it without the secret in its path too, as the shapes know it."""
        if not self._paths and not self._headers and not self._signers:
            return Verdict.OPEN, upgrade
        first, _, rest = upgrade.path.removeprefix("/").partition("/")
        if _is_one_of([unquote(first)], self._paths):
            return Verdict.RIGHT, replace(upgrade, path=f"/{rest}")
        shown = [value for one in self._headers if (value := _find_shown(upgrade, one)) is not None]
        if _is_one_of(shown, [one.secret for one in self._headers]):
            return Verdict.RIGHT, upgrade
        if self._is_signed(upgrade):
            return Verdict.RIGHT, upgrade
        asked_for = (*self._headers, *self._signers)
        is_shown = any(one.header in upgrade.headers for one in asked_for)
        return (Verdict.WRONG if is_shown else Verdict.MISSING), upgrade

    def _is_signed(self, upgrade: Upgrade) -> bool:
        shown = upgrade.headers.get(signature.HEADER)
        if shown is None:
            return False
        right = [
            made
            for one in self._signers
            for made in list_signatures(upgrade, one.secret, public_url=self._public_url)
        ]
        return _is_one_of([shown.strip()], right)


def parse_auth(
    text: str,
    *,
    where: str,
    environment: Mapping[str, str] = os.environ,
    read: Callable[[Path], str] = Path.read_text,
) -> Credential:
    """Read what a listener asks for.

    Raises:
        UsageError: It cannot be meant, or its secret cannot be had; the message never repeats a secret.
    """
    kind, _, rest = text.partition(":")
    user = ""
    if kind == "basic":
        user, colon, rest = rest.partition(":")
        if not user or not colon:
            raise UsageError(f"{where} must look like basic:USER:PASSWORD")
    elif kind not in ("bearer", "path", TWILIO):
        raise UsageError(f"{where} must begin with bearer:, basic:, path: or twilio:")
    secret = find_secret(rest, where=where, environment=environment, read=read)
    if kind == "path" and "/" in secret:
        raise UsageError(f"{where}: the secret of a path must have no slash")
    if kind == TWILIO:
        return Credential(kind, secret, signature.HEADER)
    return Credential(kind, f"{user}:{secret}" if kind == "basic" else secret)


def read_credentials(
    auth: Sequence[str], yeastar_auth: str = "", *, where: str = ""
) -> list[Credential]:
    """Read all that a listener asks for; `where` it stands begins each message.

    Raises:
        UsageError: As `parse_auth` does.
    """
    credentials = [parse_auth(text, where=f"{where}auth") for text in auth]
    if yeastar_auth:
        credentials.append(parse_header(yeastar_auth, where=f"{where}yeastar_auth"))
    return credentials


def parse_header(text: str, *, where: str) -> Credential:
    """Read a header that a peer may show.

    Raises:
        UsageError: It has no name, or its secret cannot be had.
    """
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise UsageError(f"{where} must look like Header: value")
    secret = find_secret(value.strip(), where=where, environment=os.environ, read=Path.read_text)
    return Credential("header", secret, name.strip().lower())


def _find_shown(upgrade: Upgrade, credential: Credential) -> str | None:
    """Return what a request shows of the kind of a credential."""
    if credential.kind == "header":
        return upgrade.headers.get(credential.header)
    scheme, _, value = upgrade.headers.get(AUTHORIZATION, "").strip().partition(" ")
    if scheme.lower() != credential.kind:
        return None
    value = value.strip()
    return _decode_basic(value) if credential.kind == "basic" else value


def _decode_basic(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "backslashreplace")
    except (binascii.Error, ValueError):
        return ""


def _is_one_of(shown: Sequence[str], secrets: Sequence[str]) -> bool:
    """Compare all with all, so that the time says nothing of which is right."""
    return sum(_is_same(one, other) for one in shown for other in secrets) > 0


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(_bytes(one), _bytes(other))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
