"""A model's languages are read from its files, and a choice is cut down to them."""

import json

import pytest

from streamer.core.languages import LANGUAGES
from streamer.errors import UsageError
from streamer.speech.engine.model_languages import (
    ENGLISH_ONLY,
    LanguageChoice,
    choose_languages,
    explain_lack,
    read_languages,
)
from streamer.speech.engine.models import InstalledModel, demo_path

MULTILINGUAL = 51_865


def write_tokens(path, count, *, as_json=True):
    """Write a vocabulary that has a token for each language but Cantonese, and return its model."""
    special = [f"<|{code}|>" for code in LANGUAGES if code != "yue"]
    tokens = [str(number) for number in range(count - len(special))] + special
    if as_json:
        (path / "vocabulary.json").write_text(json.dumps(tokens))
    else:
        (path / "vocabulary.txt").write_text("\n".join(tokens) + "\n")
    return InstalledModel("mine", path, 0)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_small_vocabulary_is_that_of_an_english_model(tmp_path, as_json):
    model = write_tokens(tmp_path, MULTILINGUAL - 1, as_json=as_json)
    assert read_languages(model) == ENGLISH_ONLY


@pytest.mark.parametrize("as_json", [True, False])
def test_a_multilingual_model_knows_what_it_has_tokens_for(tmp_path, as_json):
    model = write_tokens(tmp_path, MULTILINGUAL, as_json=as_json)
    assert set(LANGUAGES) - set(read_languages(model)) == {"yue"}


def test_the_bundled_model_knows_english():
    assert read_languages(InstalledModel("demo", demo_path(), 0)) == ENGLISH_ONLY


def test_distilled_models_know_english_whatever_their_vocabulary(tmp_path):
    model = write_tokens(tmp_path, MULTILINGUAL)
    assert read_languages(InstalledModel("distil-large-v3", model.path, 0)) == ENGLISH_ONLY


@pytest.mark.parametrize("content", ["[]", "[1]", "{}", "no", "[" * 100_000, None])
def test_files_that_do_not_say_keep_nobody_from_a_language(tmp_path, content):
    if content is not None:
        (tmp_path / "vocabulary.json").write_text(content)
    assert read_languages(InstalledModel("mine", tmp_path, 0)) == tuple(LANGUAGES)


@pytest.mark.parametrize(
    ("setting", "languages", "lacking"),
    [
        ("auto", (), ()),
        ("en", ("en",), ()),
        ("es, yue,en", ("es", "en"), ("yue",)),
        ("yue", (), ("yue",)),
    ],
)
def test_a_choice_is_what_the_model_knows_of_what_was_asked_for(
    tmp_path, setting, languages, lacking
):
    choice = choose_languages(setting, write_tokens(tmp_path, MULTILINGUAL))
    assert choice == LanguageChoice(languages, lacking)
    assert choice.is_none == (setting == "yue")


def test_what_is_lacking_is_said_by_name(tmp_path):
    model = write_tokens(tmp_path, MULTILINGUAL)
    choice = LanguageChoice((), ("yue", "es"))
    assert explain_lack(choice, model) == "the model mine does not know Cantonese and Spanish"
    english = InstalledModel("demo", demo_path(), 0)
    said = "the model demo knows only English, not Cantonese and Spanish"
    assert explain_lack(choice, english) == said


def test_an_unknown_language_is_refused(tmp_path):
    with pytest.raises(UsageError, match="unknown language x1"):
        choose_languages("x1", InstalledModel("mine", tmp_path, 0))
