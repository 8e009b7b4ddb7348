"""The command line: everything it writes lies in the work folder unless it is told otherwise."""

from pathlib import Path

import pytest

from tools.demo_model import __main__ as tool


def test_nothing_is_written_outside_the_work_folder_unless_named():
    options = tool.parse_options(["all", "--work", "w"])
    for path in (options.model, options.calls, options.shards, options.run):
        assert path.parent == Path("w")


def test_a_named_folder_is_taken():
    options = tool.parse_options(["export", "--work", "w", "--model", "a/demo", "--calls", "b"])
    assert (options.model, options.calls) == (Path("a/demo"), Path("b"))


def test_all_runs_every_step_in_order(monkeypatch):
    done: list[str] = []
    for step in tool.STEPS:
        monkeypatch.setitem(tool.ACTIONS, step, lambda _, step=step: done.append(step))
    monkeypatch.setattr("sys.argv", ["demo_model", "all"])
    tool.main()
    assert done == ["heldout", "synth", "train", "export", "call", "evaluate"]


def test_an_unknown_step_is_refused(capsys):
    with pytest.raises(SystemExit):
        tool.parse_options(["dream"])
    assert "invalid choice" in capsys.readouterr().err
