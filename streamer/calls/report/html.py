"""A report as one HTML file: no scripts, nothing loaded, bars as SVG with their numbers as text beside them."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from streamer.calls.report.document import Chart, Report

_TEMPLATE = "report.html"


def render(report: Report) -> str:
    """Return the report as a page; every string is escaped."""
    source = files(__package__).joinpath(_TEMPLATE).read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["most"] = _find_most
    environment.tests["chart"] = _is_chart
    return environment.from_string(source).render(report=report) + "\n"


def _find_most(chart: Chart) -> int:
    return max([1, *(bar.value for bar in chart.bars)])


def _is_chart(part: object) -> bool:
    return isinstance(part, Chart)
