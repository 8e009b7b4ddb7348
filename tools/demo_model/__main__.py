"""Make the demo model and the demo call: `python -m tools.demo_model all`.

Every step leaves files behind and skips what is there, so a stopped run goes on where it was. All
of them lie in the work folder: what is bundled with streamer changes only when it is named.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STEPS = ("heldout", "synth", "train", "export", "call", "evaluate")


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    step: str
    work: Path
    model: Path
    calls: Path
    utterances: int
    samples: int
    rate: float
    processes: int
    workers: int
    device: str
    published: Path | None

    @property
    def shards(self) -> Path:
        """Where the training speech lies."""
        return self.work / "data"

    @property
    def run(self) -> Path:
        """Where the checkpoint lies."""
        return self.work / "run"


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line, or the arguments given."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo_model", description=__doc__)
    parser.add_argument("step", choices=(*STEPS, "all"))
    parser.add_argument("--work", type=Path, default=Path("work"), help="speech and checkpoints")
    parser.add_argument("--model", type=Path, help="model directory, WORK/model")
    parser.add_argument("--calls", type=Path, help="folder of the demo call, WORK/calls")
    parser.add_argument("--utterances", type=int, default=51_100, help="sentences to synthesize")
    parser.add_argument("--samples", type=int, default=200_000, help="windows to train on")
    parser.add_argument("--rate", type=float, default=7.0e-4, help="peak learning rate")
    parser.add_argument("--processes", type=int, default=2, help="1 with --device cuda")
    parser.add_argument("--workers", type=int, default=0, help="per process, for a GPU")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--published", type=Path, help="start from the first checkpoint.pt")
    options = parser.parse_args(arguments)
    options.model = options.model or options.work / "model"
    options.calls = options.calls or options.work / "calls"
    return Options(**vars(options))


def make_heldout(_: Options) -> None:
    """Write the held-out texts, once."""
    from tools.demo_model import heldout

    if not heldout.HASH_FILE.exists():
        heldout.write_texts()
    heldout.read_texts()


def make_speech(options: Options) -> None:
    """Fill the shards."""
    from tools.demo_model.synthesis import fill_shards

    fill_shards(options.shards, utterances=options.utterances, processes=options.processes)


def make_checkpoint(options: Options) -> None:
    """Train."""
    from tools.demo_model.schedule import Schedule
    from tools.demo_model.training import Run, train

    train(
        Run(
            options.shards,
            options.run,
            Schedule(options.samples, rate=options.rate),
            processes=options.processes,
            workers=options.workers,
            device=options.device,
            published=options.published,
        )
    )


def make_model(options: Options) -> None:
    """Export the mean of the snapshots, or the checkpoint of a run too short for any."""
    from tools.demo_model import snapshots
    from tools.demo_model.export import export_model
    from tools.demo_model.training import CHECKPOINT

    paths = snapshots.list_kept(options.run) or [options.run / CHECKPOINT]
    export_model(snapshots.average(paths), options.model)


def make_call(options: Options) -> None:
    """Make the demo call."""
    from tools.demo_model.demo_call import write_call

    write_call(options.calls, programs=options.shards)


def measure_model(options: Options) -> None:
    """Evaluate."""
    from tools.demo_model.evaluation import evaluate

    if not (options.calls / "demo.json").exists():
        make_call(options)
    evaluate(options.model, calls=options.calls, programs=options.shards)


ACTIONS = {
    "heldout": make_heldout,
    "synth": make_speech,
    "train": make_checkpoint,
    "export": make_model,
    "evaluate": measure_model,
    "call": make_call,
}


def main() -> None:
    """Run one step, or all in order."""
    options = parse_options()
    for step in STEPS if options.step == "all" else (options.step,):
        ACTIONS[step](options)


if __name__ == "__main__":
    main()
