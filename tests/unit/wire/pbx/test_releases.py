"""With which releases things came: the facts as the sheet of protocols has them, written here a second time."""

import pytest

from streamer.errors import UsageError
from streamer.wire.pbx.releases import FIRST_RELEASES, WAYS, Feature, check_way, has, name_first
from streamer.wire.pbx.versions import Version, parse_version

FACTS = {
    Feature.AUDIOSOCKET: "18.0.0",
    Feature.AUDIOSOCKET_GOES_ON: "20.14.0 / 21.9.0 / 22.4.0 / 23.0.0",
    Feature.AUDIOSOCKET_RATES: "20.17.0 / 21.12.0 / 22.7.0 / 23.1.0",
    Feature.AUDIOSOCKET_HEADERS: "20.19.0 / 22.9.0 / 23.3.0",
    Feature.AUDIOSOCKET_COMFORT_NOISE: "20.20.0 / 22.10.0 / 23.4.0",
    Feature.APPLICATIONS_END: "20.14.0 / 21.9.0 / 22.4.0 / 23.0.0",
    Feature.UUID: "20.12.0 / 21.7.0 / 22.2.0 / 23.0.0",
    Feature.WEBSOCKET: "20.16.0 / 21.11.0 / 22.6.0 / 23.0.0",
    Feature.WEBSOCKET_COMFORT_NOISE: "20.18.0 / 22.8.0 / 23.2.0",
    Feature.WEBSOCKET_DIRECTION: "20.19.0 / 22.9.0 / 23.3.0",
    Feature.MEDIA_PARAMETERS: "18.7.0",
}
RELEASES = [(feature, text) for feature, row in FACTS.items() for text in row.split(" / ")]


def test_every_feature_has_its_facts():
    assert set(FACTS) == set(FIRST_RELEASES) == set(Feature)


@pytest.mark.parametrize(("feature", "release"), RELEASES)
def test_a_feature_is_there_from_its_first_release_on_and_not_before(feature, release):
    version = parse_version(release)
    assert has(version, feature)
    assert has(parse_version(f"{release}-rc1"), feature)
    assert has(Version(version.major, version.minor + 1), feature)
    if version.minor:
        assert not has(Version(version.major, version.minor - 1, 9), feature)
    assert release in name_first(feature)


@pytest.mark.parametrize("feature", Feature)
def test_a_feature_is_in_all_that_come_later_and_in_none_that_came_before(feature):
    first, last = min(FIRST_RELEASES[feature]), max(FIRST_RELEASES[feature])
    assert has(Version(last + 1), feature)
    assert not has(Version(first - 1, 99), feature)


def test_what_came_after_the_last_release_of_a_branch_never_came_to_it():
    assert not has(Version(21, 12, 9), Feature.WEBSOCKET_DIRECTION)


@pytest.mark.parametrize(
    ("text", "via", "first"),
    [
        ("22.5", "websocket", "22.6.0"),
        ("22.5.9", "websocket", "22.6.0"),
        ("20.15.2", "websocket", "20.16.0"),
        ("21.10", "websocket", "21.11.0"),
        ("19.8", "websocket", "20.16.0"),
        ("20", "websocket", "20.16.0"),
        ("certified/20.7-cert1", "websocket", "20.16.0"),
        ("17.9", "audiosocket", "18.0.0"),
        ("16.30", "ari", "18.0.0"),
        ("1.8", "audiosocket", "18.0.0"),
    ],
)
def test_a_version_older_than_a_way_is_refused_with_its_first_release(text, via, first):
    with pytest.raises(UsageError, match=f"too old for --via {via}.* from .*{first}"):
        check_way(parse_version(text), via)


def test_a_refusal_names_the_ways_that_the_version_has():
    with pytest.raises(UsageError, match="use --via audiosocket or --via ari, or update"):
        check_way(parse_version("22.5"), "websocket")
    with pytest.raises(UsageError, match="on; update Asterisk$"):
        check_way(parse_version("16"), "websocket")


def test_a_major_version_alone_is_said_to_be_read_as_its_first_release():
    with pytest.raises(UsageError, match=r"\(22 is read as 22\.0\.0\)"):
        check_way(parse_version("22"), "websocket")


@pytest.mark.parametrize("name", WAYS)
def test_a_way_is_found_by_its_name(name):
    assert check_way(parse_version("23.0.0-rc1"), name).name == name


def test_a_way_that_is_none_is_refused_with_those_that_are():
    with pytest.raises(UsageError, match="audiosocket, websocket, ari"):
        check_way(parse_version("22.5"), "sip")
