"""What was chosen is there the next time, and a file that cannot be read or written harms nothing."""

from __future__ import annotations

import json

import pytest

from tui.state.arrangement import Order
from tui.state.outlook import BUILT_IN, Outlook
from tui.state.preferences import Preferences, View, read_preferences

CHOSEN = View("", "longest", ("who", "words"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "streamer" / "screen.json"


def reopen(path):
    outlook = Outlook(path)
    outlook.read()
    return outlook


def test_order_columns_and_views_are_kept_and_the_filter_is_not(path):
    outlook = reopen(path)
    assert outlook.order is Order.ATTENTION
    assert outlook.look_by(View("typed", "longest", ("who", "words"))) == ""
    assert outlook.keep_view(" Two\nlines ", "from:100") == ""
    again = reopen(path)
    assert (again.now, again.order) == (CHOSEN, Order.LONGEST)
    assert again.views["Two lines"] == View("from:100", "longest", ("who", "words"))


def test_a_view_can_be_deleted_and_one_that_is_built_in_cannot(path):
    outlook = reopen(path)
    outlook.keep_view("mine", "x")
    assert outlook.delete("mine") == ""
    assert "built in" in outlook.delete("All")
    assert dict(reopen(path).views) == BUILT_IN


def test_there_is_an_end_to_views(path, monkeypatch):
    monkeypatch.setattr("tui.state.outlook.MOST_VIEWS", 1)
    outlook = reopen(path)
    assert outlook.keep_view("one", "") == ""
    assert "Delete one" in outlook.keep_view("two", "")
    assert outlook.keep_view("one", "x") == ""


def test_what_others_keep_in_the_file_stays(path):
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"theme": "light"}))
    reopen(path).look_by(CHOSEN)
    assert json.loads(path.read_text())["theme"] == "light"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"calls": 1}',
        '{"calls": {"now": {}, "views": {}}}',
        '{"calls": {"views": []}}',
        "\0",
    ],
)
def test_a_file_that_cannot_be_read_is_none(path, content):
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert read_preferences(path) == Preferences()


def test_an_order_of_another_version_is_the_usual_one(path):
    reopen(path).look_by(View(order="by colour"))
    assert reopen(path).order is Order.ATTENTION


def test_a_choice_that_cannot_be_kept_holds_and_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    outlook = reopen(tmp_path / "file" / "screen.json")
    assert "holds until you quit" in outlook.look_by(CHOSEN)
    assert outlook.order is Order.LONGEST
