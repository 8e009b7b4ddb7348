import asyncio

import pytest

from tools.bench.real import virtual


def test_an_hour_of_waiting_passes_at_once():
    async def main():
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert virtual.run(main()) == pytest.approx(3600)


def test_what_waits_shorter_comes_first():
    order = []

    async def wait(seconds):
        await asyncio.sleep(seconds)
        order.append((seconds, round(asyncio.get_running_loop().time(), 3)))

    async def main():
        await asyncio.gather(wait(3), wait(1), wait(2))

    virtual.run(main())
    assert order == [(1, 1.0), (2, 2.0), (3, 3.0)]


def test_a_time_limit_goes_by_the_virtual_clock():
    async def main():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 600)
        return asyncio.get_running_loop().time()

    assert virtual.run(main()) == pytest.approx(600)


def test_each_run_begins_at_0():
    async def main():
        return asyncio.get_running_loop().time()

    assert [virtual.run(main()), virtual.run(main())] == [0.0, 0.0]
