import json
from datetime import UTC, datetime

from streamer.ari.roster import Line
from streamer.cli.channels import encode_line, find_tapped
from streamer.recording.folder import CallFolder
from streamer.wire.ari.answers import Channel, Party

LIVE, PAST, BROKEN = "20261128-072850-aaaa", "20261128-072850-bbbb", "20261128-072850-cccc"


def make_call(recordings, name, text):
    folder = CallFolder(recordings / name)
    folder.path.mkdir(parents=True)
    folder.call_json.write_text(text)
    return folder


def test_a_channel_is_tapped_while_its_recording_has_a_tap(tmp_path):
    said = {"legs": [{"leg": "caller", "channel": "PJSIP/100-1"}, {"leg": "agent"}]}
    make_call(tmp_path, PAST, json.dumps({"legs": [{"leg": "x", "channel": "PJSIP/200-1"}]}))
    live = make_call(tmp_path, LIVE, json.dumps(said)).take_tap_lock()
    broken = make_call(tmp_path, BROKEN, "{").take_tap_lock()
    assert find_tapped(tmp_path)["PJSIP/100-1"] == LIVE
    assert "PJSIP/200-1" not in find_tapped(tmp_path)
    live.release()
    assert find_tapped(tmp_path) == {}
    broken.release()


def test_no_folder_of_recordings_is_no_recording(tmp_path):
    assert find_tapped(tmp_path / "none") == {}


def test_what_is_unknown_is_null_and_a_time_is_in_utc():
    created = datetime(2026, 11, 28, 7, 28, 50, 622_000, UTC)
    channel = Channel("1.2", "PJSIP/100-1", "Up", Party("A", "100"), created=created)
    assert encode_line(Line(channel, tapped=LIVE)) == {
        "id": "1.2",
        "name": "PJSIP/100-1",
        "state": "Up",
        "caller": "100",
        "connected": "",
        "bridge": None,
        "linkedid": None,
        "created": "2026-11-28T07:28:50.622Z",
        "codec": None,
        "tapped": LIVE,
    }
    assert encode_line(Line(Channel("1.2")))["created"] is None
