"""What a call that we ask for may be made of: every value of input is one quoted parameter, and of a known form.

A technology such as `WebSocket` takes options, of which an unknown one crashes Asterisk, so only those of telephones are dialled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from streamer.errors import UsageError
from streamer.wire.ari.ids import is_own_application, is_own_id

TECHNOLOGIES = ("PJSIP", "SIP", "IAX2", "DAHDI")
"""What telephones and trunks are reached by, as Asterisk spells it."""

LONGEST_RING_S = 600
MOST_VARIABLES = 50

_PJSIP = TECHNOLOGIES[0]
_PART = r"[A-Za-z0-9_.+*#-]{1,80}"
_ENDPOINT = re.compile(rf"PJSIP/{_PART}(@{_PART})?|(SIP|IAX2|DAHDI)/{_PART}(/{_PART})?")
_PLACE = re.compile(_PART)
_CALLER_ID = re.compile(
    r'("[^"<>\\]{0,80}"|[^"<>\\]{0,80}?)\s*<[0-9A-Za-z+*#._-]{1,40}>|[0-9+*#]{1,40}'
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_LONGEST_VALUE = 1_000


def is_endpoint(text: str) -> bool:
    """Say whether a telephone, or a number behind a trunk, can be meant."""
    return _ENDPOINT.fullmatch(text) is not None


def is_place(text: str) -> bool:
    """Say whether a context, an extension or an application of somebody else can be called so."""
    return _PLACE.fullmatch(text) is not None and not is_own_application(text)


def is_caller_id(text: str) -> bool:
    """Say whether it is a number, or `Name <number>`."""
    return text.isprintable() and _CALLER_ID.fullmatch(text) is not None


def is_variable(name: str, value: str) -> bool:
    """Say whether a variable may be set: no function, and nothing that could be more than one argument or line."""
    is_value = value.isprintable() and "," not in value and len(value) <= _LONGEST_VALUE
    return _VARIABLE.fullmatch(name) is not None and is_value


def name_endpoint(text: str, *, technology: str = "", trunk: str = "") -> str:
    """Return the endpoint that is meant: as it is written, or a number that is reached by a technology, and a trunk if there is one.

    Raises:
        UsageError: It cannot be dialled.
    """
    named, slash, rest = text.partition("/")
    wanted = (named if slash else technology or _PJSIP).upper()
    if wanted not in TECHNOLOGIES:
        where = "the endpoint" if slash else "endpoint_technology"
        raise UsageError(f"{where} {named or technology} is none of {', '.join(TECHNOLOGIES)}")
    device = rest if slash else text
    if not slash and trunk and "@" not in text:
        device = f"{text}@{trunk}" if wanted == _PJSIP else f"{trunk}/{text}"
    endpoint = f"{wanted}/{device}"
    if not is_endpoint(endpoint):
        form = "PJSIP/NUMBER@TRUNK" if wanted == _PJSIP else f"{wanted}/TRUNK/NUMBER"
        raise UsageError(
            f"{endpoint} cannot be dialled: write {wanted}/NAME for a telephone, or {form}, of letters, digits and _ . + * # -"
        )
    return endpoint


def find_number(endpoint: str) -> str:
    """Return the number, or the telephone, that an endpoint names."""
    device = endpoint.partition("/")[2]
    return device.partition("@")[0].rpartition("/")[2]


def read_variables(given: Sequence[str]) -> dict[str, str]:
    """Read `NAME=VALUE` arguments.

    Raises:
        UsageError: One is not so, or cannot be set.
    """
    pairs = [text.partition("=") for text in given]
    for text, (_, equals, _) in zip(given, pairs, strict=True):
        if not equals:
            raise UsageError(f"--variable must be NAME=VALUE, not {text}")
    return check_variables({name: value for name, _, value in pairs}, shown="--variable")


def check_variables(variables: Mapping[str, str], *, shown: str = "variable") -> dict[str, str]:
    """Return variables that a call is to have; `shown` is what a message calls one.

    Raises:
        UsageError: One cannot be set, or there are too many.
    """
    for name, value in variables.items():
        if not is_variable(name, value):
            raise UsageError(
                f"{shown} {name} cannot be set: a name has letters, digits and _ (no function), and a value of at most"
                f" {_LONGEST_VALUE} characters no comma, line end or control character"
            )
    if len(variables) > MOST_VARIABLES:
        raise UsageError(
            f"a call is given at most {MOST_VARIABLES} variables, not {len(variables)}"
        )
    return dict(variables)


def _is_timeout(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= LONGEST_RING_S


_KNOWN: Mapping[str, Callable[[str], bool]] = {
    "endpoint": is_endpoint,
    "channelId": is_own_id,
    "app": lambda text: is_place(text) or is_own_application(text),
    "context": is_place,
    "extension": is_place,
    "priority": lambda text: text == "1",
    "callerId": is_caller_id,
    "timeout": _is_timeout,
}
"""Parameters of a call that is asked for, and which values each may have."""


def check_origination(query: Sequence[tuple[str, str]], body: object) -> None:
    """Refuse a call that would not be in our application under an id of ours, or elsewhere without one of ours.

    Raises:
        ValueError: The call would be so, or has a parameter that is not known.
    """
    given = dict(query)
    if len(given) < len(query):
        raise ValueError("a parameter of a call is given twice")
    for name, value in query:
        if name not in _KNOWN or not _KNOWN[name](value):
            raise ValueError(f"{name} of a call is not known, or has an unknown value")
    where = given.keys() & {"app", "extension"}
    is_held = is_own_application(given.get("app", ""))
    if "endpoint" not in given or len(where) != 1 or is_held != ("channelId" in given):
        raise ValueError("a call must go to one place, and has a name of ours if that is ours")
    if body is not None:
        _check_body(body)


def _check_body(body: object) -> None:
    variables = body.get("variables") if isinstance(body, Mapping) and len(body) == 1 else None
    if not isinstance(variables, Mapping) or len(variables) > MOST_VARIABLES + _OF_OURS:
        raise ValueError("a body could hold an id or an option")
    for name, value in variables.items():
        is_text = isinstance(name, str) and isinstance(value, str)
        if not is_text or not is_variable(name, value):
            raise ValueError("a variable of a call cannot be set")


_OF_OURS = 10
"""Variables that we may set beside those of input."""
