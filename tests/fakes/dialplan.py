"""Runs the lines of an extensions.conf as far as our own need it: variables, expressions, Gosub, and what a test does for CURL and Dial."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import quote

Curl = Callable[[str], Awaitable[str]]
Dial = Callable[[str], Awaitable[str]]
"""What is dialled, up to its options; returns the DIALSTATUS."""

_COMPARISON = re.compile(r'\$\["?([^"\]]*?)"? (=|!=) "?([^"\]]*?)"?\]')
_STEP = re.compile(r"(?:exten => (\w+),1,| same => n,)(\w+)\((.*)\)(?: ;.*)?")


@dataclass
class Dialplan:
    """One call that runs through the lines."""

    text: str
    curl: Curl
    dial: Dial
    variables: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    steps: dict[tuple[str, str], list[tuple[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        context = exten = ""
        for line in self.text.splitlines():
            if line.startswith("[") and line.endswith("]"):
                context = line[1:-1]
            elif step := _STEP.fullmatch(line):
                exten = step[1] or exten
                self.steps.setdefault((context, exten), []).append((step[2], step[3]))

    async def run(self, context: str, exten: str) -> None:
        """Do what stands at an extension, to its end or to Return."""
        self.variables.setdefault("EXTEN", exten)
        for application, arguments in self.steps[context, exten]:
            if application == "Return":
                return
            await self._do(application, arguments)

    async def _do(self, application: str, arguments: str) -> None:
        match application:
            case "Set":
                name, _, value = arguments.partition("=")
                self.variables[name] = await self._fill(value)
            case "ExecIf":
                condition, _, then = arguments.partition("?")
                if self._is_true(await self._fill(condition)):
                    name, _, inner = then.partition("(")
                    await self._do(name, inner.removesuffix(")"))
            case "Gosub":
                context, exten, _ = arguments.split(",")
                await self.run(context, exten)
            case "Dial":
                filled = await self._fill(arguments)
                assert filled.endswith(",,g")
                self.variables["DIALSTATUS"] = await self.dial(filled.removesuffix(",,g"))
            case "Hangup":
                pass
            case _:
                raise AssertionError(f"{application} is not known here")

    async def _fill(self, text: str) -> str:
        """Put in what stands in `${}`, the inner ones first; a value may have braces itself."""
        start = text.find("${")
        if start < 0:
            return text
        depth, end = 1, start + 2
        while depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        value = await self._read(await self._fill(text[start + 2 : end - 1]))
        return text[:start] + value + await self._fill(text[end:])

    async def _read(self, name: str) -> str:
        function, bracket, rest = name.partition("(")
        argument = rest.removesuffix(")")
        match function:
            case "CURL":
                return await self.curl(argument)
            case "URIENCODE":
                return quote(argument, safe="")
            case "LEN":
                return str(len(argument))
            case _ if bracket:
                return self.functions.get(name, "")
            case _:
                return self.variables.get(name, "")

    def _is_true(self, condition: str) -> bool:
        found = _COMPARISON.fullmatch(condition)
        assert found, condition
        return (found[1] == found[3]) is (found[2] == "=")
