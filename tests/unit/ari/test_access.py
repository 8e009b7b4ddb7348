import pytest

from streamer.ari.access import complete_url, read_access
from streamer.config import Settings
from streamer.errors import UsageError


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:8088", "http://127.0.0.1:8088/ari"),
        ("http://127.0.0.1:8088/", "http://127.0.0.1:8088/ari"),
        ("http://127.0.0.1:8088/ari", "http://127.0.0.1:8088/ari"),
        ("http://127.0.0.1:8088/ari/", "http://127.0.0.1:8088/ari"),
        ("https://pbx.example.com/asterisk", "https://pbx.example.com/asterisk/ari"),
        ("http://[::1]:8088/asterisk/ari", "http://[::1]:8088/asterisk/ari"),
    ],
)
def test_the_address_may_be_written_with_or_without_ari(given, url):
    assert complete_url(given) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8088",
        "ws://127.0.0.1:8088",
        "http://",
        "http://h:0",
        "http://h:99999",
        "http://[::1",
        "http://h/ari?x=hidden",
        "http://h/ari#hidden",
        "http://h/a b",
        "http://u:hidden@h/ari",
        "http://u:hid/den@h/ari",
    ],
)
def test_what_is_no_address_is_said_without_a_secret(url):
    with pytest.raises(UsageError, match="ari_url") as caught:
        complete_url(url)
    assert "hid" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, ["ari_user", "ari_password", "STREAMER_ARI_USER", "STREAMER_ARI_PASSWORD"]),
        ({"ari_user": "u"}, ["ari_password", "STREAMER_ARI_PASSWORD"]),
        ({"ari_password": "p"}, ["ari_user", "STREAMER_ARI_USER"]),
        ({"ari_user": " ", "ari_password": "p"}, ["ari_user", "STREAMER_ARI_USER"]),
    ],
)
def test_the_settings_that_are_missing_are_named_and_no_others(given, missing):
    with pytest.raises(UsageError) as caught:
        read_access(Settings(**given))
    said = str(caught.value).partition(":")[0]
    assert all(name in said for name in missing)
    assert ("ari_user" in said) == ("ari_user" in missing)
    assert ("ari_password" in said) == ("ari_password" in missing)


def test_a_password_comes_from_a_file_or_the_environment_and_is_never_shown(tmp_path, monkeypatch):
    path = tmp_path / "password"
    path.write_text("hidden\nmore\n")
    access = read_access(Settings(ari_user="u", ari_password=f"@{path}"))
    assert access.password == "hidden"
    assert "hidden" not in repr(access)
    monkeypatch.setenv("ARI_SECRET", "hidden too")
    assert read_access(Settings(ari_user="u", ari_password="$ARI_SECRET")).password == "hidden too"


@pytest.mark.parametrize("user", ["a:b", "a\nb"])
def test_a_user_that_could_not_be_sent_is_refused(user):
    with pytest.raises(UsageError, match="ari_user"):
        read_access(Settings(ari_user=user, ari_password="p"))


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(UsageError, match="ari_password: the file /nowhere cannot be read"):
        read_access(Settings(ari_user="u", ari_password="@/nowhere"))
