"""The course over time as lines of text: figures with a bar as long as the cost, or one column per group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal

from rich.table import Table
from rich.text import Text

from agentgauge.cli import wording
from agentgauge.cli.report_tables import key_text
from agentgauge.cli.tables import Cell, fitting, natural_width, plain_table, table_width
from agentgauge.service.reports.breakdown import Group
from agentgauge.service.reports.over_time import Bucket
from agentgauge.service.window import Window

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NAMES = {"15min": "quarter of an hour"}
_LEAST_BAR, _LONGEST_BAR = 16, 60
_EXPENDABLE = ("output", "input", "mean task", "p95 task", "median task", "quality", "success", "tasks")
"""What a narrow screen does without, the first first."""


def part_note(buckets: Sequence[Bucket], width: str, window: Window, now: datetime, zone: tzinfo) -> str:
    """What the mark of buckets that are not complete means; nothing where all are."""
    if all(bucket.complete for bucket in buckets):
        return ""
    first, last = buckets[0], buckets[-1]
    edges = [f"from {wording.moment(window.start, zone)}"] if window.start and window.start > first.start else []
    if not last.complete:
        edges.append(f"until {wording.moment(min(window.end or now, now), zone)}")
    return f"* part of a {_NAMES.get(width, width)}, counted {' '.join(edges)}"


def course_table(buckets: Sequence[Bucket], width: str, screen_width: int, encoding: str, note: str) -> Table:
    """A line per bucket with a bar as long as its cost; of tokens where nothing has a price.

    `screen_width` is in columns. Bars are blocks in eighths where `encoding` has them, else `#`. `note` is what there
    is to say of buckets that are not complete.
    """
    priced = any(bucket.cost_usd for bucket in buckets)
    amounts = [(bucket.cost_usd or Decimal(0)) if priced else Decimal(bucket.input_tokens) for bucket in buckets]
    labels = _labels(buckets, width)
    start: list[Cell] = [("from", lambda bucket: labels[bucket.start])]
    numbers = fitting(start, _figures(buckets, priced=priced), _EXPENDABLE, buckets, screen_width - _LEAST_BAR)
    taken = table_width([natural_width(*cell, buckets) for cell in (*start, *numbers)])
    # The gap before the bar, and the bar.
    longest = max(10, min(_LONGEST_BAR, screen_width - taken - 3))
    unicode = can_draw_blocks(encoding)
    table = plain_table(f"{'Cost' if priced else 'Input tokens'} per {_NAMES.get(width, width)}")
    for heading, _ in (*start, *numbers):
        table.add_column(heading, justify="left" if heading == "from" else "right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for bucket, amount in zip(buckets, amounts, strict=True):
        bar = bar_of(amount, max(amounts), longest, unicode=unicode)
        style = "" if bucket.complete else "dim"
        shown = (Text(show(bucket), style=style) for _, show in (*start, *numbers))
        table.add_row(*shown, Text(bar, style="cyan" if bucket.complete else "dim cyan"))
    if note:
        table.caption, table.caption_justify = Text(note, style="dim"), "left"
    return table


def _labels(buckets: Sequence[Bucket], width: str) -> dict[datetime, str]:
    """What each bucket is called, by its start; with a mark where it is not complete."""
    complete = {bucket.start: bucket.complete for bucket in buckets}
    texts = wording.buckets(list(complete), width)
    return {start: text if complete[start] else f"{text} *" for start, text in zip(complete, texts, strict=True)}


def _figures(buckets: Sequence[Bucket], *, priced: bool) -> list[Cell]:
    cells: list[Cell] = []
    if any(bucket.tasks for bucket in buckets):
        cells += [
            ("tasks", lambda bucket: wording.count(bucket.tasks)),
            ("success", lambda bucket: wording.percent(bucket.success_rate)),
            ("mean task", lambda bucket: wording.duration(bucket.task_duration.mean_ms)),
            ("median task", lambda bucket: wording.duration(bucket.task_duration.median_ms)),
            ("p95 task", lambda bucket: wording.duration(bucket.task_duration.p95_ms)),
        ]
    if any(bucket.quality.count for bucket in buckets):
        cells.append(("quality", lambda bucket: wording.score(bucket.quality.mean)))
    cells.append(("calls", lambda bucket: wording.count(bucket.calls)))
    if priced:
        cells += [
            ("input", lambda bucket: wording.count(bucket.input_tokens)),
            ("output", lambda bucket: wording.count(bucket.output_tokens)),
            ("cost", _cost),
        ]
        if any(bucket.unpriced_calls for bucket in buckets):
            cells.append(
                ("unpriced", lambda bucket: wording.count(bucket.unpriced_calls) if bucket.unpriced_calls else "")
            )
    else:
        cells.append(("input tokens", lambda bucket: wording.count(bucket.input_tokens)))
    return cells


def _cost(bucket: Bucket) -> str:
    return "unpriced" if bucket.cost_usd is None and bucket.unpriced_calls else wording.cost(bucket.cost_usd, 0)


def courses_table(
    buckets: Sequence[Bucket], groups: Sequence[Group], width: str, by: Sequence[str], screen_width: int, note: str
) -> Table:
    """A line per bucket and a column per group, the dearest first, as many as fit: cost; tokens where nothing has a
    price, tasks where nothing has tokens.
    """
    title, show = _figure_of_all(buckets)
    found = {(bucket.start, tuple(bucket.key.values())): bucket for bucket in buckets}
    labels = _labels(buckets, width)
    room = screen_width - max(map(len, ("from", *labels.values())))
    table = plain_table(f"{title} per {_NAMES.get(width, width)} by {' and '.join(by)}")
    table.add_column("from", no_wrap=True)
    shown: list[list[str]] = []
    for group in groups:
        key = tuple(group.key.values())
        heading = ", ".join(map(key_text, key))
        cells = [show(found[start, key]) if (start, key) in found else wording.NOTHING for start in labels]
        room -= 3 + max(map(len, (heading, *cells)))
        if room < 0 and shown:
            break
        table.add_column(Text(heading), justify="right", no_wrap=True)
        shown.append(cells)
    for column, *cells in zip(labels.values(), *shown, strict=True):
        table.add_row(column, *cells)
    notes = [note] if note else []
    notes += ["+ and calls without a price"] if any(cell.endswith("+") for cells in shown for cell in cells) else []
    if len(shown) < len(groups):
        notes.append(f"... and {wording.count_of(len(groups) - len(shown), 'more group')}: --json has all")
    if notes:
        table.caption, table.caption_justify = Text("\n".join(notes), style="dim"), "left"
    return table


def _cost_or_more(bucket: Bucket) -> str:
    if not (bucket.calls or bucket.cost_usd):
        return wording.NOTHING
    return f"{_cost(bucket)}+" if bucket.cost_usd is not None and bucket.unpriced_calls else _cost(bucket)


def _figure_of_all(buckets: Sequence[Bucket]) -> tuple[str, Callable[[Bucket], str]]:
    if any(bucket.cost_usd for bucket in buckets):
        return "Cost", _cost_or_more
    if any(bucket.tokens for bucket in buckets):
        return "Tokens", lambda bucket: wording.count(bucket.tokens)
    return "Tasks", lambda bucket: wording.count(bucket.tasks)


def bar_of(amount: Decimal, largest: Decimal, longest: int, *, unicode: bool) -> str:
    """A bar in proportion, `longest` characters for the largest amount; anything above zero is visible."""
    if largest <= 0 or amount <= 0:
        return ""
    eighths = max(1, round(amount / largest * longest * 8))
    if not unicode:
        return "#" * max(1, round(eighths / 8))
    full, rest = divmod(eighths, 8)
    return _EIGHTHS[-1] * full + (_EIGHTHS[rest] if rest else "")


def can_draw_blocks(encoding: str) -> bool:
    """Whether an output of this encoding can show the blocks of bars."""
    try:
        _EIGHTHS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
