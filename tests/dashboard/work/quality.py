"""What people thought of two features, how they were used and learnt, what optimizations brought, what went wrong and
was recovered; and operations whose time changes: one slower every day, one since twelve days ago, both timed in parts.
"""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

import agentgauge
from agentgauge.features import AdvancedMetrics, MetricsCollector

FIRST_DAYS_AGO = 40
CHANGED_DAYS_AGO = 12
"""Since when answers are better rated, reports slower, and timeouts recovered from more often."""
_FEATURES = {"search": ("query", "filter"), "summaries": ("summarise", "export")}
_USERS = ("ada", "grace", "linus", "margaret", "barbara")
_WORDS = {
    5: ("Found it at once.", "Exactly what I asked for.", None, None),
    4: ("Good, if a little long.", "Finds what I mean.", None, None),
    3: ("Right, but it took two attempts.", None, None),
    2: ("It quoted a file that is gone.", "Too slow to wait for.", None),
    1: ("Wrong, and sure of it.", "It timed out and I did it by hand."),
}
_ERRORS = {
    "Timeout": ("warning", "network", 0.8), "IndexError": ("error", "internal", 0.35),
    "RateLimited": ("warning", "provider", 0.95), "ParseError": ("error", "input", 0.6),
    "StoreCorrupt": ("critical", "internal", 0.2),
}  # fmt: skip


def record_quality(gauge: agentgauge.Gauge, end: datetime) -> None:
    """Forty days of it before `end`, into the project of the gauge."""
    draw = random.Random(15)
    tracker, collector = AdvancedMetrics(gauge=gauge), MetricsCollector(gauge=gauge)
    with gauge.scope(agent="assistant", role="support"):
        for ago in range(FIRST_DAYS_AGO, 0, -1):
            noon = (end - timedelta(days=ago)).replace(hour=12, minute=0, second=0, microsecond=0)
            busy = 3 if ago % 7 < 2 else 9  # as everywhere in this home, two days in seven are quiet
            for number in range(busy):
                _interaction(gauge, tracker, draw, noon + timedelta(minutes=37 * number - 150), ago, number)
            _learning(tracker, collector, draw, noon, ago)
            _errors(gauge, tracker, draw, noon, ago)
            _operations(gauge, draw, noon, ago)
    _optimizations(tracker, draw, end)


def _interaction(
    gauge: agentgauge.Gauge, tracker: AdvancedMetrics, draw: random.Random, at: datetime, ago: int, number: int
) -> None:
    feature = "search" if number % 3 else "summaries"
    action = draw.choice(_FEATURES[feature])
    took, works = draw.lognormvariate(6.5, 0.5), draw.random() < (0.96 if feature == "search" else 0.88)
    answer = f"{draw.getrandbits(64):016x}"
    with gauge.scope(user=draw.choice(_USERS), session=f"help-{ago}-{number}"):
        gauge.task("answer", took, works, min(draw.gauss(84, 6), 100.0), operation="answer", span_id=answer, at=at)
        tracker.record_feature_usage(
            feature, action, took, works, error_type=None if works else "Timeout", at=at + timedelta(seconds=1)
        )
        if draw.random() < 0.6:
            weights = (1, 1, 3, 9, 10) if ago <= CHANGED_DAYS_AGO else (3, 5, 7, 6, 3)
            score = draw.choices((1, 2, 3, 4, 5), weights)[0]
            tracker.record_satisfaction(
                feature, draw.choice(("overall", "accuracy", "speed")), score, scale=5,
                feedback=draw.choice(_WORDS[score]), interaction_id=answer, at=at + timedelta(minutes=2),
            )  # fmt: skip


def _learning(
    tracker: AdvancedMetrics, collector: MetricsCollector, draw: random.Random, at: datetime, ago: int
) -> None:
    day = FIRST_DAYS_AGO - ago
    tracker.record_learning_effectiveness(
        "search", "prediction", accuracy=0.72 + 0.004 * day + draw.uniform(-0.02, 0.02), confidence=0.85,
        sample_size=200 + 10 * day, improvement_rate=0.004, at=at,
    )  # fmt: skip
    tracker.record_learning_effectiveness(
        "summaries", "classification", accuracy=0.86 + draw.uniform(-0.03, 0.03), sample_size=150, at=at
    )
    if day % 3 == 0:
        collector.record_learning_metric("search", "recall", 0.6 + draw.uniform(-0.05, 0.05), at=at)


def _errors(gauge: agentgauge.Gauge, tracker: AdvancedMetrics, draw: random.Random, at: datetime, ago: int) -> None:
    for number in range(draw.choice((0, 1, 1, 2, 3))):
        name = draw.choices(list(_ERRORS), (8, 4, 5, 3, 1))[0]
        severity, category, recovers = _ERRORS[name]
        tried, when = draw.random() < 0.8, at + timedelta(minutes=11 * number)
        better = 0.1 if ago <= CHANGED_DAYS_AGO else 0.0
        works = tried and draw.random() < recovers + better
        recovery = "succeeded" if works else "failed" if tried else None
        gauge.error(
            name, f"{name} of the index", severity=severity, error_category=category, recovery=recovery, at=when,
            feature=draw.choice(list(_FEATURES)), attributes={"impact_level": draw.choice(("high", "medium", "low"))},
            session=f"help-{ago}-{number}",
        )  # fmt: skip
        if tried:
            gauge.keep(
                "debugging_cycle", {"duration_ms": draw.lognormvariate(11, 0.7), "error_type": name}, success=works,
                at=when + timedelta(minutes=4), session=f"help-{ago}-{number}",
            )  # fmt: skip


def _operations(gauge: agentgauge.Gauge, draw: random.Random, at: datetime, ago: int) -> None:
    for number in range(4):
        index = (1_200 + 41 * (FIRST_DAYS_AGO - ago)) * math.exp(draw.gauss(0, 0.04))
        report = (12_000 if ago <= CHANGED_DAYS_AGO else 8_000) * math.exp(draw.gauss(0, 0.05))
        if (ago, number) in ((23, 1), (5, 2)):
            index *= 25
        for name, took, parts in (
            ("index_build", index, {"read": 0.25, "embed": 0.55, "write": 0.15}),
            ("weekly_report", report, {"query": 0.3, "draw": 0.6}),
        ):
            span, when = f"{draw.getrandbits(64):016x}", at + timedelta(hours=number)
            works = draw.random() < 0.97
            with gauge.scope(operation=name, session=f"upkeep-{ago}"):
                for part, share in parts.items():
                    gauge.measurement(
                        "component_time", took * share * draw.uniform(0.9, 1.1), "ms", parent_id=span, at=when,
                        attributes={"component": part},
                    )  # fmt: skip
                gauge.task(name, took, works, min(draw.gauss(90, 3), 100.0), span_id=span, at=when)


def _optimizations(tracker: AdvancedMetrics, draw: random.Random, end: datetime) -> None:
    for number in range(14):
        at = end - timedelta(days=CHANGED_DAYS_AGO, hours=-6 * number)
        slow = draw.lognormvariate(6.8, 0.2)
        tracker.record_optimization_impact(
            "search", "index-cache", "task_completion_time", slow, slow * draw.uniform(0.7, 0.9),
            user_impact_score=draw.uniform(0.6, 0.9), at=at,
        )  # fmt: skip
        accuracy = draw.uniform(0.82, 0.9)
        tracker.record_optimization_impact(
            "search", "index-cache", "accuracy", accuracy, accuracy + draw.uniform(-0.03, 0.03), at=at
        )
    for _ in range(5):
        memory = draw.uniform(40, 60)
        tracker.record_optimization_impact(
            "summaries", "smaller-model", "resource_usage", memory, memory * draw.uniform(0.85, 1.1),
            at=end - timedelta(days=draw.uniform(3, 20)),
        )  # fmt: skip
