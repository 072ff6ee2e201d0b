"""Cost over time as bars of text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from agentgauge.cli import wording
from agentgauge.cli.tables import plain_table
from agentgauge.service.reports.over_time import Bucket

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NAMES = {"15min": "quarter of an hour"}
_BAR_SPACE = 46
"""What a line needs beside the bar: the bucket's name, calls, cost and the space between."""


def cost_chart(buckets: Sequence[Bucket], width: str, screen_width: int, encoding: str) -> Table:
    """A line per bucket with a bar as long as its cost; of tokens where nothing has a price.

    `screen_width` is in columns. Bars are blocks in eighths where `encoding` has them, else `#`.
    """
    priced = any(bucket.cost_usd for bucket in buckets)
    amounts = [(bucket.cost_usd or Decimal(0)) if priced else Decimal(bucket.input_tokens) for bucket in buckets]
    longest = max(10, min(60, screen_width - _BAR_SPACE))
    unicode = _can_encode(encoding)
    table = plain_table(f"{'Cost' if priced else 'Input tokens'} per {_NAMES.get(width, width)}")
    table.add_column("from", no_wrap=True)
    table.add_column("calls", justify="right", no_wrap=True)
    table.add_column("cost" if priced else "input", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for bucket, amount in zip(buckets, amounts, strict=True):
        shown = wording.cost(bucket.cost_usd, 0) if priced else wording.count(bucket.input_tokens)
        if priced and bucket.unpriced_calls and bucket.cost_usd is None:
            shown = "unpriced"
        bar = bar_of(amount, max(amounts), longest, unicode=unicode)
        table.add_row(wording.bucket(bucket.start, width), wording.count(bucket.calls), shown, Text(bar, style="cyan"))
    return table


def bar_of(amount: Decimal, largest: Decimal, longest: int, *, unicode: bool) -> str:
    """A bar in proportion, `longest` characters for the largest amount; anything above zero is visible."""
    if largest <= 0 or amount <= 0:
        return ""
    eighths = max(1, round(amount / largest * longest * 8))
    if not unicode:
        return "#" * max(1, round(eighths / 8))
    full, rest = divmod(eighths, 8)
    return _EIGHTHS[-1] * full + (_EIGHTHS[rest] if rest else "")


def _can_encode(encoding: str) -> bool:
    try:
        _EIGHTHS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
