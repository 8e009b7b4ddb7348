import shutil
import tempfile
from pathlib import Path

import pytest

TRACES = Path(__file__).parent / "data" / "traces"


@pytest.fixture
def runtime_dir():
    """A private folder for a keeper of the test's own; short, because a Unix socket's path is limited."""
    path = Path(tempfile.mkdtemp(prefix="st-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def recordings(tmp_path):
    return tmp_path / "recordings"


@pytest.fixture(autouse=True)
def _private_environment(monkeypatch, tmp_path, runtime_dir):
    """No test reads the settings of whoever runs it, nor meets their keeper."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("STREAMER_RUNTIME_DIR", str(runtime_dir))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
