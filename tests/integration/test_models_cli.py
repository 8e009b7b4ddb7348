import json

from streamer.cli import output
from streamer.speech.recognisers import RECOGNISERS
from tests.fakes.command_line import run_here
from tests.fakes.reading import ReadingRecogniser, opener


async def test_the_bundled_model_is_listed_with_what_it_is():
    code, out, _ = await run_here("models")
    assert code == 0
    assert "demo" in out
    assert "for real calls: `streamer models pull`" in out


async def test_the_list_is_json_where_it_is_asked_for():
    code, out, _ = await run_here("models", "list", "--json")
    (model,) = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert (model["name"], model["languages"]) == ("demo", "en")
    assert 1_000_000 < model["size"] < 8_000_000


async def test_the_path_of_a_model_is_data():
    code, out, err = await run_here("models", "path", "demo")
    assert (code, err) == (0, "")
    assert out.endswith("assets/models/demo\n")


async def test_a_model_that_is_not_there_is_exit_3_and_says_how_to_get_it():
    code, out, err = await run_here("models", "path", "small")
    assert (code, out) == (3, "")
    assert (
        err
        == "streamer: the model small is not installed; `streamer models pull small` installs it\n"
    )


async def test_a_hub_that_cannot_be_reached_is_one_clear_line(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    code, out, err = await run_here("models", "pull", "tiny")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "cannot be reached" in err


async def test_pulling_what_nobody_has_heard_of_is_exit_3():
    code, _, err = await run_here("models", "pull", "nonsense")
    assert code == 3
    assert "there is no model nonsense" in err


async def test_the_bundled_model_is_checked_and_does_not_fit_human_speech():
    code, out, _ = await run_here("models", "check", "demo")
    assert code == 1
    assert out.splitlines()[-1].startswith("demo does not fit")
    code, out, _ = await run_here("models", "check", "demo", "--json")
    found = json.loads(out)
    assert code == 1
    assert (found["name"], found["encoder_window"]) == ("demo", "short")
    assert {"wer_difference", "real_time_factor", "calls", "checked_at"} <= set(found)


async def test_a_model_that_fits_is_exit_0(tmp_path, monkeypatch):
    monkeypatch.setitem(RECOGNISERS, "local", opener(ReadingRecogniser()))
    monkeypatch.setenv("STREAMER_MODEL", "demo")
    code, out, _ = await run_here("models", "check")
    assert code == 0
    assert out.splitlines()[-1] == "demo fits this machine"


async def test_checking_without_a_model_is_exit_3():
    for arguments, said in (
        (("small",), "`streamer models pull small`"),
        ((), "`streamer models pull`"),
    ):
        code, out, err = await run_here("models", "check", *arguments)
        assert (code, out) == (3, "")
        assert said in err


async def test_the_list_says_what_a_check_found_and_what_was_not_checked():
    _, before, _ = await run_here("models")
    assert "not checked: streamer models check demo" in before
    _, unchecked, _ = await run_here("models", "--json")
    assert json.loads(unchecked)["check"] is None
    code, found, _ = await run_here("models", "check", "demo", "--json")
    _, after, _ = await run_here("models")
    assert "does not fit" in after
    assert "not checked" not in after
    _, checked, _ = await run_here("models", "--json")
    assert json.loads(checked)["check"] == json.loads(found)


async def test_without_a_name_a_model_is_suggested_with_its_reason_and_nothing_is_downloaded():
    code, out, err = await run_here("models", "pull")
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert "this machine has" in line
    assert "`streamer models pull " in line


async def test_on_a_terminal_the_suggested_model_is_downloaded_after_a_yes(monkeypatch):
    monkeypatch.setattr(output, "can_ask", lambda: True)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(output, "ask", lambda question: False)
    code, _, err = await run_here("models", "pull")
    assert (code, "nothing downloaded" in err) == (2, True)
    monkeypatch.setattr(output, "ask", lambda question: True)
    code, _, err = await run_here("models", "pull")
    assert (code, "cannot be reached" in err) == (1, True)
