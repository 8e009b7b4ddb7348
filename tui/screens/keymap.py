"""Which keys the user has chosen: `[keys]` of the config file, judged by what each screen has on its keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from textual.binding import Binding, BindingType
from textual.keys import Keys, key_to_character
from textual.widget import Widget

from streamer.core.untrusted import printable
from tui.screens.dialogs import Choose, Confirm
from tui.widgets.call_table import CallTable
from tui.widgets.transcript import Transcript

Keymap = Mapping[str, str]
"""Of each action that has other keys than its own: those, separated by commas."""

Fault = tuple[str, str]
"""An action as it is written, and what is wrong with it."""

_FIXED = frozenset({"interrupt"})
"""Actions that keep their keys, so that everybody can leave."""

_MODIFIERS = ("ctrl", "alt", "shift")
_ALIASES = {
    "esc": "escape", "return": "enter", "del": "delete", "ins": "insert", "pgup": "pageup", "pgdn": "pagedown",
    "page_up": "pageup", "page_down": "pagedown", "ctrl+i": "tab", "ctrl+m": "enter",
}  # fmt: skip
_NAMES = frozenset(key.value for key in Keys if re.fullmatch(r"[a-z]+[0-9]*", key.value))


@dataclass(frozen=True, slots=True)
class Place:
    """Where keys work: a screen, what it is called, what the help shows of it, and whatever else is on its keys."""

    screen: type | None
    title: str
    bindings: Sequence[BindingType]
    others: Sequence[BindingType] = ()


def list_places(everywhere: Sequence[BindingType]) -> list[Place]:
    """Return all places that the help shows; `everywhere` are the keys of the application."""
    from tui.screens.call import CallScreen
    from tui.screens.calls import CallsScreen
    from tui.screens.search import HitList, SearchScreen

    return [
        Place(None, "On every screen", everywhere),
        Place(CallScreen, "In a call", [*CallScreen.BINDINGS, *Transcript.BINDINGS]),
        Place(CallsScreen, "In the call list", CallsScreen.BINDINGS, [*_inherited(CallTable)]),
        Place(SearchScreen, "In the search", SearchScreen.BINDINGS, [*_inherited(HitList)]),
    ]


def read_keymap(table: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return what Textual takes; what is no key is left out."""
    read = {action: [*filter(None, map(read_key, keys))] for action, keys in table.items()}
    return {action: ",".join(keys) for action, keys in read.items() if keys}


def read_key(text: str) -> str:
    """Return Textual's name of a key as people write it, or nothing if there is none."""
    if len(text.strip() or text) == 1:
        text = text.strip() or text
        named = {",": "comma", " ": "space"}.get(text)
        return named or next(iter(Binding.make_bindings([Binding(text, "")]))).key
    *modifiers, last = re.split(r"[+-](?!$)", text.strip().lower())
    last = read_key(last) if len(last) == 1 and modifiers else _ALIASES.get(last, last)
    key = "+".join([*modifiers, last])
    is_letter = len(last) == 1
    is_key = is_letter or last in _NAMES or _is_character(last)
    is_modified = set(modifiers) <= {*_MODIFIERS} and not (is_letter and modifiers == ["shift"])
    return _ALIASES.get(key, key) if is_key and is_modified else ""


def _is_character(name: str) -> bool:
    """Say whether a character is called so, as question_mark."""
    character = key_to_character(name)
    return character is not None and character.isprintable()


def remap(bindings: Sequence[BindingType], keymap: Keymap) -> Iterator[Binding]:
    """Yield bindings with the keys that the user has chosen."""
    for binding in bindings:
        if isinstance(binding, Binding):
            keys = keymap.get(binding.id or "")
            yield replace(binding, key=keys, key_display=None) if keys else binding


def judge(table: Mapping[str, Sequence[str]], everywhere: Sequence[BindingType]) -> list[Fault]:
    """Return what is wrong: actions and keys that there are not, and keys that are to do two things in one place."""
    places = list_places(everywhere)
    shown = [binding for place in places for binding in place.bindings]
    actions = {b.id for b in shown if isinstance(b, Binding) and b.id} - _FIXED
    faults = [*_find_unknown(table, actions)]
    keymap = read_keymap({action: keys for action, keys in table.items() if action in actions})
    for place in [*places[1:], *_list_dialogs()]:
        faults += _find_clashes(place, [] if place.title in _MODAL else everywhere, keymap)
    return [*dict(reversed(faults)).items()][::-1]


def _find_unknown(table: Mapping[str, Sequence[str]], actions: set[str]) -> Iterator[Fault]:
    for action, keys in table.items():
        shown = printable(action, limit=40)
        if action in _FIXED:
            yield action, f"{shown} keeps its keys, so that everybody can leave"
        elif action not in actions:
            (nearest,) = get_close_matches(action, sorted(actions), n=1, cutoff=0.0)
            yield action, f"there is no action {shown}; the nearest is {nearest}"
        for key in keys:
            if not read_key(key):
                yield (
                    action,
                    f"{shown}: there is no key {printable(key, limit=40)}; write a character, or a name such as f5, ctrl+x or pageup",
                )


def _find_clashes(
    place: Place, everywhere: Sequence[BindingType], keymap: Keymap
) -> Iterator[Fault]:
    """Yield the actions on a key that something else in a place is on, of two chosen ones the later."""
    on_key: dict[str, dict[str, Binding]] = {}
    for binding in remap([*place.bindings, *place.others, *everywhere], keymap):
        for key in binding.key.split(","):
            name = binding.id or f"({binding.action})"
            on_key.setdefault(read_key(key) or key, {}).setdefault(name, binding)
    chosen = list(keymap)
    for action, keys in keymap.items():
        for key in keys.split(","):
            there = on_key.get(key, {})
            others = [name for name in there if name != action] if action in there else []
            for other in others:
                if other not in chosen or chosen.index(other) < chosen.index(action):
                    yield action, _explain_clash(action, key, other, there[other], place)


def _explain_clash(action: str, key: str, other: str, binding: Binding, place: Place) -> str:
    shown = key_to_character(key) or key
    if binding.id and place.title not in _MODAL:
        return f"{action} and {other} are both on {shown}; give one of them another key"
    what = binding.tooltip or binding.description or binding.action
    return (
        f"{action}: {shown} does something else {place.title.lower()} ({what}); choose another key"
    )


_MODAL = ("In a question", "In a choice")


def _list_dialogs() -> list[Place]:
    """Return what hides the keys of the application, but for those that it binds itself."""
    return [
        Place(Confirm, _MODAL[0], Confirm.BINDINGS),
        Place(Choose, _MODAL[1], Choose.BINDINGS),
    ]


def _inherited(widget: type[Widget]) -> Iterator[BindingType]:
    for each in widget.__mro__:
        yield from vars(each).get("BINDINGS", ())
