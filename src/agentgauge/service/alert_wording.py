"""An alert in few words: what it is, what it was raised from, and of whom; for lists, where its message is too long.

Every digit and the whole sentence is in the message (`policies`, `service.evaluating`).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from agentgauge.service import short_wording
from agentgauge.service.wording import count_of
from agentgauge.state.alert_evidence import Evidence, Range, Unit
from agentgauge.state.alerts import Alert

_METRICS: Mapping[str, str] = {
    "execution_time": "Execution time",
    "execution_time_p95": "Execution time p95",
    "cost": "Cost",
    "tokens": "Tokens",
    "operations": "Operations",
    "error_rate": "Error rate",
    "quality_score": "Quality",
    "success_rate": "Success rate",
    "satisfaction": "Satisfaction",
    "budget_utilization": "Used of the budget",
    "unpriced_calls": "Calls without a price",
    "unchecked_calls": "Calls past a budget",
    "hours_without_events": "Hours without an event",
}
_STEPS: Mapping[str, str] = {
    "opened": "Opened",
    "escalated": "Became worse",
    "reminded": "Reminded",
    "acknowledged": "Acknowledged",
    "resolved": "Resolved",
    "reopened": "Reopened: it still holds",
    "undone": "Undone",
    "quieted": "Found again, and kept quiet",
}
_NOUNS: Mapping[Unit, str] = {"operations": "operation", "calls": "call", "hours": "hour"}
_ROWS = ("agent", "role", "operation", "model", "feature", "user", "team")


def metric_words(metric: str) -> str:
    """`Execution time`; what somebody named themselves, as they did."""
    return _METRICS.get(metric, metric)


def step_words(kind: str) -> str:
    """`Became worse`: a step of an alert, by its kind."""
    return _STEPS.get(kind, kind)


def headline(alert: Alert) -> str:
    """`Execution time 62.0 % higher than before`; the whole message of what is of no type known here."""
    evidence = alert.evidence
    if evidence is None or evidence.value is None:
        return alert.message
    metric, value = metric_words(alert.metric), amount(evidence.value, evidence.unit)
    match alert.type:
        case "performance_degradation" if alert.deviation_percent is not None:
            side = "higher" if alert.deviation_percent > 0 else "lower"
            return f"{metric} {short_wording.percent(abs(alert.deviation_percent) / 100)} {side} than before"
        case "outlier":
            return f"{metric} outlier: {value} in one operation"
        case "anomaly":
            return f"{metric} unusual for the hour: {value}"
        case "error_rate":
            return f"{value} of operations failed"
        case "satisfaction":
            return f"Satisfaction is {value}"
        case "unpriced_models":
            return f"{value} without a price"
        case "no_data":
            return f"Nothing recorded for {value}"
        case "budget_unchecked":
            return f"{value} past a budget that could not be checked"
        case "budget_overrun" if alert.expected_value:
            share = short_wording.percent(evidence.value / alert.expected_value)
            return f"Budget {evidence.budget} at {share}: {value} of {amount(alert.expected_value, evidence.unit)}"
        case _:
            return alert.message


def against(evidence: Evidence) -> str:
    """The value, and what earlier ones let expect or a rule allows: `$7.20 against up to $7.12 allowed, 34 samples`."""
    value = "no figure" if evidence.value is None else amount(evidence.value, evidence.unit)
    word = "allowed" if evidence.baseline is None else "expected"
    expected = "" if evidence.expected is None else f" against {band(evidence.expected, evidence.unit)} {word}"
    is_said = evidence.samples is None or evidence.samples == evidence.value
    return value + expected + ("" if is_said else f", {count_of(evidence.samples or 0, 'sample')}")


def band(found: Range, unit: Unit) -> str:
    """`up to $7.12`, `at least 0.50 of 1`, `36.00 s to 42.10 s`."""
    if found.low is None:
        return "anything" if found.high is None else "none" if not found.high else f"up to {amount(found.high, unit)}"
    if found.high is None:
        return f"at least {amount(found.low, unit)}"
    return f"{amount(found.low, unit)} to {amount(found.high, unit)}"


def subject(alert: Alert) -> str:
    """Of whom it is: `tester · project shop`."""
    filters = {} if alert.evidence is None else alert.evidence.filters
    named = {name: value for name in _ROWS if (value := filters.get(name)) is not None}
    if alert.agent_name is not None:
        named["agent"] = alert.agent_name
    of = [value if name == "agent" else f"{name} {value}" for name, value in named.items()]
    return " · ".join([*of, *([] if alert.project is None else [f"project {alert.project}"])]) or "everything recorded"


def amount(value: float, unit: Unit) -> str:
    """A figure of evidence, as short as a page has room for."""
    match unit:
        case "USD":
            return short_wording.money(Decimal(repr(value)))
        case "ms":
            return short_wording.duration(value)
        case "tokens":
            return f"{short_wording.large_count(value)} tokens"
        case "percent":
            return short_wording.percent(value / 100)
        case "1":
            return short_wording.percent(value)
        case "0-1":
            return f"{value:.2f} of 1"
        case "0-100":
            return f"{short_wording.score(value)} of 100"
        case _:
            return count_of(round(value), _NOUNS[unit])
