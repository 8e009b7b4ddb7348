"""`streamer models`: which models are installed and where, and how to get another."""

from __future__ import annotations

import json

from streamer.cli import output
from streamer.config import Settings
from streamer.errors import ExitCode, StreamerError, UsageError
from streamer.speech.engine.model_languages import choose_languages, explain_lack
from streamer.speech.engine.models import (
    DEMO,
    NO_MODEL,
    SUGGESTED,
    InstalledModel,
    choose_model,
    list_models,
    resolve_model,
)

_NOTES = {
    DEMO: "knows only its small call-centre domain and synthetic voices; for real calls: streamer models pull small",
}


def run_list(*, as_json: bool) -> int:
    """Print the installed models, smallest first."""
    models = list_models()
    if as_json:
        for model in models:
            output.data(json.dumps(_describe(model)))
        return ExitCode.DONE
    output.data(f"{'name':<18} {'size':>9}  {'languages':<12} path")
    for model in models:
        output.data(
            f"{model.name:<18} {_format_size(model.size):>9}  {_languages(model):<12} {model.path}"
        )
        if note := _NOTES.get(model.name):
            output.data(f"{'':<18} {note}")
    return ExitCode.DONE


def run_path(name: str) -> int:
    """Print where a model is.

    Raises:
        NotFoundError: It is not installed.
    """
    output.data(str(resolve_model(name).path))
    return ExitCode.DONE


def run_pull(name: str) -> int:
    """Download a model and print where it is.

    Raises:
        NotFoundError: There is no such model.
        StreamerError: The hub cannot be reached.
    """
    from streamer.speech.engine.download import pull_model

    output.data(str(pull_model(name).path))
    return ExitCode.DONE


def choose_or_pull(settings: Settings) -> InstalledModel | None:
    """Return the model to use; if none is installed, offer on a terminal to download one.

    Returns None, after a line that says what to do, if there is still no model.

    Raises:
        NotFoundError: The named model is not installed.
    """
    model = choose_model(settings.model)
    if model is None and output.can_ask():
        model = _offer(SUGGESTED)
    if model is None:
        output.talk(NO_MODEL)
    return model


def need_language(settings: Settings, model: InstalledModel) -> None:
    """See to it that a model knows a language of those that are spoken, for commands that only make text.

    Raises:
        UsageError: It knows none.
    """
    choice = choose_languages(settings.language, model)
    if choice.is_none:
        raise UsageError(
            f"{explain_lack(choice, model)}; name another model with --model, or another language with --language"
        )


def _offer(name: str) -> InstalledModel | None:
    from streamer.speech.engine.download import pull_model

    if not output.ask(f"No speech model is installed. Download {name} (about 480 MB) first?"):
        return None
    try:
        return pull_model(name)
    except StreamerError as error:
        output.fail(str(error), error.exit_code)
        return None


def _describe(model: InstalledModel) -> dict[str, str | int]:
    return {
        "name": model.name,
        "size": model.size,
        "languages": _languages(model),
        "path": str(model.path),
        "note": _NOTES.get(model.name, ""),
    }


def _languages(model: InstalledModel) -> str:
    return (
        "en"
        if model.name == DEMO or model.name.endswith(".en") or "distil" in model.name
        else "many"
    )


def _format_size(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
