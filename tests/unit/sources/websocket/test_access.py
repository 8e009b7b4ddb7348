import base64

import pytest
from hypothesis import given, strategies as st

from streamer.errors import UsageError
from streamer.sources.websocket.access import Access, Verdict, parse_auth, read_credentials
from streamer.wire.websocket.base import Upgrade


def judge(auth, *, path="/media", yeastar_auth="", **headers):
    access = Access(read_credentials(auth, yeastar_auth))
    return access.judge(Upgrade(path, headers=headers))


def basic(pair):
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    ("auth", "shown", "verdict"),
    [
        ([], None, Verdict.OPEN),
        ([], "Bearer x", Verdict.OPEN),
        (["bearer:t0ken"], None, Verdict.MISSING),
        (["bearer:t0ken"], "Bearer t0ken", Verdict.RIGHT),
        (["bearer:t0ken"], "bearer  t0ken ", Verdict.RIGHT),
        (["bearer:t0ken"], "Bearer t0ke", Verdict.WRONG),
        (["bearer:t0ken"], "Basic t0ken", Verdict.WRONG),
        (["bearer:t0ken"], "", Verdict.WRONG),
        (["basic:pbx:pa:ss"], basic("pbx:pa:ss"), Verdict.RIGHT),
        (["basic:pbx:päss"], basic("pbx:päss"), Verdict.RIGHT),
        (["basic:pbx:pass"], basic("pbx:other"), Verdict.WRONG),
        (["basic:pbx:pass"], "Basic !!!", Verdict.WRONG),
        (["bearer:a", "basic:pbx:pass", "bearer:b"], "Bearer b", Verdict.RIGHT),
    ],
)
def test_a_header_is_judged_by_all_that_is_asked_for(auth, shown, verdict):
    headers = {} if shown is None else {"authorization": shown}
    assert judge(auth, **headers)[0] is verdict


def test_a_secret_in_the_path_is_taken_from_it_for_the_shapes():
    verdict, upgrade = judge(["path:s3cret"], path="/s3cret/media/x")
    assert (verdict, upgrade.path) == (Verdict.RIGHT, "/media/x")
    assert judge(["path:s ü"], path="/s%20%C3%BC")[0] is Verdict.RIGHT
    assert judge(["path:s3cret"], path="/media")[0] is Verdict.MISSING


def test_a_header_of_any_name_may_be_asked_for():
    assert judge([], yeastar_auth="Secret: v", secret="v")[0] is Verdict.RIGHT
    assert judge([], yeastar_auth="Secret: v", secret="w")[0] is Verdict.WRONG
    assert judge([], yeastar_auth="Secret: v")[0] is Verdict.MISSING


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_other_text_is_right(shown, path):
    access = Access(read_credentials(["bearer:s3cret", "path:p4th"]))
    verdict, _ = access.judge(Upgrade(f"/{path}", headers={"authorization": shown}))
    is_right = "s3cret" in shown or "p4th" in path or "%" in path
    assert is_right or verdict is Verdict.WRONG


def test_a_secret_comes_from_a_file_or_the_environment(tmp_path):
    file = tmp_path / "token"
    file.write_text("t0ken\nnot this\n")
    assert parse_auth(f"bearer:@{file}", where="auth").secret == "t0ken"
    assert parse_auth("basic:pbx:$PW", where="auth", environment={"PW": "p"}).secret == "pbx:p"


@pytest.mark.parametrize(
    "text",
    ["", "s3cret", "token:s3cret", "bearer:", "basic:s3cret", "basic::s3cret", "path:s3cret/x"]
    + ["bearer:@/nowhere/at/all", "bearer:$NOT_SET"],
)
def test_what_cannot_be_meant_is_said_without_the_secret(text):
    with pytest.raises(UsageError, match="^listen 1: auth") as raised:
        parse_auth(text, where="listen 1: auth", environment={})
    assert "s3cret" not in str(raised.value)
