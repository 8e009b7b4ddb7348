"""The engine's own process: it may die, hang or grow, and no call is harmed.

Started as `python -m streamer.speech.engine.worker PLAN` with a plan in JSON. It speaks `messages` on stdin and stdout, works on up
to `inter_threads` jobs at the same time with a fixed set of threads (a changing set grows CTranslate2's memory), ignores SIGINT, which
a terminal sends to everybody, and ends when its stdin does, even in the middle of a job. Whatever libraries print goes to stderr.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from streamer.core.telemetry import SWITCHES
from streamer.errors import ModelError
from streamer.speech.base import Engine
from streamer.speech.engine.messages import (
    Broken,
    Done,
    Drop,
    Failed,
    Message,
    Parser,
    Ready,
    Transcribe,
    encode_message,
)

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    **SWITCHES,
}
"""Must be set before numpy loads: with more threads the log-mel of 2 s takes 16 ms instead of 0.4, and eats the model's cores."""

NICENESS = 5
"""Partials take all the time that nobody needs, so whoever records, and a PBX on the same machine, go first."""

_FIRST_TO_END = 500
"""As if half of the machine's memory were the engine's; 1000 is the most."""

READ_SIZE = 1 << 20

HINTS = "STREAMER_ENGINE_HINTS"
"""Variable with the hints of the plan, as JSON."""

_MOST_HINTS = 4096
"""Characters of hints that are counted: many times what any model has room for."""

_SPARE_BYTES = 4 << 30
_BYTES_PER_THREAD = 1 << 27
"""What the C library sets aside of the address space for a thread: 64 MiB of heap, and its stack."""


@dataclass(frozen=True, slots=True)
class EnginePlan:
    """Which model to load, and how; `kind` is one of `ENGINES`, the other fields are what its loader makes of them."""

    directory: str
    name: str = ""
    device: str = "auto"
    compute_type: str = "auto"
    inter_threads: int = 1
    intra_threads: int = 1
    kind: str = "whisper"
    hints: str = ""

    def command(self) -> list[str]:
        """Return the command that starts an engine by this plan; everybody on the machine can read it."""
        public = json.dumps(asdict(replace(self, hints="")))
        return [sys.executable, "-m", "streamer.speech.engine.worker", public]

    def environment(self) -> dict[str, str]:
        """Return what goes with the command, and is for nobody else to read."""
        return {HINTS: json.dumps(self.hints[:_MOST_HINTS])}


def _load_whisper(plan: EnginePlan) -> Engine:
    from streamer.speech.engine.whisper import load_whisper

    return load_whisper(
        Path(plan.directory),
        name=plan.name,
        device=plan.device,
        compute_type=plan.compute_type,
        inter_threads=plan.inter_threads,
        intra_threads=plan.intra_threads,
        hints=plan.hints,
    )


ENGINES: Mapping[str, Callable[[EnginePlan], Engine]] = {"whisper": _load_whisper}
"""What loads each kind of engine; a loader imports what it needs itself, so that no engine waits for the libraries of another."""


def open_engine(
    plan: EnginePlan, *, engines: Mapping[str, Callable[[EnginePlan], Engine]] = ENGINES
) -> Engine:
    """Load the model.

    Raises:
        ModelError: It cannot be loaded, or no engine is of its kind.
    """
    if plan.kind not in engines:
        raise ModelError(f"no engine is called {plan.kind}; there are {', '.join(engines)}")
    return engines[plan.kind](plan)


class _Output:
    """The way back, shared by all threads; a parent that is gone ends the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        unsent = memoryview(encode_message(message))
        with self._lock:
            try:
                while unsent:
                    unsent = unsent[os.write(self._descriptor, unsent) :]
            except OSError:
                os._exit(0)


def serve(load: Callable[[], Engine], *, threads: int = 1) -> None:
    """Load an engine and answer on stdin and stdout until stdin ends; never returns.

    The main thread only reads, so that a parent that is gone ends the process whatever the engine does.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = _Output(_claim_stdout())
    pool = ThreadPoolExecutor(threads, thread_name_prefix="engine")
    engine = pool.submit(_load, load, output)
    parser = Parser()
    wanted: set[int] = set()
    while data := os.read(sys.stdin.fileno(), READ_SIZE):
        for message in parser.feed(data):
            match message:
                case Transcribe(job):
                    wanted.add(job)
                    pool.submit(_answer, engine, message, output, wanted)
                case Drop(job):
                    wanted.discard(job)
                case other:
                    raise AssertionError(f"{other!r} is not a message to an engine")
    os._exit(0)  # a job that is being worked on cannot be cancelled, and no request waits for it


def _load(load: Callable[[], Engine], output: _Output) -> Engine:
    try:
        engine = load()
    except ModelError as error:
        output.send(Broken(str(error)))
        os._exit(0)
    except BaseException:  # noqa: BLE001  the outermost edge of the load; the parent sees the process end
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    output.send(Ready(engine.facts))
    return engine


def _answer(engine: Future[Engine], request: Transcribe, output: _Output, wanted: set[int]) -> None:
    try:
        hypotheses = engine.result().transcribe(
            request.windows, is_wanted=lambda: request.job in wanted
        )
        output.send(Done(request.job, tuple(hypotheses)))
    except Exception as error:  # noqa: BLE001  the outermost edge of a job; stderr is the parent's log
        sys.excepthook(*sys.exc_info())
        output.send(Failed(request.job, _explain(error)))
    finally:
        wanted.discard(request.job)


def _explain(error: Exception) -> str:
    """Say what the libraries mean; memory of a GPU has no kind of error of its own."""
    if isinstance(error, MemoryError) or "memory" in str(error).lower():
        return "the engine is out of memory"
    return "the engine failed at them; the log says more"


def _claim_stdout() -> int:
    """Keep the pipe for messages, and let what is printed go to stderr."""
    descriptor = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return descriptor


def bound_memory(plan: EnginePlan) -> None:
    """Let this process take no more memory than a sound model needs, so that a broken one cannot take the machine's.

    Only on Linux, and only where the model runs on the CPU: a GPU's driver maps far more than it uses.
    """
    if sys.platform != "linux" or plan.device not in ("auto", "cpu") or _has_gpu():
        return
    size = (Path(plan.directory) / "model.bin").stat().st_size
    threads = plan.inter_threads * plan.intra_threads
    most = 3 * size + _SPARE_BYTES + threads * _BYTES_PER_THREAD
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    with suppress(ValueError, OSError):  # it is lower already
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def offer_memory(path: Path = Path("/proc/self/oom_score_adj")) -> None:
    """Be what Linux ends first when memory runs out: the engine is started again, and a recorder, or the PBX beside it, is not."""
    with suppress(OSError, ValueError):
        if int(path.read_text()) < _FIRST_TO_END:
            path.write_text(str(_FIRST_TO_END))


def _has_gpu() -> bool:
    import ctranslate2

    return bool(ctranslate2.get_cuda_device_count())


def main() -> None:
    """Serve the plan that the first argument holds."""
    public = EnginePlan(**json.loads(sys.argv[1]))
    os.environ.update(ENVIRONMENT)
    os.environ["MKL_NUM_THREADS"] = str(
        public.intra_threads
    )  # it outweighs what CTranslate2 asks for
    plan = replace(public, hints=json.loads(os.environ.pop(HINTS, '""')))
    os.nice(NICENESS)
    offer_memory()
    with suppress(OSError):  # loading it says that a file is missing
        bound_memory(plan)
    serve(lambda: open_engine(plan), threads=plan.inter_threads)


if __name__ == "__main__":
    main()
