"""How arguments and flags are read, and how they stand in the help of a command and in the manual page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from streamer.cli import output
from streamer.errors import UsageError

_BRACES = re.compile(r"\{([^|}]*)\}")
"""What a command needs, in its usage; where there is a choice the braces say where it ends."""


_TOLD_ELSEWHERE = ("text", "channels", "files", "incoming", "outgoing", "address", "token")
"""Arguments and flags of which whoever reads them says in better words that they are empty."""


class Command(typer.core.TyperCommand):
    """A command whose help is read without knowing the library that writes it, and that takes nothing empty."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line.

        Raises:
            UsageError: A value is empty, as of a variable that is not set; it would name the folder in which one is, or all calls.
        """
        if not ctx.resilient_parsing and any(arg == "" or arg.endswith("=") for arg in args):
            self._refuse_empty(ctx, args)
        rest: list[str] = super().parse_args(ctx, args)
        return rest

    def _refuse_empty(self, ctx: Any, args: list[str]) -> None:
        from streamer.config import Settings

        settings = Settings()
        values, _, _ = self.make_parser(ctx).parse_args(args=list(args))
        for parameter in self.get_params(ctx):
            given = values.get(parameter.name or "")
            given = given if isinstance(given, list | tuple) else (given,)
            may_be = getattr(settings, parameter.name or "", None) == ""  # in place of the config's
            if "" in given and not may_be and parameter.name not in _TOLD_ELSEWHERE:
                name = parameter.opts[-1] if parameter.opts[-1].startswith("-") else ""
                raise UsageError(
                    f"{name or parameter.human_readable_name.strip('[].')} is empty; check that the variable is set"
                )

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return what stands behind the name of the command."""
        return [_BRACES.sub(r"\1", piece) for piece in super().collect_usage_pieces(ctx)]

    def get_help_option(self, ctx: Any) -> Any:
        """Return the flag that prints the help, by way of our own output."""
        return print_ourselves(super().get_help_option(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, then the flags."""
        write_parameters(self, ctx, formatter)


def print_ourselves(option: Any) -> Any:
    """Have the flag of the help say in our words that stdout cannot be written."""
    if option is not None:
        option.callback = _print_help
    return option


def _print_help(ctx: Any, _: Any, is_asked: bool) -> None:
    if is_asked and not ctx.resilient_parsing:
        output.data(ctx.get_help())
        ctx.exit()


def write_parameters(command: Any, ctx: Any, formatter: Any) -> None:
    """Write the arguments of a command, then its flags."""
    for title, kind in (("Arguments", "argument"), ("Options", "option")):
        rows = [
            (record[0], explain(parameter))
            for parameter in command.get_params(ctx)
            if parameter.param_type_name == kind
            and (record := parameter.get_help_record(ctx)) is not None
        ]
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)


def explain(parameter: Any) -> str:
    """Return the help of an argument or a flag, with what may be given and what counts without it."""
    text = " ".join((parameter.help or "").split())
    facts = "; ".join(fact for fact in _list_facts(parameter) if fact)
    if not facts or "(" in text:
        return text
    return f"{text.removesuffix('.')} ({facts})."


def _list_facts(parameter: Any) -> Iterator[str]:
    """Yield what is true of a value; a text that has brackets of its own says it better."""
    if parameter.param_type_name == "argument" or getattr(parameter, "count", False):
        return
    low, high = (getattr(parameter.type, bound, None) for bound in ("min", "max"))
    if low is not None and high is not None:
        yield f"{low} to {high}"
    elif low is not None:
        yield f"at least {low}"
    elif high is not None:
        yield f"at most {high}"
    if parameter.required:
        yield "required"
    elif isinstance(parameter.default, int | float | str) and _is_shown(parameter):
        yield f"default: {_write_value(parameter.default)}"


def _is_shown(parameter: Any) -> bool:
    return not isinstance(parameter.default, bool) and parameter.default != ""


def _write_value(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
