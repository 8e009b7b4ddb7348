"""`streamer` without a command: how to begin, and where things are kept."""

from __future__ import annotations

import os

from streamer.cli import output
from streamer.cli.logs import log_path
from streamer.config import Settings
from streamer.config.reading import default_config_path, load_settings
from streamer.core.folders import show_folder
from streamer.errors import StreamerError

DIALPLAN = "exten => 100,1,Dial(AudioSocket/127.0.0.1:9092/${UUID()}/c(slin),,g)"
"""Sends a call to `streamer serve`; stock Asterisk needs no other file."""


def say_first_steps() -> None:
    """Print three commands, one line of dialplan, and the places in use."""
    settings = _read_settings()
    for line in (
        "See what is being said on an Asterisk call, on your own machine.",
        "",
        "  streamer demo                     watch a bundled call; no Asterisk needed",
        "  streamer models pull              download a speech model, once",
        "  streamer serve --accept-unknown   record and show calls that Asterisk sends",
        "",
        "Asterisk sends a call with this line in extensions.conf:",
        f"  {DIALPLAN}",
        "",
        f"Recordings and transcripts: {show_folder(settings.recordings)}",
        f"Config file: {show_folder(default_config_path())}",
        f"Log: {show_folder(log_path(settings.log_file))}",
        "All commands: streamer --help",
    ):
        output.data(line)


def _read_settings() -> Settings:
    try:
        return load_settings(config=None, environment=os.environ, flags={})
    except StreamerError:  # the command that needs it says what is wrong
        return Settings()
