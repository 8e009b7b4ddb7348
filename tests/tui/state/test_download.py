"""A model that is downloaded while calls are shown."""

from tui.state.download import ModelDownload, offer_download


async def test_a_download_says_how_far_it_is_and_then_nothing():
    lines = []
    download = ModelDownload(lambda: lines.append(download.line), ["sh", "-c", "exit 0"])
    assert await download.run("small") == ""
    assert lines[0] == "Downloading small"
    assert lines[-1] == ""


async def test_a_download_that_fails_returns_the_last_line_that_was_said():
    said = r"printf 'model.bin:  3%%\rmodel.bin:  9%%\nstreamer: the hub cannot be reached\n' >&2"
    download = ModelDownload(lambda: None, ["sh", "-c", f"{said}; exit 4"])
    assert await download.run("small") == "the hub cannot be reached"
    assert download.line == ""


def test_the_offer_says_what_becomes_of_calls_which_key_and_how_much():
    assert offer_download("small") == (
        "No speech model: live calls are recorded without text. Press M to download small (486 MB)."
    )
