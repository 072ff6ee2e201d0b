"""`/costs`: what was spent and on what, what the coming days will cost, which budgets run out when, and what has no
price.
"""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.content import Content, Empty, Note, Own, Sentence, Tile, Tiles
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages.costs_budgets import budgets_table
from agentgauge.dashboard.pages.costs_dimensions import CostFilters, spend_by, spend_over_time
from agentgauge.dashboard.pages.work_links import unpriced_link
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import forecast_wording, reports, short_wording, wording
from agentgauge.service.cache_savings import CacheSavings, Savings, cache_savings
from agentgauge.service.graphs.forecasts import forecast_chart
from agentgauge.service.reports.forecast import Forecast
from agentgauge.service.spend import Spend, spend
from agentgauge.service.unpriced_calls import Unpriced, unpriced_calls
from agentgauge.service.window import Window

_SEND = "agentgauge import claude-code ~/.claude/projects"


def _tiles(asked: PageAsked) -> Iterator[Content]:
    if asked.first is None:
        yield Empty(text="Nothing is recorded yet. This command brings in what there is:", command=_SEND)
        return
    found = spend(asked.engine, asked.window, zone=asked.filters.tz, now=asked.now, filters=asked.conditions)
    ahead = _forecast(asked)
    yield Tiles(
        (
            Tile(
                title=f"Spend, {asked.filters.words()}",
                figure=short_wording.cost(found.total_usd, found.unpriced_calls),
                note=_per_day(found),
                course=found.course,
                link=asked.link("/runs", view="calls", order="dearest", having="cost"),
            ),
            Tile(
                title="Spend today",
                figure=short_wording.cost(found.today_usd, found.today_unpriced_calls),
                note=f"{short_wording.cost(found.yesterday_usd, found.yesterday_unpriced_calls)} yesterday",
                link=asked.link(
                    "/runs",
                    range=None,
                    start=found.today_starts.isoformat(),
                    end=None,
                    view="calls",
                    order="dearest",
                    having="cost",
                ),
            ),
            Tile(
                title="Expected, next 30 days",
                figure="-" if ahead.total is None else forecast_wording.figure(ahead.total.value, "USD"),
                note=_within(ahead),
                link=f"{asked.here()}#forecast",
            ),
            Tile(
                title="Unpriced calls",
                figure=short_wording.count(found.unpriced_calls),
                note="their cost is in no figure" if found.unpriced_calls else "every call has its price",
                tone="warn" if found.unpriced_calls else "plain",
                link=asked.link("/runs", view="calls", priced="no") if found.unpriced_calls else None,
            ),
        )
    )


def _per_day(found: Spend) -> str:
    if not found.days:
        return ""
    mean = short_wording.cost(found.per_day_usd, found.unpriced_calls)
    return f"{mean} a day, mean of {wording.count_of(found.days, 'day')}"


def _forecast(asked: PageAsked) -> Forecast:
    """Of the coming 30 days, from all days there are: a range of a week would know no weekends."""
    return reports.forecast(asked.engine, Window(), zone=asked.filters.tz, now=asked.now, filters=asked.conditions)


def _within(ahead: Forecast) -> str:
    if ahead.total is None:
        return "7 complete days are needed"
    if ahead.state == "no intervals":
        return f"an interval needs {ahead.needed_days} complete days"
    return f"{forecast_wording.between(ahead.total, 95, 'USD')} in 95 of 100 cases"


def _forecast_card(asked: PageAsked) -> Iterator[Content]:
    ahead = _forecast(asked)
    if ahead.total is None:
        yield Empty(text=forecast_wording.sentence(ahead))
        return
    yield Sentence(text=forecast_wording.sentence(ahead))
    yield drawn(forecast_chart(ahead))
    yield Own(template="costs/small_print.html", values={"lines": tuple(forecast_wording.small_print(ahead))})


def _cache(asked: PageAsked) -> Iterator[Content]:
    found = cache_savings(asked.engine, asked.window, asked.runtime.meter.book, asked.conditions)
    if not found.models:
        yield Empty(text="No call of this range used a prompt cache.")
        return
    yield Sentence(text=_saved(found), tone="plain" if found.total.saved_usd is None else "good")
    yield Table(
        columns=_OF_CACHE, rows=tuple(_cache_row(asked, row) for row in found.models), caption="Caches by model"
    )
    if found.total.unpriced_tokens:
        tokens = short_wording.large_count(found.total.unpriced_tokens)
        yield Note(f"{tokens} tokens of caches have no known rates, and are in no sum.")


_OF_CACHE = (
    Column(key="model", title="Model", kind="name"),
    Column(key="read", title="Read", kind="tokens", note="Tokens that were read from a cache", narrow=False),
    Column(key="written", title="Written", kind="tokens", note="Tokens that were written to one", narrow=False),
    Column(key="reads", title="Saved by reads", kind="money", note="Against the plain input rate"),
    Column(key="writes", title="Paid for writes", kind="money", note="On top of the plain input rate"),
    Column(key="saved", title="Saved", kind="money"),
)


def _cache_row(asked: PageAsked, row: Savings) -> Row:
    return Row(
        values={
            "model": row.model, "read": row.cache_read_tokens, "written": row.cache_write_tokens,
            "reads": row.saved_by_reads_usd, "writes": row.paid_for_writes_usd, "saved": row.saved_usd,
        },
        links={"model": asked.link("/runs", view="calls", model=row.model)},
    )  # fmt: skip


def _saved(found: CacheSavings) -> str:
    total = found.total
    if total.saved_usd is None:
        return "What caches saved is not known: no rates of these models are."
    if total.saved_usd < 0:
        more = short_wording.money(-total.saved_usd)
        return f"Caches cost {more} more than they saved: what was written to them was hardly read."
    return f"Caches saved {short_wording.money(total.saved_usd)}, what writing them cost already taken off."


def _unpriced(asked: PageAsked) -> Iterator[Content]:
    found = unpriced_calls(asked.engine, asked.window, asked.conditions).rows
    if not found:
        yield Empty(text="No call of this range is without a price.")
        return
    calls = sum(row.calls for row in found)
    yield Sentence(text=f"{wording.unpriced(calls)}: in no sum, no budget and no forecast.", tone="warn")
    yield Table(
        columns=_OF_UNPRICED, rows=tuple(_unpriced_row(asked, row) for row in found), caption="Models without a price"
    )
    priced = next((row for row in found if row.row is not None), None)
    if priced is not None:
        yield Own(template="costs/pricing.html", values={"row": priced.row, "command": _reprice(found)})


def _reprice(found: tuple[Unpriced, ...]) -> str:
    return min(found, key=lambda row: row.first).command


_OF_UNPRICED = (
    Column(key="model", title="Model", kind="name"),
    Column(key="provider", title="Provider", kind="text", narrow=False),
    Column(key="calls", title="Calls", kind="count"),
    Column(key="tokens", title="Tokens", kind="tokens"),
    Column(key="first", title="Since", kind="time"),
    Column(key="last", title="Last", kind="time", narrow=False),
)


def _unpriced_row(asked: PageAsked, row: Unpriced) -> Row:
    link = unpriced_link(asked, row)
    return Row(
        values={
            "model": row.model or "no model named", "provider": row.provider, "calls": row.calls,
            "tokens": row.tokens, "first": row.first, "last": row.last,
        },
        links=dict.fromkeys(("model", "calls", "tokens"), link),
    )  # fmt: skip


COSTS = Page(
    path="/costs",
    title="Costs and budgets",
    in_menu="Costs",
    cards=(
        Card(id="figures", title="Figures", build=_tiles, width="bare"),
        Card(id="spend", title="Spend over time", build=spend_over_time, width="two-thirds"),
        Card(id="forecast", title="Forecast", build=_forecast_card, width="third", note="cost per day"),
        Card(id="budgets", title="Budgets", build=budgets_table, note="of their own periods, whatever the range"),
        Card(id="spend-by", title="What it was spent on", build=spend_by),
        Card(id="cache", title="What caches saved", build=_cache, low=True, width="half"),
        Card(id="unpriced", title="Calls without a price", build=_unpriced, low=True, width="half"),
    ),
    parameters=CostFilters,
    topics=("budgets",),
)
