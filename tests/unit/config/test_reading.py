import tomllib

import pytest

from streamer.config import Settings, render_sample
from streamer.config.reading import find_warnings, load_settings
from streamer.config.values import parse_headers
from streamer.errors import UsageError


def load(tmp_path, text="", environment=None, **flags):
    path = tmp_path / "config.toml"
    path.write_text(text)
    return load_settings(config=path, environment=environment or {}, flags=flags)


def test_without_anything_the_defaults_hold():
    assert load_settings(config=None, environment={}, flags={}) == Settings()


def test_a_flag_beats_the_environment_and_that_the_file(tmp_path):
    text = 'url = "ws://file/ws"\nrecordings = "file"\nca = "file"'
    environment = {"STREAMER_URL": "ws://env/ws", "STREAMER_RECORDINGS": "env"}
    settings = load(tmp_path, text, environment, url="ws://flag/ws", recordings=None)
    assert (settings.url, settings.recordings, settings.ca) == ("ws://flag/ws", "env", "file")


def test_the_sample_is_a_config_file_with_every_setting():
    uncommented = "\n".join(line[2:] for line in render_sample().splitlines() if " = " in line)
    assert set(tomllib.loads(uncommented)) == set(Settings.__slots__)


def test_the_sample_says_what_every_setting_is_for(tmp_path):
    uncommented = "\n".join(line[2:] for line in render_sample().splitlines() if " = " in line)
    assert isinstance(load(tmp_path, uncommented), Settings)


def test_an_unknown_key_names_the_nearest_known_one(tmp_path):
    with pytest.raises(
        UsageError, match="unknown key recording; the nearest known one is recordings"
    ):
        load(tmp_path, 'recording = "x"')


def test_languages_become_codes_wherever_they_are_set(tmp_path):
    assert load(tmp_path, 'language = "Spanish"').language == "es"
    assert load(tmp_path, environment={"STREAMER_LANGUAGE": "pt_BR,EN"}).language == "pt,en"
    assert load(tmp_path, language="AUTO").language == "auto"


def test_an_unknown_language_says_where_it_stands(tmp_path):
    with pytest.raises(UsageError, match=r"config\.toml: language names the unknown language x1"):
        load(tmp_path, 'language = "x1"')
    with pytest.raises(UsageError, match="^STREAMER_LANGUAGE names the unknown language x2"):
        load(tmp_path, environment={"STREAMER_LANGUAGE": "x2"})
    with pytest.raises(UsageError, match="^--language names the unknown language x3"):
        load(tmp_path, language="x3")


@pytest.mark.parametrize(
    "text",
    [
        "url = 3",
        "insecure = 1",
        "open_timeout = 0",
        "open_timeout = true",
        "headers = 'a'",
        "headers = {a = 1}",
    ],
)
def test_a_value_of_the_wrong_kind_names_file_and_key(tmp_path, text):
    with pytest.raises(UsageError, match=r"config\.toml: \w+ must be"):
        load(tmp_path, text)


def test_what_is_no_toml_is_one_clear_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path, "url = ")


def test_a_config_file_that_was_named_must_exist(tmp_path):
    with pytest.raises(UsageError, match="no config file"):
        load_settings(config=tmp_path / "none.toml", environment={}, flags={})


def test_the_environment_knows_every_kind(tmp_path):
    environment = {
        "STREAMER_INSECURE": "yes",
        "STREAMER_OPEN_TIMEOUT": "2.5",
        "STREAMER_HEADERS": "A: b\nC: d",
    }
    settings = load(tmp_path, "", environment)
    assert (settings.insecure, settings.open_timeout, settings.headers) == (
        True,
        2.5,
        {"A": "b", "C": "d"},
    )


@pytest.mark.parametrize("variable", ["STREAMER_INSECURE", "STREAMER_OPEN_TIMEOUT"])
def test_a_variable_of_the_wrong_kind_is_named(tmp_path, variable):
    with pytest.raises(UsageError, match=variable):
        load(tmp_path, "", {variable: "perhaps"})


def test_a_broken_header_is_not_shown():
    with pytest.raises(UsageError) as refused:
        parse_headers(["s3cret"])
    assert "s3cret" not in str(refused.value)


def test_a_variable_that_is_no_setting_is_warned_of_with_the_nearest_one():
    environment = {"STREAMER_MODLE": "x", "STREAMER_URL": "ws://a/ws", "STREAMERS": "x"}
    (warning,) = find_warnings(None, environment, Settings())
    assert "STREAMER_MODLE" in warning
    assert "STREAMER_MODEL" in warning


@pytest.mark.parametrize(("mode", "count"), [(0o600, 0), (0o640, 1), (0o604, 1)])
@pytest.mark.parametrize(
    "secret", [{"password": "x"}, {"register_key": "x"}, {"headers": {"A": "b"}}]
)
def test_a_file_with_a_secret_that_others_can_read_is_warned_of(tmp_path, mode, count, secret):
    path = tmp_path / "config.toml"
    path.touch(mode)
    path.chmod(mode)
    assert len(find_warnings(path, {}, Settings(**secret))) == count
    assert find_warnings(path, {}, Settings()) == []


def test_a_theme_and_glyphs_are_one_of_those_there_are(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text('theme = "light"\nglyphs = "ascii"\n')
    settings = load_settings(config=path, environment={}, flags={"glyphs": False})
    assert (settings.theme, settings.glyphs) == ("light", "unicode")
    with pytest.raises(UsageError, match="--theme must be dark or light, not pink"):
        load_settings(config=path, environment={}, flags={"theme": "pink"})
    with pytest.raises(UsageError, match="STREAMER_GLYPHS must be unicode or ascii, not emoji"):
        load_settings(config=path, environment={"STREAMER_GLYPHS": "emoji"}, flags={})
    path.write_text('theme = "x\\u001b[31m"')
    with pytest.raises(UsageError) as raised:
        load_settings(config=path, environment={}, flags={})
    assert "\x1b" not in str(raised.value)
