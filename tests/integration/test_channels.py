"""`streamer channels` as users run it, against the stand-in."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
from contextlib import aclosing

import pytest
import trustme

from streamer.ari.access import read_access
from streamer.ari.applications import forget_application
from streamer.ari.client import open_ari
from streamer.ari.listing import follow_lines
from streamer.ari.roster import list_changes
from streamer.config import Settings
from streamer.simulator.ari.server import PASSWORD, USER, SimulatedAri
from streamer.wire.ari.answers import read_version
from streamer.wire.ari.requests import list_applications, show_asterisk
from tests.fakes.command_line import run_here
from tests.fakes.ports import SILENT, closed_port, http, open_port
from tests.fakes.recorder import start_streamer
from tests.fakes.replay import PATIENCE_S, until

KEYS = [
    *("id", "name", "state", "caller", "connected"),
    *("bridge", "linkedid", "created", "codec", "tapped"),
]


@pytest.fixture
async def pbx():
    ari = SimulatedAri()
    async with ari.open("127.0.0.1", 0) as port:
        yield ari, f"http://127.0.0.1:{port}"


def environment(url, *, user=USER, password=PASSWORD):
    return {
        name: value for name, value in os.environ.items() if not name.startswith("STREAMER_")
    } | {"STREAMER_ARI_URL": url, "STREAMER_ARI_USER": user, "STREAMER_ARI_PASSWORD": password}


async def list_channels(url, tmp_path, *flags, **given):
    return await run_here("channels", *flags, cwd=tmp_path, env=environment(url, **given))


async def refused(url, tmp_path, *flags, **given):
    code, out, err = await list_channels(url, tmp_path, *flags, **given)
    assert (out, len(err.splitlines())) == ("", 1), err
    assert "hidden" not in err
    return code, err


@pytest.mark.parametrize("ending", ["", "/", "/ari", "/ari/"])
async def test_channels_are_listed_with_exactly_their_keys(pbx, tmp_path, ending):
    ari, url = pbx
    call = ari.pbx.start_call(codec="alaw")
    call.answer()
    code, out, err = await list_channels(url + ending, tmp_path, "--json")
    assert (code, err) == (0, "")
    first, second = map(json.loads, out.splitlines())
    assert list(first) == list(second) == KEYS
    assert first == {
        "id": call.caller["id"],
        "name": "PJSIP/100-00000000",
        "state": "Up",
        "caller": "100",
        "connected": "200",
        "bridge": next(iter(ari.pbx.bridges)),
        "linkedid": call.caller["id"],
        "created": call.caller["creationtime"].replace("+0000", "Z"),
        "codec": "alaw",
        "tapped": None,
    }
    assert (second["linkedid"], second["caller"]) == (call.caller["id"], "200")
    assert {method for method, _ in ari.requests} == {"GET"}


async def test_lines_for_people_hold_the_same_and_nothing_a_terminal_obeys(pbx, tmp_path):
    ari, url = pbx
    call = ari.pbx.start_call()
    call.caller["caller"]["number"] = "\x1b[31m1"
    code, out, _ = await list_channels(url, tmp_path)
    assert code == 0
    cells = [line.split("\t") for line in out.splitlines()]
    assert [line[:4] for line in cells] == [
        ["PJSIP/100-00000000", "Ring", "\\x1b[31m1", "200"],
        ["PJSIP/200-00000001", "Ringing", "200", "100"],
    ]


async def test_nobody_on_the_phone_is_no_error(pbx, tmp_path):
    assert await list_channels(pbx[1], tmp_path, "--json") == (0, "", "")


async def test_a_variable_that_cannot_be_read_is_null(pbx, tmp_path):
    ari, url = pbx
    call = ari.pbx.start_call()
    ari.pbx.variables[call.caller["id"]].clear()
    _, out, _ = await list_channels(url, tmp_path, "--json")
    first = json.loads(out.splitlines()[0])
    assert (first["linkedid"], first["codec"]) == (None, None)


async def test_a_password_may_lie_in_a_file(pbx, tmp_path):
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    assert (await list_channels(pbx[1], tmp_path, password="@password"))[0] == 0


@pytest.mark.parametrize(("user", "missing"), [("", "ari_user"), (USER, "ari_password")])
async def test_what_is_not_set_is_named_with_exit_code_2(pbx, tmp_path, user, missing):
    password = "hidden" if missing == "ari_user" else ""
    code, err = await refused(pbx[1], tmp_path, user=user, password=password)
    assert code == 2
    assert f"{missing} must be set" in err


async def test_a_wrong_password_is_exit_code_4_and_not_repeated(pbx, tmp_path):
    for flags in ([], ["--watch"]):
        code, err = await refused(pbx[1], tmp_path, *flags, password="hidden")
        assert code == 4
        assert "check ari_user and ari_password" in err


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "no ARI is there"), (403, "may only read"), (500, "log"), (302, "redirects")],
)
async def test_an_answer_that_is_none_is_exit_code_4(pbx, tmp_path, status, said):
    ari, url = pbx
    ari.faults.statuses["/channels"] = status
    code, err = await refused(url, tmp_path)
    assert code == 4
    assert f"HTTP {status}" in err
    assert said in err


@pytest.mark.parametrize("flags", [[], ["--watch"]])
async def test_no_answer_at_all_is_exit_code_4(tmp_path, flags):
    code, err = await refused(f"http://127.0.0.1:{closed_port()}", tmp_path, *flags)
    assert (code, "cannot be reached" in err) == (4, True)


@pytest.mark.parametrize(
    ("bytes_", "said"),
    [
        (b"\0\1\2 no HTTP\r\n\r\n", "cannot be reached"),
        (b"", "cannot be reached"),
        (SILENT, "did not answer"),
        (http("200 OK", b"<html>"), "not as ARI does"),
        (http("200 OK", b"{}"), "not as ARI does"),
        (http("200 OK", b"[" * 200_000), "not as ARI does"),
        (http("204 No Content"), "not as ARI does"),
        (http("401 Unauthorized"), "check ari_user and ari_password"),
        (http("502 Bad Gateway", b'{"message": "\\u001b[31mx"}'), "\\x1b[31mx"),
    ],
)
@pytest.mark.parametrize("flags", [[], ["--watch"]])
async def test_what_is_no_asterisk_is_exit_code_4(tmp_path, bytes_, said, flags):
    async with open_port(bytes_) as port:
        given = environment(f"http://127.0.0.1:{port}") | {"STREAMER_OPEN_TIMEOUT": "0.2"}
        code, out, err = await run_here("channels", *flags, cwd=tmp_path, env=given)
    assert (code, out, len(err.splitlines())) == (4, "", 1)
    assert said in err or flags


@pytest.fixture(scope="module")
def certificate():
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("pbx.test").configure_cert(context)
    return authority, context


@pytest.mark.parametrize(("is_known", "said"), [(False, "--ca FILE"), (True, "in ari_url")])
async def test_a_certificate_that_is_not_accepted_is_said(tmp_path, certificate, is_known, said):
    certificate[0].cert_pem.write_to_path(tmp_path / "ca.pem")
    async with open_port(b"", tls=certificate[1]) as port:
        flags = ["--ca", str(tmp_path / "ca.pem")] if is_known else []
        code, err = await refused(f"https://127.0.0.1:{port}", tmp_path, *flags)
    assert code == 4
    assert err.startswith(f"streamer: the certificate of https://127.0.0.1:{port}/ari is ")
    assert said in err


async def test_tls_where_there_is_none_and_none_where_there_is(pbx, tmp_path, certificate):
    _, err = await refused(pbx[1].replace("http:", "https:"), tmp_path)
    assert "write http:// instead of https:// in ari_url" in err
    async with open_port(b"", tls=certificate[1]) as port:
        code, err = await refused(f"http://127.0.0.1:{port}", tmp_path)
    assert code == 4
    assert "this port expects TLS (https://)" in err


async def test_a_slow_asterisk_is_waited_for(pbx, tmp_path):
    ari, url = pbx
    ari.faults.delay_s = 0.2
    ari.pbx.start_call()
    code, out, _ = await list_channels(url, tmp_path, "--json")
    assert (code, len(out.splitlines())) == (0, 2)


async def test_watching_prints_a_line_a_change_until_a_signal(pbx, tmp_path):
    ari, url = pbx
    command = ["channels", "--watch", "--json"]
    process = await start_streamer(command, cwd=tmp_path, env=environment(url))
    await ari.has_events.wait()
    call = ari.pbx.start_call()
    await _read_until(process, {"100": "Ring", "200": "Ringing"})
    call.answer()
    await _read_until(process, {"100": "Up", "200": "Up"})
    call.hang_up()
    await _read_until(process, {"100": "Ended", "200": "Ended"})
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, out, err) == (130, b"", b"")


async def _read_until(process, states):
    seen: dict[str, str] = {}
    async with asyncio.timeout(PATIENCE_S):
        while seen != states:
            line = json.loads(await process.stdout.readline())
            assert list(line) == KEYS
            seen[line["caller"]] = line["state"]


async def test_a_closed_stdout_ends_watching_quietly(pbx, tmp_path):
    ari, url = pbx
    reading, writing = os.pipe()
    os.close(reading)
    command = ["channels", "--watch"]
    process = await start_streamer(command, cwd=tmp_path, env=environment(url), stdout=writing)
    os.close(writing)
    await ari.has_events.wait()
    ari.pbx.start_call()
    async with asyncio.timeout(PATIENCE_S):
        _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")


async def test_what_happened_while_the_events_were_gone_is_listed_anew(pbx):
    ari, url = pbx
    said: list[str] = []
    settings = Settings(ari_url=url, ari_user=USER, ari_password=PASSWORD)
    call = ari.pbx.start_call()
    async with open_ari(read_access(settings)) as client:
        listed = follow_lines(client, dict, said.append, retry_s=0.0)
        async with aclosing(listed):
            before = await anext(listed)
            assert len(before) == 2
            name = (await client.ask_for_list(list_applications()))[0]["name"]
            await ari.drop_events()
            assert (await client.ask_for_list(list_applications())) == []
            call.hang_up()
            ari.pbx.start_call("102", "103")
            async for lines in listed:
                if list_changes(before, lines):
                    break
            assert [line.channel.caller.number for line in lines] == ["102", "103"]
            assert (await client.ask_for_list(list_applications()))[0]["name"] == name
    assert said == ["the events of ARI broke off; connecting again"]


async def test_the_events_socket_outlives_the_patience_of_requests(pbx):
    ari, url = pbx
    settings = Settings(ari_url=url, ari_user=USER, ari_password=PASSWORD, open_timeout=0.05)
    async with open_ari(read_access(settings)) as client:
        listed = follow_lines(client, dict, pytest.fail)
        async with aclosing(listed):
            for _ in range(3):
                assert await anext(listed) == []


async def test_nothing_of_ours_is_left_at_the_end(pbx):
    ari, url = pbx
    settings = Settings(ari_url=url, ari_user=USER, ari_password=PASSWORD)
    async with open_ari(read_access(settings)) as client:
        async with aclosing(follow_lines(client, dict, pytest.fail)) as listed:
            await anext(listed)
            assert len(ari.applications) == 1
        await until(lambda: not ari.applications)
        assert read_version((await client.ask(show_asterisk())).document) == "23.4.1"


async def test_no_states_of_devices_are_heard(pbx):
    """While one is sent to a socket that breaks off, ARI of Asterisk 20.20.1 came to a standstill in 2 of 6 trials."""
    ari, url = pbx
    settings = Settings(ari_url=url, ari_user=USER, ari_password=PASSWORD)
    async with (
        open_ari(read_access(settings)) as client,
        aclosing(follow_lines(client, dict, pytest.fail)) as listed,
    ):
        await anext(listed)
        (ours,) = await client.ask_for_list(list_applications())
    assert (ours["channel_ids"], ours["device_names"]) == (["__AST_CHANNEL_ALL_TOPIC"], [])


async def test_asterisk_18_forgets_who_has_heard_of_everything(pbx):
    """It keeps such an application, without a socket, until that is unsubscribed from all of everything."""
    ari, url = pbx
    ari.faults.version = "18.26.4"
    settings = Settings(ari_url=url, ari_user=USER, ari_password=PASSWORD)
    async with open_ari(read_access(settings)) as client:
        async with client.open_events("streamer-00000001"):
            pass
        await until(lambda: not ari.applications)
        (kept,) = await client.ask_for_list(list_applications())
        assert kept["endpoint_ids"] == ["__AST_ENDPOINT_ALL_TOPIC"]
        await forget_application(client, "streamer-00000001")
        async with aclosing(follow_lines(client, dict, pytest.fail)) as listed:
            await anext(listed)
        await until(lambda: not ari.applications)
        assert await client.ask_for_list(list_applications()) == []


@pytest.mark.parametrize(
    "flags",
    [
        ["x.wav", "--json"],
        ["--json"],
        ["--url", "ws://h/"],
        ["--channel", "c"],
        ["--rate", "8000"],
        ["--break"],
    ],
)
async def test_the_stand_in_refuses_what_it_has_no_use_for(flags):
    code, _, err = await run_here("simulate", "--as", "ari", *flags)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "--as ari takes files, and only" in err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--as", "ari", "--scenario", "none\x1b"], "one of hold, blind"),
        (["--as", "ari", "--scenario", "hold", "--hangup", "3"], "leave --hangup out"),
        (["--scenario", "hold"], "--scenario and --fault need --as ari"),
        (["--fault", "doubles"], "--scenario and --fault need --as ari"),
        (["--as", "ari", "--fault", "slow=\x1b"], "is none of slow=SECONDS"),
    ],
)
async def test_a_scenario_or_fault_that_there_is_not_is_refused(flags, said):
    code, _, err = await run_here("simulate", *flags)
    assert (code, len(err.splitlines())) == (2, 1)
    assert said in err
    assert "\x1b" not in err


async def test_the_stand_in_names_a_file_that_is_missing():
    code, _, err = await run_here("simulate", "--as", "ari", "x.wav")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "x.wav" in err


async def test_the_stand_in_prints_its_address_and_has_calls(tmp_path):
    process = await start_streamer(["simulate", "--as", "ari", "--port", "0", "--calls", "2"])
    assert process.stdout
    url = (await process.stdout.readline()).decode().strip()
    code, out, err = await list_channels(url, tmp_path, "--json")
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert (code, err, process.returncode) == (0, "", 143)
    assert len(out.splitlines()) in (2, 4)
