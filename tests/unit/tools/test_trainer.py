"""The trainer's tests run when something of the trainer has changed, and what passed is remembered only when all of them did."""

from types import SimpleNamespace

import pytest

from tests.trainer import ROOT, TESTS, WATCHED, TrainerGate, digest_files

IDS = sorted(f"{path.relative_to(ROOT).as_posix()}::test" for path in TESTS.glob("test_*.py"))


def gate(tmp_path, *, always=False, **options):
    config = SimpleNamespace(args=["tests"], getoption=lambda _: always, **options)
    return TrainerGate(config, kept=tmp_path / "kept")


def report(nodeid, outcome="passed", when="call"):
    return SimpleNamespace(
        nodeid=nodeid, when=when, passed=outcome == "passed", failed=outcome == "failed"
    )


def collect(one, ids=IDS):
    one.pytest_testnodedown(SimpleNamespace(workeroutput={"trainer": ids}), None)


def run(one, *reports):
    for said in reports:
        one.pytest_runtest_logreport(said)
    one.pytest_sessionfinish()


def is_left_out(one, request):
    """Say whether a file of the trainer's is skipped, with its reason, and any other is not."""
    parent = request.node.parent.parent
    assert one.pytest_pycollect_makemodule(ROOT / "tests" / "unit" / "test_docs.py", parent) is None
    file = one.pytest_pycollect_makemodule(TESTS / "test_tokens.py", parent)
    if file is None:
        return False
    (test,) = file.collect()
    with pytest.raises(pytest.skip.Exception, match="make test-all"):
        test.runtest()
    return True


def is_renewed(tmp_path):
    return (tmp_path / "kept").exists()


def test_what_passed_is_remembered_and_then_left_out(tmp_path, request):
    one = gate(tmp_path)
    collect(one)
    run(one, *map(report, IDS))
    assert (tmp_path / "kept").read_text() == digest_files(WATCHED) + "\n"
    assert is_left_out(gate(tmp_path), request)
    assert not is_left_out(gate(tmp_path, always=True), request)
    (tmp_path / "kept").write_text("of another time")
    assert not is_left_out(gate(tmp_path), request)


@pytest.mark.parametrize(
    "last", [report(IDS[-1], "failed"), report(IDS[-1], "skipped", "setup"), None]
)
def test_one_that_has_not_passed_is_none_of_them(tmp_path, last):
    one = gate(tmp_path)
    collect(one)
    run(one, *map(report, IDS[:-1]), *([last] if last else []))
    assert not is_renewed(tmp_path)


def test_one_that_fails_after_it_has_passed_has_failed(tmp_path):
    one = gate(tmp_path)
    collect(one)
    run(one, *map(report, IDS), report(IDS[0], "failed", "teardown"))
    assert not is_renewed(tmp_path)


def test_a_run_of_some_of_them_proves_nothing(tmp_path):
    one = gate(tmp_path)
    collect(one, IDS[1:])
    run(one, *map(report, IDS[1:]))
    assert not is_renewed(tmp_path)


def test_a_worker_tells_what_there_is_and_writes_nothing(tmp_path):
    output: dict[str, list[str]] = {}
    one = gate(tmp_path, workerinput={}, workeroutput=output)
    collect(one)
    run(one, *map(report, IDS))
    assert output == {"trainer": IDS}
    assert not is_renewed(tmp_path)


def test_every_name_and_content_counts(tmp_path):
    (tmp_path / "a").write_text("x")
    seen = {digest_files([tmp_path], root=tmp_path)}
    (tmp_path / "a").write_text("y")
    seen.add(digest_files([tmp_path], root=tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    seen.add(digest_files([tmp_path], root=tmp_path))
    (tmp_path / "b.pyc").write_text("compiled")
    seen.add(digest_files([tmp_path], root=tmp_path))
    assert len(seen) == 3
