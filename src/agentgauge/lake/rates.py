"""Pricing rows in bulk: the one place where rows of the lake meet the price book.

What lands and what is repriced are both rows of a temporary table `lines`, and both are priced by `computed`, so that a
call costs the same by either way. The table has the columns of the journal's lines that a price depends on: kind, time
(microseconds since 1970), model, provider, tier, the tokens, and `cost_usd`, which is null where a cost is to be
computed.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import duckdb

from agentgauge.events import fields, kinds
from agentgauge.events.event import to_micros
from agentgauge.pricing import PriceBook, Rates, cost_sql

Integer = Literal["HUGEINT", "BIGINT"]

PRICED_KINDS = tuple(
    kind.name for kind in kinds.KINDS if kind.carries_usage and any(field.name == "model" for field in kind.fields)
)
PRICED = ", ".join(f"'{kind}'" for kind in PRICED_KINDS)
"""The kinds whose events have a price, as a list in SQL."""

_NAMES = Rates.__struct_fields__


def load_rates(connection: duckdb.DuckDBPyConnection, book: PriceBook) -> Integer:
    """Make the temporary table `rates` for each model, provider, tier and day that the lines name.

    Returns what the cost of every line can be computed in.
    """
    keys: list[tuple[str, str | None, str, date]] = connection.execute(
        f"""
        SELECT DISTINCT model, provider, coalesce(tier, 'standard'), make_timestamp(time)::DATE
        FROM lines WHERE kind IN ({PRICED}) AND cost_usd IS NULL AND model IS NOT NULL
        """
    ).fetchall()
    rows: list[tuple[object, ...]] = [
        (
            model,
            provider,
            tier,
            day,
            to_micros(window.start),
            to_micros(window.end),
            window.min_input_tokens,
            window.max_input_tokens,
            *(getattr(window.rates, name) for name in _NAMES),
        )
        for model, provider, tier, day in keys
        for window in book.windows(model, provider, tier, day)
    ]
    rates = ", ".join(f'"{name}" BIGINT' for name in _NAMES)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE rates (model VARCHAR, provider VARCHAR, tier VARCHAR, day DATE, "
        f"from_time BIGINT, to_time BIGINT, min_input_tokens BIGINT, max_input_tokens BIGINT, {rates})"
    )
    if rows:
        unnested = ", ".join("unnest(?)" for _ in rows[0])
        connection.execute(f"INSERT INTO rates SELECT {unnested}", [list(column) for column in zip(*rows, strict=True)])
    return "BIGINT" if _largest_cost(connection) < 1 << 62 else "HUGEINT"


def computed(integer: Integer) -> str:
    """A SELECT, open for a WHERE, of the lines with their number as `line` and what they cost as `computed_usd`: null
    where no price is known, and where they have a cost.
    """
    return f"""
        SELECT lines.*, lines.rowid AS line, {cost_sql("lines", "rates", integer=integer)} AS computed_usd
        FROM lines LEFT JOIN rates
            ON lines.cost_usd IS NULL AND lines.kind IN ({PRICED})
            AND rates.model = lines.model AND rates.provider IS NOT DISTINCT FROM lines.provider
            AND rates.tier = coalesce(lines.tier, 'standard') AND rates.day = make_timestamp(lines.time)::DATE
            AND lines.time >= rates.from_time AND lines.time < rates.to_time
            AND coalesce(lines.input_tokens, 0) >= rates.min_input_tokens
            AND (rates.max_input_tokens IS NULL OR coalesce(lines.input_tokens, 0) < rates.max_input_tokens)
        """


def _largest_cost(connection: duckdb.DuckDBPyConnection) -> int:
    """A bound on the cost of any line, femto-dollars: all its tokens at the highest rate."""
    tokens = " + ".join(f'coalesce("{name}", 0)' for name in fields.TOKEN_NAMES)
    rates = ", ".join(f'"{name}"' for name in _NAMES)
    highest = _whole(connection, f"SELECT coalesce(max(greatest({rates})), 0) FROM rates")
    return highest * (_whole(connection, f"SELECT coalesce(max({tokens}), 0) FROM lines") + 1)


def _whole(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return int(row[0])
