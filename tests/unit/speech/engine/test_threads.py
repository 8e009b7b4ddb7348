"""The machine's cores are shared out by the size of the model."""

import pytest

from streamer.speech.engine.threads import Threads, choose_threads

MB = 1_000_000


@pytest.mark.parametrize("size", [75, 145, 484, 1500, 3100])
def test_up_to_four_cores_each_reads_a_window_of_its_own(size):
    for cores in (1, 2, 3, 4):
        assert choose_threads(cores, size * MB) == Threads(cores, 1)


@pytest.mark.parametrize(
    ("cores", "base", "small", "large"),
    [(8, (8, 1), (4, 2), (4, 2)), (16, (16, 1), (8, 2), (4, 4)), (32, (32, 1), (16, 2), (8, 4))],
)
def test_larger_models_get_more_threads_a_window_where_cores_allow(cores, base, small, large):
    sizes = (145 * MB, 484 * MB, 3100 * MB)
    chosen = [choose_threads(cores, size) for size in sizes]
    assert [(threads.inter, threads.intra) for threads in chosen] == [base, small, large]


def test_no_more_threads_work_than_there_are_cores():
    for cores in range(1, 65):
        for size in (0, 500 * MB, 2000 * MB):
            threads = choose_threads(cores, size)
            assert 0 < threads.inter * threads.intra <= cores
