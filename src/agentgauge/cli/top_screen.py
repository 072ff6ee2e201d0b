"""The screen of `agentgauge top`: figures, the last hour in columns, agents at work, budgets and alerts.

What does not fit is counted: a narrow screen has fewer columns, a low one fewer rows, and no line is longer than it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal

from rich.console import Group, RenderableType
from rich.text import Text

from agentgauge.cli import wording
from agentgauge.cli.column_chart import column_chart, columns
from agentgauge.cli.top_reading import Read
from agentgauge.cli.top_tables import (
    Block,
    Order,
    agents_block,
    agents_lines,
    alerts_block,
    budgets_block,
    cost_text,
    line_block,
    shortened,
)
from agentgauge.service import short_wording as short
from agentgauge.service.activity import Activity

_CHART_HEIGHT = 3
_LEGIBLE_AGENTS = 4
_LAYOUTS = ((True, 5, 4), (True, 3, 2), (True, 2, 1), (True, 1, 1), (False, 2, 1), (False, 1, 1), (False, 0, 0))
"""Whether there is a chart, and how many budgets and alerts: the first in which so many agents have room."""
_BLANK: Block = (Text(), 1)


class TopScreen:
    """As one reader sees it: by the clocks of a zone, in blocks where the terminal has them."""

    def __init__(self, zone: tzinfo, *, unicode: bool) -> None:
        self._zone = zone
        self._unicode = unicode

    def frame(
        self, read: Read, now: datetime, width: int, height: int | None = None, order: Order = "cost", foot: str = ""
    ) -> RenderableType:
        """`height` is the screen's, whose last line is `foot`; None: as many lines as it takes."""
        head, found = self._head(read, width), read.activity
        if found.last is None:
            blocks = [head, _BLANK, line_block(_nothing(read), width)]
        else:
            blocks = self._blocks(head, read, now, width, height, order)
        if height is not None:
            blocks += [_BLANK] * (height - _lines_of(blocks) - 1)
            blocks = [*blocks, line_block(foot, width, "dim")]
        return Group(*(part for part, _ in blocks))

    def _blocks(
        self, head: Block, read: Read, now: datetime, width: int, height: int | None, order: Order
    ) -> list[Block]:
        """With the parts that leave room for agents."""
        found = read.activity
        above, below, room = [head, _BLANK], list[Block](), None
        for has_chart, budgets, alerts in _LAYOUTS:
            above = [head, _BLANK, *([self._course(found, width), _BLANK] if has_chart else [])]
            below = [
                *budgets_block(read, width, budgets, unicode=self._unicode),
                *alerts_block(read, now, width, alerts),
            ]
            room = None if height is None else height - _lines_of([*above, *below]) - 1
            if room is None or room >= agents_lines(min(len(found.agents), _LEGIBLE_AGENTS)):
                break
        return [*above, agents_block(found, now, width, room, order, unicode=self._unicode), *below]

    def _head(self, read: Read, width: int) -> Block:
        found = read.activity
        clock = read.as_of.astimezone(self._zone)
        title = Text.assemble(("agentgauge top", "bold"), f"  as of {clock:%H:%M:%S} {clock.tzname()}  ")
        title.append(shortened(read.home, max(width - len(title), 10)), style="dim")
        lines = [title]
        if read.ships_to is not None:
            lines.append(Text(f"What is recorded here goes to {read.ships_to}: ask that server.", style="yellow"))
            lines.append(Text("Below is what waits to be sent, and what was recorded before.", style="yellow"))
        per_minute = found.cost_per_minute_usd
        rate = short.money(per_minute) if found.recent.calls or per_minute else wording.NOTHING
        lines += _facts(
            [
                ("today", cost_text(found.today)),
                ("hour", cost_text(found.hour)),
                ("per minute", f"{rate}, {short.large_count(found.tokens_per_minute)} tokens"),
                *([("unpriced", short.count(found.today.unpriced_calls))] if found.today.unpriced_calls else []),
            ],
            width,
        )
        recent = found.recent
        lines += _facts(
            [
                ("running", str(sum(one.state == "running" for one in found.agents))),
                *([("tools under way", short.count(found.open_tool_calls))] if found.open_tool_calls else []),
                (
                    f"in {found.recent_minutes} min",
                    f"{wording.count_of(recent.calls, 'call')}, {wording.count_of(recent.tool_calls, 'tool call')}",
                ),
                ("failed", short.count(recent.failures)),
            ],
            width,
            {"failed": "bold red"} if recent.failures else {},
        )
        return Group(*lines), len(lines)

    def _course(self, found: Activity, width: int) -> Block:
        """Spend per minute in columns; tokens where nothing has a price."""
        priced = any(minute.cost_usd for minute in found.minutes)
        values = [float((minute.cost_usd or 0) if priced else minute.tokens) for minute in found.minutes]
        if not any(values):
            return line_block("No calls with tokens or a cost in the last hour.", width, "dim")
        shown = columns(values, width)
        wide = min(width // len(shown), 2)
        most = short.money(Decimal(repr(max(values)))) if priced else short.large_count(max(values))
        title = Text.assemble((f"{'Spend' if priced else 'Tokens'} per minute", "bold"), (f"  at most {most}", "dim"))
        known = [math.nan if value == 0 else value for value in shown]
        chart = column_chart(known, _CHART_HEIGHT, unicode=self._unicode)
        drawn = [Text("".join(one * wide for one in line), style="cyan", no_wrap=True) for line in chart]
        first, last = (found.minutes[at].start.astimezone(self._zone) for at in (0, -1))
        scale = Text(f"{first:%H:%M}{f'{last:%H:%M}':>{len(shown) * wide - 5}}", style="dim")
        return Group(title, *drawn, scale), len(drawn) + 2


def _lines_of(blocks: Sequence[Block]) -> int:
    return sum(lines for _, lines in blocks)


def _nothing(read: Read) -> str:
    if read.ships_to is not None:
        return "Nothing waits to be sent."
    return "Nothing has been recorded here. Look at a recorded session with 'agentgauge demo'."


def _facts(facts: Sequence[tuple[str, str]], width: int, styles: Mapping[str, str] | None = None) -> list[Text]:
    """Names and figures side by side, on as many lines as they take."""
    lines = [Text()]
    for name, value in facts:
        fact = Text.assemble((f"{name} ", "dim"), (value, (styles or {}).get(name, "bold")))
        if lines[-1] and len(lines[-1]) + 3 + len(fact) > width:
            lines.append(Text())
        lines[-1].append("   " if lines[-1] else "")
        lines[-1].append_text(fact)
    return lines
