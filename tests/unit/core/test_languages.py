import pytest
from hypothesis import given, strategies as st

from streamer.core.languages import LANGUAGES, name_languages, parse_languages
from streamer.errors import UsageError


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("Spanish", "es"),
        ("spanish", "es"),
        ("español", "es"),
        ("Espanol", "es"),
        ("en-US", "en"),
        ("pt_BR", "pt"),
        ("en_US.UTF-8", "en"),
        ("zh-Hans-CN", "zh"),
        ("zh-yue", "yue"),
        ("Spanish (Mexico)", "es"),
        (" Haitian Creole ", "ht"),
        ("हिन्दी", "hi"),
        ("中文", "zh"),
        ("iw", "he"),
        ("en,es", "en es"),
        ("Spanish, en-GB", "es en"),
        ("en, English, EN", "en"),
        ("auto", ""),
        ("Auto", ""),
    ],
)
def test_a_language_is_known_by_code_name_and_region(text, codes):
    assert parse_languages(text, where="--language") == tuple(codes.split())


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_is_known_by_its_code_and_its_name(code):
    assert parse_languages(code, where="") == parse_languages(LANGUAGES[code], where="") == (code,)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("Spansh", "Spanish (es)"), ("eng", "English (en)"), ("en--US", "English (en)")],
)
def test_an_unknown_one_names_itself_and_the_nearest(text, nearest):
    with pytest.raises(UsageError) as raised:
        parse_languages(f"en,{text}", where="--language")
    assert f"--language names the unknown language {text}; the nearest" in str(raised.value)
    assert nearest in str(raised.value)


@pytest.mark.parametrize("text", ["", " ", "en,", "auto,en", ","])
def test_what_is_no_choice_is_an_error(text):
    with pytest.raises(UsageError, match=r"^language must be a language, several"):
        parse_languages(text, where="language")


@given(st.text())
def test_any_text_is_languages_or_one_line_of_error(text):
    said = "en"
    try:
        codes = parse_languages(text, where="language")
    except UsageError as error:
        codes, said = (), str(error)
    assert set(codes) <= set(LANGUAGES)
    assert len(said.splitlines()) == 1


def test_names_make_a_list_in_a_sentence():
    assert name_languages(("es",)) == "Spanish"
    assert name_languages(("es", "fr", "it")) == "Spanish, French and Italian"
