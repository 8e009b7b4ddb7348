"""Settings as lines of TOML that anybody may see: what is secret in a value is replaced, and names of files and variables are not."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from streamer.config import SECRETS
from streamer.core.untrusted import printable

MASK = "***"
_CREDENTIALS = frozenset({"auth", "yeastar_auth"})
_TOKENS = frozenset({"secret", "token"})
_USER = re.compile(r"(?<=//).*@", re.DOTALL)
_PARAMETER = re.compile(r"([?&][^=&#]*=)[^&#]+")


def render_setting(name: str, value: Any) -> str:
    """Return a setting as `name = value`; an empty secret stays empty."""
    return f"{name} = {_render(mask(name, value))}"


def mask(name: str, value: Any) -> Any:
    """Return the value of a setting, or of a key of one, without what is secret."""
    if isinstance(value, Mapping):
        return {key: mask(name if name in SECRETS else key, one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [mask(name, one) for one in value]
    if not isinstance(value, str) or not value:
        return value
    if name in SECRETS:
        return MASK
    if name in _CREDENTIALS:
        return _mask_credential(value)
    if name in _TOKENS:
        return value if value.startswith(("@", "$")) else MASK
    return _mask_url(value) if name in ("url", "ari_url") else value


def _mask_credential(text: str) -> str:
    """Mask what stands behind `bearer:`, `basic:USER:`, `path:` or `Header:`, unless it is @FILE or $NAME."""
    kind, colon, secret = text.partition(":")
    if kind == "basic":
        user, second, secret = secret.partition(":")
        kind, colon = f"{kind}:{user}", second
    if not colon:
        return MASK
    return text if secret.strip().startswith(("@", "$")) else f"{kind}:{MASK}"


def _mask_url(text: str) -> str:
    """Mask user, password and the values of parameters, all of which may be secret."""
    return _PARAMETER.sub(rf"\1{MASK}", _USER.sub(f"{MASK}@", text))


def _render(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_quote(key)} = {_render(one)}" for key, one in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_render, value))}]"
    if isinstance(value, str):
        return _quote(value)
    return json.dumps(value)


def _quote(text: str) -> str:
    """Return a string of TOML; what a terminal would obey is escaped in it, and what is no character is a question mark."""
    characters = json.dumps(text.encode(errors="replace").decode(), ensure_ascii=False)
    return "".join(c if printable(c) == c else f"\\U{ord(c):08x}" for c in characters)
