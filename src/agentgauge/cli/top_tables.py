"""The tables of `agentgauge top`: agents at work, budgets and alerts, each with how many lines it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agentgauge.cli import wording
from agentgauge.cli.budget_screen import share
from agentgauge.cli.chart import bar_of
from agentgauge.cli.tables import Cell, fitting, plain_table
from agentgauge.cli.top_reading import Read
from agentgauge.service import short_wording as short
from agentgauge.service.activity import Activity, AtWork, Spent
from agentgauge.service.budgets import BudgetState

Block = tuple[RenderableType, int]
"""A part of the screen, and its lines."""
Order = Literal["cost", "time", "last"]

_ORDERS: Mapping[Order, Callable[[AtWork], float]] = {
    "cost": lambda one: -float(one.cost_usd or 0),
    "time": lambda one: one.began.timestamp(),
    "last": lambda one: -one.last.timestamp(),
}
_SIGNS = {"running": ("●", "*", "green"), "seen": ("○", "o", "dim"), "cut off": ("✕", "x", "red")}
"""Of states: as drawn, in plain characters, and in which colour."""
_STATES = tuple(_SIGNS)
_STATUS_STYLES = {"warning": "yellow", "critical": "bold red", "exceeded": "bold red"}
_SEVERITY_STYLES = {"critical": "bold red", "error": "red", "warning": "yellow", "info": "dim"}
_EXPENDABLE = ("calls", "role", "project", "failed", "tokens", "work", "for")
"""What a narrow screen does without, the first first."""
_AGENT = "  agent"
_LEFT = (_AGENT, "role", "project", "work", "doing")
_TABLE_LINES = 3
"""Of agents, beside the rows: headings, a rule, and what the signs mean."""
_NAME, _SHORT_NAME, _SHORT_ID, _UUID = 28, 18, 8, 32
_WIDE = 100


def agents_block(found: Activity, now: datetime, width: int, room: int | None, order: Order, *, unicode: bool) -> Block:
    """At most `room` lines of them; running ones first, and of these the first by `order`."""
    rows = sorted(found.agents, key=lambda one: (_STATES.index(one.state), _ORDERS[order](one)))
    if not rows:
        return line_block(f"No agent is at work. The last event was {ago(found.last, now)} ago.", width, "dim")
    kept = rows if room is None else rows[: max(room - _TABLE_LINES, 1)]
    cells = [cell for cell in _columns(now, width, unicode=unicode) if any(cell[1](one) for one in kept)]
    table = plain_table()
    shown = fitting([], cells, _EXPENDABLE, kept, width)
    for heading, _ in shown:
        justify: Literal["left", "right"] = "left" if heading in _LEFT else "right"
        table.add_column(heading, justify=justify, no_wrap=True, overflow="crop")
    for one in kept:
        style = "" if one.state == "running" else "dim"
        row = [Text(show(one), style=style) for _, show in shown]
        row[0].stylize(_SIGNS[one.state][2], 0, 1)
        table.add_row(*row)
    signs = [f"{_sign(state, unicode=unicode)} {state}" for state in _STATES if any(one.state == state for one in rows)]
    if any(one.unpriced_calls and one.cost_usd is not None for one in kept):
        signs.append("+ and calls without a price")
    if len(rows) > len(kept):
        signs.append(f"and {len(rows) - len(kept):,} more")
    return Group(table, Text("  ".join(signs), style="dim")), agents_lines(len(kept))


def agents_lines(rows: int) -> int:
    """Of a table with so many agents."""
    return rows + _TABLE_LINES if rows else 1


def _columns(now: datetime, width: int, *, unicode: bool) -> list[Cell]:
    most = _NAME if width >= _WIDE else _SHORT_NAME
    return [
        (_AGENT, lambda one: f"{_sign(one.state, unicode=unicode)} {shortened(one.agent or wording.NOTHING, most)}"),
        ("role", lambda one: "" if one.role == one.agent else shortened(one.role or "", most)),
        ("project", lambda one: shortened(one.project or "", most)),
        ("work", lambda one: _work(one, most)),
        ("doing", lambda one: shortened(one.doing, most)),
        ("for", lambda one: ago(one.began, one.last if one.state == "seen" else now)),
        ("spent", cost_text),
        ("tokens", lambda one: short.large_count(one.tokens)),
        ("calls", lambda one: short.count(one.calls)),
        ("failed", lambda one: short.count(one.failures) if one.failures else ""),
        ("last", lambda one: ago(one.last, now)),
    ]


def budgets_block(read: Read, width: int, most: int, *, unicode: bool) -> list[Block]:
    if read.budgets_trouble is not None:
        return [(Text(), 1), line_block(f"Budgets: {read.budgets_trouble}", width, "red")]
    shown, wide = read.budgets[:most], width >= _WIDE
    if not shown:
        return []
    table = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "right", "left", "left"):
        table.add_column(justify=justify, no_wrap=True, overflow="crop")
    for state in shown:
        style = _STATUS_STYLES.get(state.status, "green")
        per = "in total" if state.period == "total" else f"per {state.period}"
        table.add_row(
            Text(shortened(f"{state.scope}:{state.name}", 2 * _NAME if wide else _NAME)),
            _meter(state, 30 if wide else 10, style, unicode=unicode),
            Text(share(state)),
            Text(f"{short.money(state.used_usd)} of {short.money(state.total_usd)} {per}"),
            Text(state.status, style=style),
        )
    title = _title("Budgets nearest their limit", len(shown), len(read.budgets))
    return [(Text(), 1), (title, 1), (table, len(shown))]


def _meter(state: BudgetState, wide: int, style: str, *, unicode: bool) -> Text:
    used = min(max(state.used_usd, Decimal(0)), state.total_usd)
    if state.utilization_percent is None:  # something of nothing
        bar = bar_of(Decimal(1), Decimal(1), wide, unicode=unicode)
    else:
        bar = bar_of(used, state.total_usd, wide, unicode=unicode)
    return Text.assemble((bar, style), (("░" if unicode else ".") * (wide - len(bar)), "dim"))


def alerts_block(read: Read, now: datetime, width: int, most: int) -> list[Block]:
    shown = read.alerts[:most]
    if not shown:
        return []
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True)
    since = [ago(alert.detected_at, now) for alert in shown]
    room = width - max(len(alert.severity) for alert in shown) - max(map(len, since)) - 4
    for alert, age in zip(shown, since, strict=True):
        severity = Text(alert.severity, style=_SEVERITY_STYLES[alert.severity])
        table.add_row(severity, Text(age, style="dim"), Text(shortened(" ".join(alert.message.split()), room)))
    return [(Text(), 1), (_title("Active alerts", len(shown), len(read.alerts)), 1), (table, len(shown))]


def _title(text: str, shown: int, there: int) -> Text:
    more = f"  {shown} of {there:,}" if there > shown else ""
    return Text.assemble((text, "bold"), (more, "dim"))


def cost_text(of: Spent | AtWork) -> str:
    """A plus: and calls whose price is not known."""
    if not of.unpriced_calls:
        return short.money(of.cost_usd)
    return "unpriced" if of.cost_usd is None else f"{short.money(of.cost_usd)}+"


def _sign(state: str, *, unicode: bool) -> str:
    return _SIGNS[state][0 if unicode else 1]


def _work(one: AtWork, most: int) -> str:
    name = one.work_item or one.run or one.session or ""
    return shortened(name, most) if len(name) < _UUID else name[:_SHORT_ID]


def line_block(text: str, width: int, style: str = "") -> Block:
    """One line, cut where it is too long."""
    return Text(shortened(text, width), style=style, no_wrap=True), 1


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def ago(moment: datetime | None, now: datetime) -> str:
    """Whole: `12 s`, `4 min`, `2 h 05 min`, `3 d`."""
    if moment is None:
        return wording.NOTHING
    seconds = max(int((now - moment).total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60:02d} min" if hours < 48 else f"{hours // 24} d"
