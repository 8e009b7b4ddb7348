"""Has the workers of pytest-xdist compile the tests once, instead of each of them all.

Pytest rewrites the assertions of each test file when it is first imported, which costs a fresh checkout more than all else that
collects tests, and every worker begins with the same file at the same time. So each imports a different share of them first; what
comes later has been compiled by another meanwhile. The collection then finds all of them imported.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LEFT_OUT = ROOT / "tests" / "unit" / "tools" / "demo_model"
"""Tests that are seldom run, see `trainer.py`."""


def list_modules(number: int, count: int) -> Iterator[str]:
    """Yield the names of all test modules, those of a worker's own share first."""
    paths = sorted((ROOT / "tests").rglob("test_*.py"))
    begin = len(paths) * number // count
    for path in paths[begin:] + paths[:begin]:
        if not path.is_relative_to(LEFT_OUT):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


def warm(config: Any) -> None:
    """Import the tests in a worker that is about to collect all of them; what fails does so again then, and is told."""
    worker = getattr(config, "workerinput", None)
    if worker is None or config.args != config.getini("testpaths"):
        return
    number = int(worker["workerid"].removeprefix("gw"))
    for name in list_modules(number, worker["workercount"]):
        with warnings.catch_warnings(), suppress(Exception, pytest.skip.Exception):
            warnings.simplefilter("error")
            importlib.import_module(name)
