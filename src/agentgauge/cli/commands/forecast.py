"""`agentgauge forecast`: what the coming days will cost, and when a budget is used up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from decimal import Decimal

    from rich.table import Table
    from rich.text import Text

    from agentgauge.cli.output import Screen
    from agentgauge.cli.question import Question
    from agentgauge.cli.tables import Cell
    from agentgauge.service.reports.forecast import BudgetDates, Forecast

_DAYS = 30
_HEIGHT = 6
_PAST_SHOWN = 56
_EXPENDABLE = ("95 %",)


def forecast(
    metric: Annotated[str, typer.Option("--metric", help="cost, tokens or operations.")] = "cost",
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=366, help="Days ahead, today included. Default: 30.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="The last day, such as 2026-12-31, or month-end.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="WHEN", help="The first day to learn from, where older ones mislead."),
    ] = None,
    where: options.Where = None,
    budget: Annotated[
        str | None, typer.Option("--budget", metavar="USD", help="Also say when so many dollars are used up.")
    ] = None,
    budget_since: Annotated[
        str | None, typer.Option("--budget-since", metavar="DATE", help="Its first day. Default: this month's first.")
    ] = None,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show what coming days will cost and when a budget ends.

    From complete days: 7 for a forecast, 28 for intervals. The method is the one that would have done best so far, and
    the intervals are as wide as its errors were.
    """
    from agentgauge.cli.output import print_document
    from agentgauge.cli.question import question
    from agentgauge.errors import QueryError
    from agentgauge.service import reports
    from agentgauge.service.horizon import day_of, days_until

    if days is not None and until is not None:
        raise QueryError("--days and --until both say how far: give one of them")
    if budget is None and budget_since is not None:
        raise QueryError("--budget-since is a budget's first day: say how much with --budget")
    with question(since, None, where, tz, home) as asked:
        ahead = days or (_DAYS if until is None else days_until(until, asked.zone, asked.now))
        asked.check_recorded()
        answer = reports.forecast(
            asked.engine,
            asked.window,
            zone=asked.zone_name,
            now=asked.now,
            metric=metric,
            days=ahead,
            filters=asked.filters,
            budget_usd=None if budget is None else _dollars(budget),
            budget_since=None if budget_since is None else day_of(budget_since, asked.zone, asked.now),
        )
    if as_json:
        print_document(answer)
    else:
        _show(answer, asked)


def _dollars(text: str) -> Decimal:
    from decimal import Decimal, InvalidOperation

    from agentgauge.errors import QueryError

    try:
        amount = Decimal(text.strip().removeprefix("$").replace(",", ""))
    except InvalidOperation:
        raise QueryError(f"--budget {text!r} is no amount of dollars: write it as 500 or 499.50") from None
    if not amount.is_finite() or amount <= 0:
        raise QueryError(f"--budget {text!r} is not more than nothing: write it as 500 or 499.50")
    return amount


def _show(answer: Forecast, asked: Question) -> None:
    from rich.text import Text

    from agentgauge.cli.output import screen
    from agentgauge.service import forecast_wording

    out = screen()
    if asked.part:
        out.print(Text(asked.part, style="dim"))
    out.print(Text(forecast_wording.sentence(answer), style="bold"))
    if answer.budget is not None:
        out.print(Text(_budget(answer.budget, answer.state)))
    if answer.days:
        out.print()
        for line in _chart(answer, out):
            out.print(line, soft_wrap=True)
        out.print(_weeks(answer, out.width))
    out.print()
    for small in forecast_wording.small_print(answer):
        out.print(Text(small, style="dim"))


def _budget(budget: BudgetDates, state: str) -> str:
    from agentgauge.cli import wording

    spent = f"Budget of {wording.money(budget.budget_usd)} since {budget.since.isoformat()}: "
    spent += f"{wording.cost(budget.spent_usd, budget.unpriced_calls)} spent"
    if budget.exhausted:
        return f"{spent}; it is used up already."
    if state == "too little history":
        return f"{spent}; when it is used up cannot be said."
    if budget.day is None and budget.earliest_95 is None:
        sure = "" if state == "forecast" else ", as far as can be said"
        return f"{spent}; not used up by {budget.horizon.isoformat()}{sure}."
    expected = "expected to be used up on" if budget.day else "not expected to be used up by"
    expected += f" {_short(budget.day or budget.horizon)}"
    if state == "no intervals":
        return f"{spent}; {expected}."
    within = ", ".join(
        f"{level} %: {_range(early, late, budget.horizon)}"
        for level, early, late in (
            (80, budget.earliest_80, budget.latest_80),
            (95, budget.earliest_95, budget.latest_95),
        )
    )
    return f"{spent}; {expected} ({within})."


def _range(early: date | None, late: date | None, horizon: date) -> str:
    after = f"after {_short(horizon)}"
    if early is None:
        return after
    if late is None:
        return f"{_short(early)} to {after}"
    return _short(early) if early == late else f"{_short(early)} to {_short(late)}"


def _short(day: date) -> str:
    return f"{day:%a %Y-%m-%d}"


def _chart(answer: Forecast, out: Screen) -> Iterator[Text]:
    """Days that were, then days that are expected, in another colour; one character each."""
    from rich.text import Text

    from agentgauge.cli.chart import can_draw_blocks
    from agentgauge.cli.column_chart import column_chart
    from agentgauge.service import forecast_wording

    ahead = [day.expected.value for day in answer.days]
    past = [day.value for day in answer.past][-_PAST_SHOWN:]
    top = forecast_wording.figure(max([*past, *ahead]), answer.unit)
    room = max(out.width - len(top) - 2, 20)
    ahead = ahead[: max(room - min(len(past), room // 2), 1)]
    past = past[-(room - len(ahead)) :] if room > len(ahead) else []
    lines = column_chart([*past, *ahead], _HEIGHT, unicode=can_draw_blocks(out.encoding))
    labels = [top, *[""] * (_HEIGHT - 2), "0"]
    for label, line in zip(labels, lines, strict=True):
        padded = line.ljust(len(past) + len(ahead))
        yield (
            Text(f"{label:>{len(top)}} ")
            + Text(padded[: len(past)], style="cyan")
            + Text("|", style="dim")
            + Text(padded[len(past) :].rstrip(), style="yellow")
        )
    yield Text(
        f"{'':>{len(top)}} {'so far'.rjust(len(past)) if len(past) >= 6 else ' ' * len(past)}|expected", style="dim"
    )
    yield Text("")


def _weeks(answer: Forecast, width: int) -> Table:
    from agentgauge.cli.tables import fitting, rows_table
    from agentgauge.service import forecast_wording

    first: list[Cell] = [("week until", lambda week: week.last.isoformat())]
    numbers: list[Cell] = [
        ("expected", lambda week: forecast_wording.figure(week.expected, answer.unit)),
        ("up to then", lambda week: forecast_wording.figure(week.so_far.value, answer.unit)),
    ]
    if answer.state == "forecast":
        numbers += [
            ("80 %", lambda week: forecast_wording.between(week.so_far, 80, answer.unit)),
            ("95 %", lambda week: forecast_wording.between(week.so_far, 95, answer.unit)),
        ]
    return rows_table(None, first, fitting(first, numbers, _EXPENDABLE, answer.weeks, width), answer.weeks)
