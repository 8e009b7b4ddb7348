import gc
import shutil
import tempfile
import wave
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from streamer.cli.demo import demo_call
from tests.trainer import TrainerGate
from tests.warming import warm

# How long an example takes says how busy the machine is.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

TRACES = Path(__file__).parent / "data" / "traces"

SHORT_S = 8.55
"""Where the bundled call pauses when both speakers have said a line."""


def pytest_addoption(parser):
    parser.addoption(
        "--trainer", action="store_true", help="run the trainer's tests although nothing changed"
    )


def pytest_configure(config):
    config.pluginmanager.register(TrainerGate(config))


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session):
    """Collect no garbage while everything that is made stays."""
    gc.disable()
    warm(session.config)


def pytest_collection_finish():
    """Spare every later garbage collection what the collection of the tests has made, which lives as long as they run."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def short_call(tmp_path_factory):
    """The beginning of the bundled call, for whoever only needs some words: a line of each speaker."""
    path = tmp_path_factory.mktemp("short") / "short.wav"
    with wave.open(str(demo_call())) as whole, wave.open(str(path), "wb") as short:
        short.setparams(whole.getparams())
        short.writeframes(whole.readframes(round(SHORT_S * whole.getframerate())))
    return path


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
