"""What was decided about a budget, in words, as the audit has it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agentgauge.service.wording import money
from agentgauge.state.audit import Act

_NAMES = {
    "total_usd": "total", "warning_percent": "warning", "critical_percent": "critical", "start": "start",
    "period": "period", "scope": "scope", "name": "name", "project": "project",
}  # fmt: skip


def told(act: Act) -> str:
    """`made: $30.00 per month`, `total from $30.00 to $45.00; warning from 80 % to 70 %`, `removed`."""
    match act.act:
        case "budget.created":
            return f"made: {_amount(act.detail)}"
        case "budget.changed":
            changes = [
                f"{_NAMES[name]} from {_value(name, change['from'])} to {_value(name, change['to'])}"
                for name, change in act.detail.items()
                if name in _NAMES
            ]
            return "; ".join(changes) or "changed to what it was"
        case "budget.deleted":
            return f"removed: {_amount(act.detail)}"
        case other:
            return other


def _amount(detail: Mapping[str, Any]) -> str:
    period = detail["period"]
    return f"{_value('total_usd', detail['total_usd'])} {'in total' if period == 'total' else f'per {period}'}"


def _value(name: str, value: Any) -> str:
    if value is None:
        return "all projects" if name == "project" else "nothing"
    if name == "total_usd":
        return money(Decimal(str(value)))
    if name in ("warning_percent", "critical_percent"):
        return f"{value:g} %"
    if name == "start":
        return str(value)[:16].replace("T", " ") + " UTC"
    return str(value)
