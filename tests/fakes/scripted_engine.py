"""An engine that does what its windows' prompts say; run as a process of its own, as the real one is.

The command is `python scripted_engine.py FOLDER [THREADS] [HOW_TO_LOAD]`; the folder remembers what happened before a death.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from streamer.core.events import Word
from streamer.errors import ModelError
from streamer.speech.base import Engine, Hypothesis, ModelFacts, Window, always
from streamer.speech.engine.worker import serve


def command(folder: Path, *, threads: int = 1, load: str = "") -> list[str]:
    """Return the command that starts it."""
    return [sys.executable, "-m", "tests.fakes.scripted_engine", str(folder), str(threads), load]


class ScriptedEngine:
    """Reads each window as one word, its prompt, after doing what the prompt says."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder = folder
        self._threads = threads

    @property
    def facts(self) -> ModelFacts:
        """Say what is loaded."""
        return ModelFacts("scripted", ("en",), 480_000, "cpu", "int8", self._threads)

    def transcribe(
        self, windows: Sequence[Window], *, is_wanted: Callable[[], bool] = always
    ) -> list[Hypothesis]:
        """Do what the prompts say, in order."""
        with (self._folder / "asked").open("a") as asked:
            asked.write(" ".join(window.prompt for window in windows) + "\n")
        for window in windows:
            if window.prompt == "endless":
                while is_wanted():
                    threading.Event().wait(0.005)
                return []
            self._do(window.prompt)
        return [
            Hypothesis(
                window.position,
                window.end,
                (Word(window.prompt, window.position, window.end, 0.5),),
            )
            for window in windows
        ]

    def _do(self, prompt: str) -> None:
        match prompt.split("-"):
            case ["crash"]:
                os.abort()
            case ["hang"]:
                threading.Event().wait()
            case ["raise"]:
                raise RuntimeError("out of memory")
            case ["print"]:
                os.write(1, b"a library talks\n")
            case ["killed", times] if self._count(prompt) <= int(times):
                os.kill(os.getpid(), signal.SIGKILL)
            case ["crash", times] if self._count(prompt) <= int(times):
                os.abort()
            case ["together", _]:
                self._meet()

    def _count(self, name: str) -> int:
        with (self._folder / name).open("a+b") as file:
            file.write(b".")
            return file.tell()

    def _meet(self) -> None:
        """Go on only when another job has come here too."""
        barrier.wait()


barrier = threading.Barrier(2)


def load(folder: Path, threads: int, how: str) -> Engine:
    """Load, or fail in the way that is asked for."""
    with (folder / "loads").open("a") as loads:
        loads.write(".")
    match how:
        case "broken":
            raise ModelError("the model x has no tokenizer.json")
        case "crash":
            os.abort()
        case "hang":
            threading.Event().wait()
        case "killed once" if len((folder / "loads").read_text()) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        case "environment":
            raise ModelError(os.environ["OMP_NUM_THREADS"] + str("numpy" in sys.modules))
    return ScriptedEngine(folder, threads)


if __name__ == "__main__":
    place, number, manner = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    serve(lambda: load(place, number, manner), threads=number)
