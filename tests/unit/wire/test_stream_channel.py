import pytest

from streamer.core.events import EndReason
from streamer.errors import NotFoundError, SourceError, UsageError
from streamer.wire.stream_channel import (
    Audio,
    Text,
    check_url,
    explain_silence,
    explain_status,
    judge_end,
    parse_message,
    public_url,
    request_headers,
    suggest_port,
)

CHANNEL = "PJSIP/100@[x]-0000001a;1"


def judge(code, *, frames=0, open_s=5.0, reason="", channel=CHANNEL):
    return judge_end(channel, close_code=code, close_reason=reason, frames=frames, open_s=open_s)


def test_the_channel_header_is_spelled_as_the_module_wants_it_and_the_name_is_raw():
    assert request_headers(CHANNEL) == [("Channel-ID", CHANNEL)]


def test_extra_headers_follow():
    assert request_headers("a", extra=(("X-Tenant", "b c"),))[1:] == [("X-Tenant", "b c")]


@pytest.mark.parametrize(
    "channel", ["", "  ", "a\r\nX-Evil: 1", "a\nb", "a\x00", "a\x1b[31m", "a\x85", "a\udc80"]
)
def test_a_channel_that_could_smuggle_a_header_is_refused(channel):
    with pytest.raises(UsageError):
        request_headers(channel)


@pytest.mark.parametrize(
    "header", [("", "x"), ("A B", "x"), ("A\r\n", "x"), ("Ä", "x"), ("A", "x\r\nB: y")]
)
def test_a_header_that_is_none_is_refused(header):
    with pytest.raises(UsageError):
        request_headers("a", extra=(header,))


@pytest.mark.parametrize("size", [0, 2, 164, 552, 640, 2_000_000])
def test_every_even_size_is_kept_whole(size):
    assert parse_message(b"\x01" * size) == Audio(b"\x01" * size)


@pytest.mark.parametrize("size", [1, 3, 641])
def test_half_a_sample_at_the_end_is_dropped_and_counted(size):
    assert parse_message(b"\x01" * size) == Audio(b"\x01" * (size - 1), odd_bytes=1)


def test_a_text_message_is_not_audio():
    assert parse_message("hello") == Text(5)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ws://pbx:8088/ws", "ws://pbx:8088/ws"),
        ("wss://me:s3cret@pbx/ws?x=@", "wss://pbx/ws?…"),
        ("ws://me:s3/cret@pbx/ws", "ws://pbx/ws"),
        ("ws://me:s3?cret@pbx/ws", "ws://pbx/ws?…"),
        ("ws://pbx/ws?key=s3cret", "ws://pbx/ws?…"),
        ("ws://me:p@ss@pbx", "ws://pbx"),
        ("me:s3cret@pbx", "pbx"),
    ],
)
def test_a_shown_url_has_no_password(url, shown):
    assert public_url(url) == shown


@pytest.mark.parametrize(
    "url", ["ws://pbx/ws", "wss://pbx:8089/ws", "ws://[::1]:5039/ws", "ws://a:b@h/ws"]
)
def test_a_websocket_url_is_accepted(url):
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pbx",
        "http://pbx/ws",
        "ws://",
        "ws:///ws",
        "ws://pbx:99999/ws",
        "ws://pbx:x/ws",
        "ws://pbx:0/ws",
    ]
    + [
        "ws://u:pa/ss@127.0.0.1:1/ws",
        "ws://user@pbx/ws",
        "ws://[::1/ws",
        "ws://pbx/ws#top",
        "ws://p bx/ws",
        "ws://pbx/\x1b[31m",
    ],
)
def test_what_is_no_websocket_url_is_refused(url):
    with pytest.raises(UsageError):
        check_url(url)


def test_a_broken_url_is_not_shown_with_its_password():
    with pytest.raises(UsageError) as refused:
        check_url("http://me:s3cret@pbx/")
    assert "s3cret" not in str(refused.value)


def test_close_1000_at_once_without_audio_is_no_such_channel():
    ending = judge(1000, open_s=0.005)
    assert ending.reason is EndReason.REFUSED
    assert isinstance(ending.error, NotFoundError)
    assert "quotes" not in str(ending.error)


def test_a_name_without_a_semicolon_gets_the_hint_about_the_shell():
    assert "quotes" in str(judge(1000, open_s=0.005, channel="Local/a@b-1").error)


def test_close_1000_later_without_audio_is_a_call_without_audio():
    ending = judge(1000, open_s=1.01)
    assert (ending.reason, ending.error) == (EndReason.HANG_UP, None)
    assert "ended without audio" in ending.note


@pytest.mark.parametrize("code", [1000, 1001])
def test_close_1000_after_audio_is_a_hang_up(code):
    assert judge(code, frames=1, open_s=0.1) == judge_end("", close_code=1000, frames=9, open_s=9)


def test_an_end_without_a_close_may_have_frozen_the_call():
    ending = judge(None, frames=9)
    assert ending.reason is EndReason.LOST
    assert isinstance(ending.error, SourceError)
    assert "frozen inside Asterisk" in str(ending.error)
    assert "core show channels" in str(ending.error)


@pytest.mark.parametrize(("reason", "said"), [("", "1011"), ("broken", "1011 (broken)")])
def test_another_close_code_is_a_loss_that_names_it(reason, said):
    ending = judge(1011, frames=9, reason=reason)
    assert ending.reason is EndReason.LOST
    assert said in str(ending.error)


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (400, "res_ari_stream"),
        (403, "http.conf"),
        (404, "res_http_websocket"),
        (200, "not Asterisk"),
    ],
)
def test_each_http_answer_says_what_to_do(status, hint):
    message = str(explain_status(status, "ws://me:s3cret@pbx/ws"))
    assert hint in message
    assert "s3cret" not in message


def test_the_other_usual_port_is_suggested():
    assert "8088" in suggest_port("ws://pbx:5039/ws")
    assert "5039" in suggest_port("ws://pbx:8088/ws")


def test_silence_is_explained_both_ways():
    assert "ringing" in explain_silence("a", waited_s=10)
    assert "slin16" in explain_silence("a", waited_s=10)
