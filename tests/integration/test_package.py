"""What a user installs: the wheel, with the model and the call in it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OPEN_ALL = """
import json, wave
from pathlib import Path
import streamer
from streamer.speech.engine.models import demo_path
from streamer.speech.engine.whisper import load_whisper
from streamer.speech.base import Window

assets = Path(streamer.__file__).parent / "assets"
assert assets in demo_path().parents
script = json.loads((assets / "calls" / "demo.json").read_text())
turn = next(turn for turn in script if turn["leg"] == "agent")
with wave.open(str(assets / "calls" / "demo.wav")) as call:
    assert (call.getnchannels(), call.getframerate(), call.getsampwidth()) == (2, 16000, 2)
    assert 45 <= call.getnframes() / 16000 <= 60
    call.setpos(int(turn["start"] * 16000))
    stereo = call.readframes(int((turn["end"] - turn["start"]) * 16000))
agent = b"".join(stereo[n + 2 : n + 4] for n in range(0, len(stereo), 4))
engine = load_whisper(demo_path(), name="demo", device="cpu", compute_type="int8", inter_threads=1, intra_threads=1)
(hypothesis,) = engine.transcribe([Window("agent", 1, agent, 0, beam=5)])
print(" ".join(word.text for word in hypothesis.words).lower())
print(turn["text"].lower())
print((assets / "NOTICE").read_text().count("awb"))
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_both_packages_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"streamer", "tui"}
    assert "streamer/assets/NOTICE" in names
    assert {"streamer/assets/vad/silero_vad.onnx", "streamer/assets/vad/LICENSE"} <= set(names)
    check = {name for name in names if name.startswith("streamer/assets/check/")}
    assert {"LICENSE", "NOTICE", "texts.json"} <= {Path(name).name for name in check}


@pytest.mark.slow
def test_the_installed_wheel_opens_its_model_and_its_call(wheel, tmp_path):
    site = tmp_path / "site"
    install = ["install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    shown = subprocess.run(
        [sys.executable, "-c", OPEN_ALL],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    heard, said, voices = shown.stdout.splitlines()
    assert heard.split()[:8] == said.split()[:8]
    assert int(voices) >= 1
