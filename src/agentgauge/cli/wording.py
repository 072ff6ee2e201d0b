"""What is said of figures on a screen, where options can be named; figures themselves are worded everywhere alike."""

from __future__ import annotations

from datetime import datetime, tzinfo

from agentgauge.service import wording
from agentgauge.service.wording import (
    NOTHING,
    bucket,
    buckets,
    cost,
    count,
    count_of,
    duration,
    moment,
    money,
    number,
    p_value,
    percent,
    score,
    signed_money,
    size,
    unpriced,
    window,
)

__all__ = [
    "NOTHING",
    "bucket",
    "buckets",
    "cost",
    "count",
    "count_of",
    "duration",
    "few",
    "found",
    "moment",
    "money",
    "number",
    "of_operations",
    "p_value",
    "percent",
    "rough",
    "score",
    "signed_money",
    "size",
    "unpriced",
    "window",
]

_WITHIN = "Medians and percentiles are within 1 %, from summaries of the events; --exact reads the events themselves."


def of_operations(metric: str, per: str) -> list[str]:
    """Where no operation has a cost or tokens that are known: why, and what to ask about instead."""
    said = wording.of_operations(metric, per)
    return [] if said is None else [f"{said[0].upper()}{said[1:]}; --per call asks about calls."]


def rough(text: str, is_few: bool, marked: bool) -> str:
    """A percentile, with a mark where it is of few values. `marked`: whether any of its column is."""
    return f"{text}{'*' if is_few and text != NOTHING else ' '}" if marked else text


def few(least: int) -> str:
    """What there is to say of a p95 or p99 of fewer values than `least`."""
    return f"of fewer than {least}: decided by the one or two largest"


def found(exact: bool, missing_before: datetime | None, zone: tzinfo) -> list[str]:
    """What there is to say about how an answer was found, mostly nothing."""
    expired = f"Events before {moment(missing_before, zone)} have expired and are not in all of this."
    return [*([] if missing_before is None else [expired]), *([] if exact else [_WITHIN])]
