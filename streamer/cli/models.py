"""`streamer models`: which models are installed and where, and how to get another."""

from __future__ import annotations

from streamer.cli import output
from streamer.cli.check_model import encode_findings
from streamer.config import Settings
from streamer.core.untrusted import printable
from streamer.errors import ExitCode, StreamerError, UsageError
from streamer.speech.check.findings import summarise
from streamer.speech.check.memory import recall_latest
from streamer.speech.engine.model_advice import Candidate, read_machine, recommend, suggest
from streamer.speech.engine.model_languages import choose_languages, explain_lack
from streamer.speech.engine.models import (
    DEMO,
    NO_MODEL,
    PULL,
    InstalledModel,
    choose_model,
    list_models,
    models_folder,
    resolve_model,
)

_NOTES = {
    DEMO: f"knows only its small call-centre domain and synthetic voices; for real calls: {PULL}",
}


def run_list(settings: Settings, *, as_json: bool) -> int:
    """Print the installed models, smallest first, and say where they are kept."""
    models = list_models(settings.models_dir)
    if as_json:
        for model in models:
            output.json_line(_describe(model))
        return ExitCode.DONE
    output.data(f"{'name':<18} {'size':>9}  {'languages':<12} path")
    for model in models:
        output.data(
            f"{printable(model.name):<18} {_format_size(model.size):>9}  {_languages(model):<12} {printable(str(model.path))}"
        )
        for note in filter(None, (_NOTES.get(model.name), _say_check(model))):
            output.data(f"{'':<18} {note}")
    output.talk(f"models are kept in {models_folder(settings.models_dir)}")
    return ExitCode.DONE


def run_path(settings: Settings, name: str) -> int:
    """Print where a model is.

    Raises:
        NotFoundError: It is not installed.
    """
    output.data(str(resolve_model(name, settings.models_dir).path))
    return ExitCode.DONE


def run_pull(settings: Settings, name: str) -> int:
    """Download a model and print where it is.

    Raises:
        NotFoundError: There is no such model.
        StreamerError: The hub cannot be reached.
    """
    from streamer.speech.engine.download import pull_model

    output.data(str(pull_model(name, settings.models_dir).path))
    return ExitCode.DONE


def run_advised_pull(settings: Settings) -> int:
    """Say which model does for this machine and why, and download it if the user says yes.

    Raises:
        UsageError: Nobody says yes.
        StreamerError: The hub cannot be reached.
    """
    advice = recommend(read_machine(), settings.language)
    name, size = advice.model.name, _format_size(advice.model.download)
    why = f"for live calls on this machine: {name} ({size}); {advice.reason}"
    if not output.can_ask():
        raise UsageError(f"{why}; download it with `streamer models pull {name}`")
    output.talk(why)
    if not output.ask(f"Download {name}?"):
        raise UsageError("nothing downloaded; download another with `streamer models pull NAME`")
    return run_pull(settings, name)


def choose_or_pull(settings: Settings) -> InstalledModel | None:
    """Return the model to use; if none is installed, offer on a terminal to download one.

    Returns None, after a line that says what to do, if there is still no model.

    Raises:
        NotFoundError: The named model is not installed.
    """
    model = choose_model(settings.model, settings.models_dir)
    if model is None and output.can_ask() and output.is_terminal():
        model = _offer(suggest(settings.language), settings.models_dir)
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


def _offer(model: Candidate, models_dir: str) -> InstalledModel | None:
    from streamer.speech.engine.download import pull_model

    name, size = model.name, _format_size(model.download)
    if not output.ask(f"No speech model is installed. Download {name} ({size}) first?"):
        return None
    try:
        return pull_model(name, models_dir)
    except StreamerError as error:
        output.fail(str(error), error.exit_code)
        return None


def _say_check(model: InstalledModel) -> str:
    findings = recall_latest(model)
    return summarise(findings) if findings else f"not checked: streamer models check {model.name}"


def _describe(model: InstalledModel) -> dict[str, object]:
    findings = recall_latest(model)
    return {
        "name": model.name,
        "size": model.size,
        "languages": _languages(model),
        "path": str(model.path),
        "note": _NOTES.get(model.name, ""),
        "check": encode_findings(findings) if findings else None,
    }


def _languages(model: InstalledModel) -> str:
    return (
        "en"
        if model.name == DEMO or model.name.endswith(".en") or "distil" in model.name
        else "many"
    )


def _format_size(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
