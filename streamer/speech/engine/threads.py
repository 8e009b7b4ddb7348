"""How many windows an engine reads at the same time, and with how many threads each; pure.

It is chosen when the model is loaded and cannot be changed for a single window. More windows at once serve more legs; more threads
bring the words of one leg sooner, if the model's matrices are large enough to be worth sharing.
"""

from __future__ import annotations

from dataclasses import dataclass

MEDIUM = 400_000_000
LARGE = 1_200_000_000
"""Bytes of model.bin (float16: small has 484 MB, medium 1.5 GB, large-v3-turbo 1.6 GB, large-v3 3.1 GB)."""

LEAST_WINDOWS = 4
"""Windows at once that larger models keep: both legs of a call, a final of each, or a second call."""


@dataclass(frozen=True, slots=True)
class Threads:
    """`inter` windows at the same time, each with `intra` threads."""

    inter: int
    intra: int


def choose_threads(cores: int, model_bytes: int) -> Threads:
    """Return how a machine's cores are shared out among the windows of a model, by the size of its model.bin.

    | cores | up to 400 MB | 400 MB to 1.2 GB | over 1.2 GB |
    |---|---|---|---|
    | 1, 2 | 1 x 1, 2 x 1 | the same | the same |
    | 4 | 4 x 1 | 4 x 1 | 4 x 1 |
    | 8 | 8 x 1 | 4 x 2 | 4 x 2 |
    | 16 | 16 x 1 | 8 x 2 | 4 x 4 |
    | 32 | 32 x 1 | 16 x 2 | 8 x 4 |

    Measured on 2 cores only (int8, short windows of 2 to 3 s): one window alone, and two at once until both are read, took tiny.en 76 and 77
    ms with 2 x 1, 82 and 155 with 1 x 2; base 180 and 189 with 2 x 1, 170 and 323 with 1 x 2. There a second thread was all but idle (an
    encoding of 30 s used 1.0 of a core). Everything in the two columns on the right is reasoned: a large model's window takes so
    long on one thread that words would come late however many cores idle, so it gets more threads, once `LEAST_WINDOWS` are served.
    """
    wanted = 1 if model_bytes < MEDIUM else 2 if model_bytes < LARGE else 4
    intra = max(1, min(wanted, cores // LEAST_WINDOWS))
    return Threads(max(1, cores // intra), intra)
