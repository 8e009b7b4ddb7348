"""How `--help` is ordered: commands by what one wants, and examples of each; the texts themselves stand with the commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import typer

from streamer.cli.commands.help_lines import Command, print_ourselves, write_parameters

PANELS: Mapping[str, tuple[str, ...]] = {
    "Record & watch": ("watch", "record", "serve", "stop", "play", "channels", "call"),
    "Look back": (
        "calls",
        "show",
        "stats",
        "report",
        "search",
        "marks",
        "export",
        "transcribe",
        "resume",
        "delete",
        "backup",
    ),
    "Set up": (
        "models",
        "config",
        "alerts",
        "webhooks",
        "doctor",
        "service",
        "completion",
        "man",
        "help",
        "version",
    ),
    "Test": ("demo", "simulate"),
}
"""The commands below each title, in order."""

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "watch": (
        "streamer watch 'PJSIP/100-0000001a'",
        "streamer watch --json | jq -r 'select(.event == \"final\") | .text'",
    ),
    "record": (
        "streamer record 'caller=PJSIP/100-0000001a;1' 'agent=PJSIP/100-0000001a;2'",
        "streamer record 'PJSIP/100-0000001a' -o call.wav --seconds 60",
    ),
    "serve": (
        "streamer serve --accept-unknown",
        "streamer serve --audiosocket 0.0.0.0:9092 --register 127.0.0.1:9093 --json",
    ),
    "stop": ("streamer stop last", "streamer stop --listener 127.0.0.1:9092"),
    "play": (
        "ssh pbx streamer play last --from 1:20 | aplay",
        "streamer play last hold.wav --into-call",
    ),
    "channels": ("streamer channels", "streamer channels --watch --json"),
    "call": (
        "streamer call PJSIP/100 --announce welcome.wav",
        "streamer call 15551234 --trunk provider --context internal --extension 200",
    ),
    "calls": ("streamer calls --since 2h", "streamer calls --text refund --json"),
    "show": ("streamer show last", "streamer show 20261120-1305 --json"),
    "stats": ("streamer stats last", "streamer stats --since 7d --by day --csv"),
    "report": ("streamer report", "streamer report --since 7d -o report.html --force"),
    "search": (
        "streamer search refund",
        "streamer search '\"account number\" OR invoice' --since 7d",
    ),
    "marks": ("streamer marks", "streamer marks last --json"),
    "export": ("streamer export last -o call.srt", "streamer export last --audio -o call.wav"),
    "transcribe": (
        "streamer transcribe call.wav --format srt -o call.srt",
        "ssh pbx cat call.wav | streamer transcribe -",
    ),
    "resume": ("streamer resume", "streamer resume --all"),
    "delete": ("streamer delete last", "streamer delete 20261120-130500-ab12 --yes"),
    "backup": (
        "streamer backup /mnt/backup/today",
        "streamer backup copy --recordings /var/lib/streamer",
    ),
    "models": ("streamer models", "streamer models pull"),
    "models list": ("streamer models list", "streamer models list --json"),
    "models pull": (
        "streamer models pull",
        "streamer models pull small --models-dir /var/lib/streamer/models",
    ),
    "models check": ("streamer models check", "streamer models check small --json"),
    "models path": ("streamer models path small", "ls $(streamer models path demo)"),
    "alerts": ("streamer alerts list", "streamer alerts test last"),
    "alerts list": ("streamer alerts list", "streamer alerts list --json"),
    "alerts test": (
        "streamer alerts test last",
        "streamer alerts test --text 'cancel my contract' --leg caller",
    ),
    "webhooks": ("streamer webhooks list", "streamer webhooks resend"),
    "webhooks list": ("streamer webhooks list", "streamer webhooks list --endpoint crm --json"),
    "webhooks resend": ("streamer webhooks resend", "streamer webhooks resend 1201 1202"),
    "config": ("streamer config > config.toml", "streamer config check"),
    "config sample": (
        "streamer config sample > config.toml",
        "streamer config sample | grep -A1 models_dir",
    ),
    "config show": ("streamer config show", "streamer config show --config ./config.toml --json"),
    "config check": ("streamer config check", "streamer config check --config ./config.toml"),
    "config path": ("streamer config path", "streamer config path --json"),
    "config asterisk": (
        "streamer config asterisk --version 22.5 --via audiosocket",
        "streamer config asterisk --version 22.9 --via websocket --tls",
    ),
    "config yeastar": (
        "streamer config yeastar --url wss://streamer.example.com:9094",
        "streamer config yeastar --rate 8000",
    ),
    "doctor": ("streamer doctor", "streamer doctor 'PJSIP/100-0000001a' --json"),
    "service": (
        "streamer service > /etc/systemd/system/streamer.service",
        "streamer service --user -- --accept-unknown",
    ),
    "completion": (
        'eval "$(streamer completion bash)"',
        'eval "$(streamer completion zsh)"',
    ),
    "man": (
        "streamer man | man -l -",
        "streamer man > streamer.1",
    ),
    "help": ("streamer help watch", "streamer help models pull"),
    "version": ("streamer version", "streamer version --json"),
    "demo": ("streamer demo", "streamer demo --json"),
    "simulate": (
        "streamer simulate call.wav",
        "streamer simulate call.wav --audiosocket 127.0.0.1:9092 --calls 10",
    ),
}
"""Two command lines of each command."""


_WHOLE = 1000
"""More characters than a first sentence has: it is wrapped, never cut."""


class Group(typer.core.TyperGroup):
    """A command of commands."""

    panels: ClassVar[Mapping[str, Sequence[str]] | None] = None

    def get_help_option(self, ctx: Any) -> Any:
        """Return the flag that prints the help, by way of our own output."""
        return print_ourselves(super().get_help_option(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write its flags, then its commands."""
        write_parameters(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands that there are, panel by panel."""
        width = max(map(len, self.commands))
        for title, names in (self.panels or {"Commands": list(self.commands)}).items():
            rows = [
                (name.ljust(width), self.commands[name].get_short_help_str(_WHOLE))
                for name in names
                if name in self.commands
            ]
            with formatter.section(title):
                formatter.write_dl(rows)


class GroupedHelp(Group):
    """The whole of streamer; its help lists commands below the titles of `PANELS`."""

    panels = PANELS


def finish_help(app: typer.Typer, before: str = "") -> None:
    """Have each command of a group, and of the groups in it, say ranges and defaults in words, and put its examples below."""
    for name, info in _list_commands(app):
        if isinstance(info, typer.models.CommandInfo):
            info.cls = Command
        if examples := EXAMPLES.get(f"{before}{name}"):
            info.epilog = "\n".join(["\b", "Examples:", *(f"  {line}" for line in examples)])
    for group in app.registered_groups:
        if group.typer_instance is not None:
            finish_help(group.typer_instance, f"{before}{group.name} ")


def _list_commands(
    app: typer.Typer,
) -> Iterator[tuple[str, typer.models.CommandInfo | typer.models.TyperInfo]]:
    for command in app.registered_commands:
        name = command.name or str(getattr(command.callback, "__name__", ""))
        yield str(name).replace("_", "-"), command
    for group in app.registered_groups:
        yield group.name or "", group
