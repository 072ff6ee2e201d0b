"""Tables of a report about work: agents with what a success cost, models, tools, and what else was asked for."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.charts import paints
from agentgauge.engines.time_buckets import zone_named
from agentgauge.service import reports, short_wording, wording
from agentgauge.service.graphs.colours import known_entities
from agentgauge.service.report_document.document import Cell, Column, Table
from agentgauge.service.report_document.figures import (
    count_cell,
    duration_cell,
    money_cell,
    percent_cell,
    tokens_cell,
)
from agentgauge.service.report_document.question import Question
from agentgauge.service.reports.ranking import Ranked
from agentgauge.service.reports.totals import FEW, ratio
from agentgauge.service.unpriced_calls import unpriced_calls

_SHOWN = (("agent",), ("model",), ("tool",))
"""What a report is broken down by in any case."""
_NONE = "none"


def tables(asked: Question) -> Iterator[Table]:
    if asked.by not in _SHOWN:
        yield _others(asked)
    yield _agents(asked)
    yield _models(asked)
    yield _tools(asked)
    yield _unpriced(asked)


def _agents(asked: Question) -> Table:
    found = [row for row in reports.ranking(asked.engine, asked.window, "agent", asked.filters).rows if row.name]
    known = known_entities(asked.engine, "agent")
    return Table(
        title="Agents",
        columns=(
            Column("Agent", is_figure=False),
            Column("Tasks"),
            Column("Success", note="of the tasks that have an outcome, with its 95 % interval"),
            Column("p95", note=f"of a task; needs {FEW} tasks"),
            Column("Tokens"),
            Column("Cost"),
            Column("Per success", note="all cost, failed work too, per success"),
        ),
        rows=tuple(
            (
                Cell(row.name or _NONE, note=", ".join(row.roles), colour=_colour(row.name or _NONE, known)),
                count_cell(row.tasks),
                _success(row),
                duration_cell(row.task_duration.p95_ms, is_known=row.tasks >= FEW),
                tokens_cell(row.tokens),
                money_cell(row.cost_usd, row.unpriced_calls),
                money_cell(row.cost_per_success_usd),
            )
            for row in found[: asked.limit]
        ),
        more=max(0, len(found) - asked.limit),
    )


def _success(row: Ranked) -> Cell:
    if row.success_low != row.success_low:
        return percent_cell(row.success_rate)
    cell = percent_cell(row.success_rate)
    return Cell(cell.text, f"{row.success_low * 100:.0f}-{row.success_high * 100:.0f} %", cell.value)


def _models(asked: Question) -> Table:
    found = [row for row in reports.ranking(asked.engine, asked.window, "model", asked.filters).rows if row.name]
    known = known_entities(asked.engine, "model")
    return Table(
        title="Models",
        columns=(
            Column("Model", is_figure=False),
            Column("Calls"),
            Column("Failed"),
            Column("Median", note="of a call"),
            Column("p95", note=f"of a call; needs {FEW} calls"),
            Column("Tokens"),
            Column("From cache", note="of the input tokens"),
            Column("Cost"),
        ),
        rows=tuple(
            (
                Cell(row.name or _NONE, colour=_colour(row.name or _NONE, known)),
                count_cell(row.calls),
                percent_cell(ratio(row.failed_calls, row.calls)),
                duration_cell(row.call_duration.median_ms),
                duration_cell(row.call_duration.p95_ms, is_known=row.calls >= FEW),
                tokens_cell(row.tokens),
                percent_cell(row.cached_share),
                money_cell(row.cost_usd, row.unpriced_calls),
            )
            for row in found[: asked.limit]
        ),
        more=max(0, len(found) - asked.limit),
    )


def _tools(asked: Question) -> Table:
    found = reports.tools(asked.engine, asked.window, asked.filters).rows
    return Table(
        title="Tools",
        columns=(
            Column("Tool", is_figure=False),
            Column("Calls"),
            Column("Failed"),
            Column("Median", note="of a call"),
            Column("p95", note=f"of a call; needs {FEW} calls"),
        ),
        rows=tuple(
            (
                Cell(row.name or _NONE),
                count_cell(row.calls),
                percent_cell(row.failure_rate),
                duration_cell(row.median_ms),
                duration_cell(row.p95_ms, is_known=not row.few),
            )
            for row in found[: asked.limit]
        ),
        more=max(0, len(found) - asked.limit),
    )


def _others(asked: Question) -> Table:
    """What `by` names beside what is always there."""
    found = reports.breakdown(asked.engine, asked.window, asked.by, asked.filters).rows
    names = [name.removeprefix("attributes.") for name in asked.by]
    return Table(
        title=f"By {' and '.join(names)}",
        columns=(
            *(Column(name.replace("_", " ").capitalize(), is_figure=False) for name in names),
            Column("Tasks"),
            Column("Success"),
            Column("Calls"),
            Column("Tokens"),
            Column("Cost"),
        ),
        rows=tuple(
            (
                *(Cell(_NONE if key is None else str(key)) for key in row.key.values()),
                count_cell(row.tasks),
                percent_cell(row.success_rate),
                count_cell(row.calls),
                tokens_cell(row.tokens),
                money_cell(row.cost_usd, row.unpriced_calls),
            )
            for row in found[: asked.limit]
        ),
        more=max(0, len(found) - asked.limit),
    )


def _unpriced(asked: Question) -> Table:
    found = unpriced_calls(asked.engine, asked.window, asked.filters).rows
    zone = zone_named(asked.zone_name)
    return Table(
        title="Calls without a price",
        note="They are in no sum of money. A price in prices.toml and 'agentgauge reprice' price them.",
        columns=(
            Column("Model", is_figure=False),
            Column("Provider", is_figure=False),
            Column("Calls"),
            Column("Tokens"),
            Column("First"),
            Column("Last"),
        ),
        rows=tuple(
            (
                Cell(row.model or "no model named"),
                Cell(row.provider or short_wording.NOTHING),
                count_cell(row.calls),
                tokens_cell(row.tokens),
                Cell(wording.moment(row.first, zone)),
                Cell(wording.moment(row.last, zone)),
            )
            for row in found[: asked.limit]
        ),
        more=max(0, len(found) - asked.limit),
    )


def _colour(name: str, known: tuple[str, ...]) -> str | None:
    return paints([name], known)[name].colour if name in known else None
