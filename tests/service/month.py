"""A month of a team's agents, recorded as their programs would.

coder      300 issues, each in one task of four growing calls without a cache, with a dear and a cheap model in
           turn. Every 20th issue fails with either model; of these every other is tried three times in vain
reviewer, tester, writer, bugfix   what document 004 shows of its four agents
intern     calls of a model that has no price
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import agentgauge
from agentgauge.recorder import Gauge

ISSUES = 300
DEAR, CHEAP, UNKNOWN = "claude-opus-4-5", "claude-haiku-4-5", "gpt-4oo"
BUDGETS = {"reviewer": "30", "tester": "25", "writer": "30", "bugfix": "20"}
INPUTS = (8000, 10_000, 13_000, 17_000)
ANSWERED = 500


def record_month(home: Path, end: datetime) -> None:
    """Everything in the 30 days before `end`."""
    with agentgauge.open(home, project="shop") as gauge:
        for number in range(ISSUES):
            _issue(gauge, number, end - timedelta(days=29.5) + number * timedelta(days=29) / ISSUES)
        for agent, tasks, cost, quality in (
            ("reviewer", 8, "3.69", None),
            ("tester", 3, "1.50", None),
            ("writer", 85, "2.40", 89.2),
            ("bugfix", 12, "14.50", 58.3),
        ):
            for number in range(tasks):
                at = end - timedelta(days=20 - number / 10)
                gauge.task(agent, duration_ms=2000.0, quality_score=quality, agent=agent, role=agent, at=at)
            gauge.llm_call("some-model", cost_usd=cost, agent=agent, at=end - timedelta(days=5))
        for number in range(5):
            at = end - timedelta(days=number + 1)
            gauge.llm_call(UNKNOWN, input_tokens=1000, output_tokens=10, agent="intern", session="chat", at=at)


def _issue(gauge: Gauge, number: int, start: datetime) -> None:
    model = (DEAR, CHEAP)[number % 2]
    fails = number % 40 in (38, 39)
    with gauge.scope(issue=f"SHOP-{number}", agent="coder", role="developer", operation="implementation"):
        gauge.mark("issue_start", at=start)
        at = start
        for attempt in range(3 if fails else 1):
            at = _task(gauge, f"{number}-{attempt}", model, at, succeeds=not fails)
        gauge.keep("pipeline", {"name": f"p{number}"}, success=not fails, at=at)
        gauge.mark("issue_end", success=not fails, at=at)
        if not fails and number % 3 == 0:
            gauge.mark("change_merged", at=at, attributes={"change": f"!{number}"})


def _task(gauge: Gauge, span: str, model: str, start: datetime, *, succeeds: bool) -> datetime:
    at = start
    for tokens in INPUTS:
        at += timedelta(seconds=30)
        gauge.llm_call(
            model, "anthropic", input_tokens=tokens, output_tokens=ANSWERED, duration_ms=9000, at=at, parent_id=span
        )
    gauge.task("implement", duration_ms=120_000, success=succeeds, quality_score=80.0, at=at, span_id=span)
    return at
