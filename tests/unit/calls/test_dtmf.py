import json
from datetime import UTC, datetime

from streamer.calls.dtmf import DtmfReceivedKeys
from streamer.core.events import Dtmf, encode_event
from tests.fakes.replay import RememberingBus

PRESSED_AT = datetime(2026, 11, 18, 15, 2, 4, 250_000, UTC)


def write(folder, *digits, **fields):
    keys = [
        {"digit": digit, "start": start, "at": "2026-11-18T15:02:04.250Z"}
        for digit, start in digits
    ]
    call = {"call": folder.name, "legs": [{"leg": "caller", "digits": keys, **fields}]}
    (folder / "call.new").write_text(json.dumps(call))
    (folder / "call.new").replace(folder / "call.json")


def test_each_key_is_told_once_with_its_time(tmp_path):
    bus = RememberingBus()
    keys = DtmfReceivedKeys(tmp_path, bus)
    keys.look()
    write(tmp_path, ("5", 1.5))
    keys.look()
    keys.look()
    write(tmp_path, ("5", 1.5), ("#", 2.25))
    keys.look()
    assert bus.events == [
        Dtmf(tmp_path.name, "caller", "5", 1.5, PRESSED_AT),
        Dtmf(tmp_path.name, "caller", "#", 2.25, PRESSED_AT),
    ]
    assert encode_event(bus.events[1]) == {
        "event": "dtmf",
        "call": tmp_path.name,
        "leg": "caller",
        "digit": "#",
        "start": 2.25,
        "at": "2026-11-18T15:02:04.250Z",
    }


def test_a_recording_that_says_nothing_of_keys_has_none(tmp_path):
    bus = RememberingBus()
    keys = DtmfReceivedKeys(tmp_path, bus)
    (tmp_path / "call.json").write_text('{"legs": [{"leg": "caller"}]}')
    keys.look()
    (tmp_path / "call.json").write_text('{"legs": [{"leg": "caller", "digits": [5, {}]}]}')
    keys.look()
    (tmp_path / "call.json").write_text("nothing")
    keys.look()
    assert bus.events == []


def test_a_key_that_cannot_be_read_costs_no_other(tmp_path):
    bus = RememberingBus()
    keys = DtmfReceivedKeys(tmp_path, bus)
    write(tmp_path, ("5", "soon"))
    keys.look()
    write(tmp_path, ("5", "soon"), ("#", 2.25))
    keys.look()
    keys.look()
    assert bus.events == [Dtmf(tmp_path.name, "caller", "#", 2.25, PRESSED_AT)]
