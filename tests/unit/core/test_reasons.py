import errno
import json
import os
import socket
import ssl
import tomllib

import pytest

from streamer.core.reasons import ContentError, explain, find_cause, find_place_in_toml, is_known
from streamer.errors import StoreError


def fail(function, *arguments):
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever Python says of it
        function(*arguments)
    return raised.value


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full; free some space"),
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "the host name is unknown",
        ),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "TLS failed"),
        (TimeoutError(), "the other side did not answer"),
        (fail(bytes.decode, b"\xff"), "it is not UTF-8 text"),
        (fail(json.loads, '{"a":\n1,}'), "it is not valid JSON at line 2, column 3"),
        (fail(int, "x"), "its content is not valid"),
        (KeyError("legs"), "it lacks legs"),
        (ContentError("two legs have the same label"), "two legs have the same label"),
        (StoreError("the database is away"), "the database is away"),
        (MemoryError(), "there is not enough memory"),
    ],
)
def test_what_went_wrong_is_said_in_our_words(error, said):
    assert explain(error).startswith(said)


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_no_word_of_the_system_is_passed_on(number):
    error = OSError(number, os.strerror(number), "/some/file")
    for text in (find_cause(error), explain(error)):
        assert os.strerror(number) not in text
        assert "errno" not in text.lower()
        assert "\n" not in text
        assert text[0].islower()


@pytest.mark.parametrize(
    ("document", "place"), [("a = 1\nb = x", "line 2, column 5"), ("a = [", "its end")]
)
def test_the_place_in_a_settings_file_is_found(document, place):
    with pytest.raises(tomllib.TOMLDecodeError) as raised:
        tomllib.loads(document)
    assert find_place_in_toml(raised.value) == place


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EIO, errno.ENOMEM])
def test_a_file_that_makes_no_sense_is_no_matter_of_the_machine(number):
    assert not is_known(OSError(number, ""))
    assert is_known(OSError(errno.EACCES, ""))
