"""Players are started as each of them wants to be."""

import pytest

from streamer.errors import NotFoundError
from streamer.wav import HEADER_SIZE
from tests.fakes.replay import until
from tui.sound import PLAYERS, play


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / "caller.wav"
    path.write_bytes(bytes(HEADER_SIZE) + b"".join(n.to_bytes(2, "little") for n in range(32_000)))
    return path


def install(folder, name):
    path = folder / name
    path.write_text(f'#!/bin/sh\n/bin/cat > {folder}/heard\necho "$@" > {folder}/said\n')
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("play", "-q {wav} trim 1.50"),
        ("ffplay", "-nodisp -autoexit -v quiet -ss 1.50 {wav}"),
        ("aplay", "-q -t raw -f S16_LE -c 1 -r 16000"),
    ],
)
async def test_a_player_begins_at_the_line(tmp_path, monkeypatch, wav, name, arguments):
    install(tmp_path, name)
    monkeypatch.setenv("PATH", str(tmp_path))
    playing = play(wav, [], start_s=1.5, rate=16_000)
    await until(lambda: playing.is_over)
    assert (tmp_path / "said").read_text().strip() == arguments.format(wav=wav)
    heard = (tmp_path / "heard").read_bytes()
    assert heard == (wav.read_bytes()[HEADER_SIZE + 48_000 :] if name == "aplay" else b"")
    playing.stop()


def test_the_best_player_is_the_one_that_mixes():
    assert PLAYERS[0] == "play"


def test_without_a_player_or_a_recording_it_is_said(tmp_path, monkeypatch, wav):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFoundError, match="install sox"):
        play(wav, [], start_s=0, rate=16_000)
    install(tmp_path, "play")
    with pytest.raises(NotFoundError, match="not there any more"):
        play(tmp_path / "gone.wav", [], start_s=0, rate=16_000)
