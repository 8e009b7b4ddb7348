"""A secret as a setting has it: itself, @FILE whose first line it is, or $NAME of a variable of the environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from streamer.core.reasons import find_cause
from streamer.errors import UsageError


def find_secret(
    text: str,
    *,
    where: str,
    environment: Mapping[str, str],
    read: Callable[[Path], str] = Path.read_text,
) -> str:
    """Return the secret that a setting means; `where` it stands begins each message.

    Raises:
        UsageError: The file cannot be read, or the secret is empty.
    """
    secret = text
    if text.startswith("@"):
        path = Path(text[1:]).expanduser()
        try:
            secret = (read(path).splitlines() or [""])[0].strip()
        except (OSError, UnicodeError) as error:
            why = find_cause(error) if isinstance(error, OSError) else "it is no text"
            raise UsageError(
                f"{where}: the file {path} cannot be read ({why}); name one whose first line is the secret"
            ) from error
    elif text.startswith("$"):
        secret = environment.get(text[1:], "")
    if not secret:
        raise UsageError(f"{where} has an empty secret; set it to at least one character")
    return secret
