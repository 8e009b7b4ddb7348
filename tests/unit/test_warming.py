"""The workers that collect the tests import all of them, each beginning with a share of its own."""

from pathlib import Path

from tests.warming import list_modules

HERE = ".".join(Path(__file__).with_suffix("").parts[-3:])


def test_each_worker_lists_the_same_modules_and_begins_with_others():
    lists = [list(list_modules(number, 4)) for number in range(4)]
    assert HERE in lists[0]
    assert not any("demo_model" in name for name in lists[0]), "they are seldom run"
    assert all(sorted(each) == sorted(lists[0]) for each in lists)
    size = len(lists[0]) // 8
    begun = [name for each in lists for name in each[:size]]
    assert len(set(begun)) == 4 * size
