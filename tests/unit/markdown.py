"""Just enough Markdown to check the manual: sections, tables, headings and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_FENCE = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
_FLAG = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
_CODE = re.compile(r"`([^`]+)`")


def split_sections(text: str) -> dict[str, str]:
    """Return what stands below each heading and above the next one of any depth, by the heading without its marks."""
    text = _FENCE.sub("", text)
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return {
        heading[1].replace("`", ""): text[heading.end() : end]
        for heading, end in zip(headings, ends, strict=True)
    }


def list_rows(section: str) -> list[list[str]]:
    """Return the cells of each row of the section's tables, marks included; headers and rulers are rows, too."""
    lines = (line.strip() for line in section.splitlines())
    rows = (re.split(r"(?<!\\)\|", line[1:-1]) for line in lines if line.startswith("|"))
    return [[cell.strip() for cell in row] for row in rows]


def find_flags(text: str) -> set[str]:
    """Return the flags that a text names, each whole: `--json-lines` names no `--json`."""
    return set(_FLAG.findall(text))


def find_code(text: str) -> set[str]:
    """Return what a text sets in backticks, each whole."""
    return set(_CODE.findall(text))


def list_links(text: str) -> Iterator[str]:
    """Yield the targets of a page's links and pictures, code apart."""
    yield from _LINK.findall(_CODE.sub("", _FENCE.sub("", text)))


def list_anchors(page: Path) -> set[str]:
    """Return what a link can name behind a `#` in a page: its headings, as GitHub spells them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
