"""A run that was cut off goes on where it was."""

import json

import pytest

from tools.bench.real.results import Results, hash_files


class Measuring:
    """Measures 1, then 2, and so on."""

    def __init__(self):
        self.times = 0

    async def __call__(self):
        self.times += 1
        return {"measured": self.times}


async def test_what_was_measured_is_not_measured_again(tmp_path, capsys):
    measuring = Measuring()
    for _ in range(2):
        assert await Results(tmp_path).take("live", "base", "legs", make=measuring) == {
            "measured": 1
        }
    assert measuring.times == 1
    assert "live base legs: measured before" in capsys.readouterr().err


async def test_another_limit_is_another_result(tmp_path):
    measuring = Measuring()
    await Results(tmp_path).take("live", "base", make=measuring)
    again = await Results(tmp_path, limit_s=30).take("live", "base", make=measuring)
    assert again == {"measured": 2}


async def test_a_fresh_run_measures_anew_and_keeps_that(tmp_path):
    measuring = Measuring()
    await Results(tmp_path).take("live", make=measuring)
    assert await Results(tmp_path, is_fresh=True).take("live", make=measuring) == {"measured": 2}
    assert await Results(tmp_path).take("live", make=measuring) == {"measured": 2}


async def test_a_fresh_run_measures_once_what_two_tables_show(tmp_path):
    measuring, results = Measuring(), Results(tmp_path, is_fresh=True)
    for _ in range(2):
        assert await results.take("live", make=measuring) == {"measured": 1}


async def test_a_measurement_that_fails_leaves_nothing(tmp_path):
    async def fail():
        raise RuntimeError("no engine")

    with pytest.raises(RuntimeError):
        await Results(tmp_path).take("live", make=fail)
    assert list(tmp_path.iterdir()) == []


async def test_names_of_results_are_names_of_files(tmp_path):
    await Results(tmp_path).take("offline", "a/b c", make=Measuring())
    (path,) = tmp_path.iterdir()
    assert path.name == "offline-a_b-c.json"
    assert json.loads(path.read_text()) == {"measured": 1}


def test_a_changed_file_is_another_state_of_the_code(tmp_path):
    file = tmp_path / "a.py"
    file.write_text("one")
    before = hash_files([file])
    file.write_text("two")
    assert hash_files([file]) != before
