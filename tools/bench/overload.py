"""What a minute costs in which the engine gets too little: two-leg calls at real time, the engine stopped for most of each half second."""

from __future__ import annotations

import asyncio
import signal

import psutil

from tools.bench.gold import load_gold, repeat
from tools.bench.live import Measures, measure, quantile
from tools.bench.machine import show, show_table

CALLS = 4
TIMES = 3
FREE_S = 30.0
SCARCE_S = 60.0
_PERIOD_S = 0.5


class Scarcity:
    """Lets the engine have `share` of the CPU that it took before, for `SCARCE_S` from `FREE_S` on."""

    def __init__(self, share: float) -> None:
        self._share = share
        self.needed_s = 0.0
        """CPU seconds a second that the engine took while it could."""
        self.given_s = 0.0
        """What it took a second while it could not."""

    async def run(self) -> None:
        """Watch the engine, then hold it back."""
        engine = _find_engine()
        began = _cpu_s(engine)
        await asyncio.sleep(FREE_S)
        self.needed_s = (_cpu_s(engine) - began) / FREE_S
        began = _cpu_s(engine)
        try:
            for _ in range(round(SCARCE_S / _PERIOD_S)):
                await self._hold(engine)
        finally:
            engine.send_signal(signal.SIGCONT)
        self.given_s = (_cpu_s(engine) - began) / SCARCE_S

    async def _hold(self, engine: psutil.Process) -> None:
        """Let it run until it has had its share of this period."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _PERIOD_S
        allowed = _cpu_s(engine) + self.needed_s * self._share * _PERIOD_S
        while _cpu_s(engine) < allowed and loop.time() < until:
            engine.send_signal(signal.SIGCONT)
            await asyncio.sleep(0.002)
        engine.send_signal(signal.SIGSTOP)
        await asyncio.sleep(max(0.0, until - loop.time()))


def _find_engine() -> psutil.Process:
    children = psutil.Process().children()
    return next(child for child in children if "streamer.speech.engine.worker" in child.cmdline())


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def run() -> None:
    """Print the report."""
    show("## Overload")
    show()
    gold = repeat(load_gold(), TIMES)
    seconds = len(gold.tracks[0]) / 32_000
    show(
        f"{CALLS} two-leg calls, {seconds:.0f} s each; from {FREE_S:.0f} s on, for {SCARCE_S:.0f} s, the engine gets"
        " a share of the CPU that it took before. Nothing may be lost, and the lag returns to 0."
    )
    show()
    rows = [await _row("a third", 1 / 3), await _row("a tenth", 0.1)]
    show_table(
        [
            "given",
            "engine CPU before / then",
            "largest lag",
            "lag over at",
            "samples lost",
            "commit p50 / p95",
            "WER",
        ],
        rows,
    )


async def _row(name: str, share: float) -> list[str]:
    scarcity = Scarcity(share)
    measures = await measure(repeat(load_gold(), TIMES), calls=CALLS, beside=scarcity.run)
    return [
        name,
        f"{scarcity.needed_s:.2f} / {scarcity.given_s:.2f} cores",
        f"{max((lag for _, lag in measures.lags), default=0.0):.1f} s",
        _describe_end(measures),
        str(measures.lost),
        f"{quantile(measures.commit, 50):.2f} / {quantile(measures.commit, 95):.2f}",
        f"{measures.wer:.1f} %",
    ]


def _describe_end(measures: Measures) -> str:
    """Say when the last leg had caught up, after the engine was free again."""
    if not measures.lags:
        return "never behind"
    ends = [at for at, lag in measures.lags if lag == 0]
    if len(ends) < CALLS:
        return "never"
    return f"{max(ends) - FREE_S - SCARCE_S:+.1f} s"
