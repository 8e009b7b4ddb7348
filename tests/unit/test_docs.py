"""The manual is checked: the reference has every command, flag, setting, event and exit code, and every link leads somewhere."""

import dataclasses
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
import typer

from streamer.cli import app
from streamer.config import Settings
from streamer.core.encoding import encode_event
from streamer.core.events import Event
from streamer.errors import ExitCode
from streamer.recording.leg_recording import LegRecord
from tests.unit.markdown import (
    find_code,
    find_flags,
    list_anchors,
    list_links,
    list_rows,
    split_sections,
)

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
INDEX = ROOT / "docs" / "README.md"
PAGES = [README, ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]
REFERENCE = split_sections((ROOT / "docs" / "reference.md").read_text())
README_WORDS = 900


def _list_commands(group: Any, name: str) -> dict[str, Any]:
    found = {name: group}
    for word, command in getattr(group, "commands", {}).items():
        found |= _list_commands(command, f"{name} {word}")
    return found


STREAMER = typer.main.get_command(app)
COMMANDS = {n: c for n, c in _list_commands(STREAMER, "streamer").items() if c is not STREAMER}
EVENTS = {re.sub(r"(?<!^)(?=[A-Z])", "_", c.__name__).lower(): c for c in get_args(Event)}
EVENT_ROWS = {row[0].strip("`"): row for row in list_rows(REFERENCE["Events of --json"])}


def _flags(command: Any) -> set[str]:
    return {flag for option in command.params for flag in option.opts if flag.startswith("-")}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_a_heading_of_its_own(name):
    assert COMMANDS[name].help
    assert f"`{name}" in REFERENCE[name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_dial_to_audiosocket_lets_the_dialplan_go_on_afterwards(page):
    dials = re.findall(r"Dial\(AudioSocket/\S*", page.read_text())
    assert all(",,g)" in dial for dial in dials)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_section_of_each_command_names_its_flags_and_no_others(name):
    named = find_flags(REFERENCE[name])
    assert _flags(COMMANDS[name]) - {"-v"} <= named
    assert {flag for flag in named if flag.startswith("--")} <= _flags(COMMANDS[name])


def test_the_flags_of_streamer_itself_are_explained():
    assert _flags(STREAMER) <= find_flags(REFERENCE["Commands"])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_flag_that_is_called_shared_is_explained_with_the_shared_ones(name):
    _, _, shared = REFERENCE[name].partition("\nShared:")
    assert find_flags(shared) <= find_flags(REFERENCE["Shared flags"])


def test_a_flag_is_not_named_by_a_longer_one():
    assert find_flags("`--json-lines`, `-o FILE`, a--b") == {"--json-lines", "-o"}


@pytest.mark.parametrize("setting", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_every_setting_is_listed_with_its_default(setting):
    defaults = {row[0]: row[1].strip("`") for row in list_rows(REFERENCE["Settings"])}
    default = getattr(Settings(), setting.name)
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    assert defaults[f"`{setting.name}`"] == ("" if default == {} else shown)


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_listed_with_all_of_its_fields(name):
    encoded = encode_event(_make(EVENTS[name]))
    assert encoded.pop("event") == name
    assert set(_keys(encoded)) <= find_code(EVENT_ROWS[name][2])


def _make(kind: Any) -> Any:
    """Return any value of a type, with something in each of its collections."""
    some = {datetime: datetime.now(UTC), Path: Path("/recordings")}
    if kind in some:
        return some[kind]
    if get_origin(kind) is tuple:
        return (_make(get_args(kind)[0]),)
    if get_args(kind):
        return _make(get_args(kind)[0])
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        given = (field for field in dataclasses.fields(kind) if field.init)
        return kind(**{field.name: _make(hints[field.name]) for field in given})
    return next(iter(kind)) if issubclass(kind, Enum) else kind()


def _keys(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [*value, *(key for inner in value.values() for key in _keys(inner))]
    return [key for inner in value for key in _keys(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("field", LegRecord.__slots__)
def test_every_field_of_a_leg_in_call_json_is_listed(field):
    rows = [row[0] for row in list_rows(REFERENCE["call.json"]) if row[0].startswith("`legs`:")]
    assert field in find_code(" ".join(rows))


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_listed(code):
    assert str(int(code)) in {row[0] for row in list_rows(REFERENCE["Exit codes"])}


def test_the_readme_is_short_and_names_the_two_commands_to_begin_with():
    text = README.read_text()
    assert len(text.split()) <= README_WORDS
    first_lines = {line.partition("#")[0].strip() for line in text.splitlines()}
    assert {"make demo", "make test"} <= first_lines


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file_and_a_heading_that_are_there(page):
    for link in list_links(page.read_text()):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name} links to {link}, which is not there"
        if anchor:
            assert anchor in list_anchors(target), f"{page.name} links to {link}: no such heading"


def test_every_page_is_in_the_index():
    linked = {(INDEX.parent / link).resolve() for link in list_links(INDEX.read_text())}
    assert {page for page in PAGES if page.parent == INDEX.parent} - {INDEX} <= linked


def test_the_links_of_a_page_are_found_and_code_is_passed_over():
    text = "[a](b.md#c) `[d](e)`\n```\n[f](g)\n```\n![h](i.svg)"
    assert list(list_links(text)) == ["b.md#c", "i.svg"]
