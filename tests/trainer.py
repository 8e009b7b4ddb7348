"""Leaves the trainer's tests out while neither the trainer nor they have changed since all of them passed.

`trainer.sha256` beside this file remembers what passed. Under pytest-xdist the workers collect and skip; only the controller, which
hears of every test, renews the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests" / "unit" / "tools" / "demo_model"
WATCHED = (ROOT / "tools" / "demo_model", TESTS)
KEPT = ROOT / "tests" / "trainer.sha256"
REASON = "the trainer has not changed since its tests passed; make test-all runs them"


def digest_files(folders: Iterable[Path], *, root: Path = ROOT) -> str:
    """Digest names and contents; what Python has compiled does not count."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(root)} {path.stat().st_size}\n".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


class _LeftOut(pytest.Item):
    def runtest(self) -> None:
        """Say why nothing of the file runs."""
        pytest.skip(REASON)


class _LeftOutFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        """Yield the one test that is skipped."""
        yield _LeftOut.from_parent(self, name="left_out")


class TrainerGate:
    """A plugin of one test run."""

    def __init__(self, config: Any, *, kept: Path = KEPT) -> None:
        self._config = config
        self._kept = kept
        self._digest = digest_files(WATCHED)
        self._may_skip = self._digest == self._read_kept() and not config.getoption("--trainer")
        self._is_worker = hasattr(config, "workerinput")
        self._collected: set[str] = set()
        self._passed: set[str] = set()
        self._failed: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makemodule(
        self, module_path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """Put one skipped test in place of each file that need not run, and import nothing of it."""
        if self._may_skip and module_path.is_relative_to(TESTS):
            return _LeftOutFile.from_parent(parent, path=module_path)
        return None

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Mark the trainer's tests, those that are deselected later among them."""
        if item.path.is_relative_to(TESTS):
            item.add_marker(pytest.mark.trainer)
            self._collected.add(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember how each test ended; the controller hears of those of its workers."""
        if report.failed:
            self._failed.add(report.nodeid)
        elif report.when == "call" and report.passed:
            self._passed.add(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Learn from a worker which tests there are."""
        self._collected.update(getattr(node, "workeroutput", {}).get("trainer", ()))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Renew the digest if all of the trainer's tests have passed."""
        if self._is_worker:
            self._config.workeroutput["trainer"] = sorted(self._collected)
        elif self._is_proven() and self._digest != self._read_kept():
            self._kept.write_text(self._digest + "\n")

    def _is_proven(self) -> bool:
        files = {path.relative_to(ROOT).as_posix() for path in TESTS.glob("test_*.py")}
        seen = {nodeid.partition("::")[0] for nodeid in self._collected}
        is_whole = files == seen and not any("::" in arg for arg in self._config.args)
        return is_whole and self._collected <= self._passed - self._failed

    def _read_kept(self) -> str:
        return self._kept.read_text().strip() if self._kept.exists() else ""
