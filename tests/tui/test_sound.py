"""Players are started as each of them wants to be."""

import pytest

from streamer.errors import NotFoundError
from streamer.media.wav import HEADER_SIZE, WavHeader, encode_header
from tests.fakes.replay import until
from tui.sound import PLAYERS, play


def write_wav(path, rate):
    audio = b"".join(n.to_bytes(2, "little") for n in range(2 * rate % 65_536))
    path.write_bytes(encode_header(WavHeader(rate)) + audio)
    return path


@pytest.fixture
def wav(tmp_path):
    return write_wav(tmp_path / "caller.wav", 16_000)


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
    playing = play(wav, [], start_s=1.5)
    await until(lambda: playing.is_over)
    assert (tmp_path / "said").read_text().strip() == arguments.format(wav=wav)
    heard = (tmp_path / "heard").read_bytes()
    assert heard == (wav.read_bytes()[HEADER_SIZE + 48_000 :] if name == "aplay" else b"")
    playing.stop()


@pytest.mark.parametrize("rate", [8000, 44_100])
async def test_a_leg_of_another_rate_begins_at_the_line_too(tmp_path, monkeypatch, rate):
    install(tmp_path, "aplay")
    monkeypatch.setenv("PATH", str(tmp_path))
    path = write_wav(tmp_path / "agent.wav", rate)
    playing = play(path, [], start_s=0.25)
    await until(lambda: playing.is_over)
    assert (tmp_path / "said").read_text().split()[-2:] == ["-r", str(rate)]
    assert (tmp_path / "heard").read_bytes() == path.read_bytes()[HEADER_SIZE + rate // 4 * 2 :]
    playing.stop()


async def test_only_legs_of_one_rate_are_mixed(tmp_path, monkeypatch, wav):
    install(tmp_path, "play")
    monkeypatch.setenv("PATH", str(tmp_path))
    others = [write_wav(tmp_path / "a.wav", 8000), write_wav(tmp_path / "b.wav", 16_000)]
    playing = play(wav, others, start_s=1.5)
    await until(lambda: playing.is_over)
    assert (tmp_path / "said").read_text().strip() == f"-q -m {wav} {others[1]} trim 1.50"
    playing.stop()


def test_the_best_player_is_the_one_that_mixes():
    assert PLAYERS[0] == "play"


def test_without_a_player_or_a_recording_it_is_said(tmp_path, monkeypatch, wav):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFoundError, match="install sox"):
        play(wav, [], start_s=0)
    install(tmp_path, "play")
    with pytest.raises(NotFoundError, match="does not exist any more"):
        play(tmp_path / "gone.wav", [], start_s=0)
