"""The cards about features: how they are used, what is learnt, and what optimizations brought."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from agentgauge.analysis.change import Estimate
from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.content import Content, Drawn, Empty, Note
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.quality_people import limits_words, satisfied_words
from agentgauge.dashboard.pages.work_links import named
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import short_wording
from agentgauge.service.graphs.intervals import Estimated, estimates_chart
from agentgauge.service.graphs.learning import learning_chart, learning_name
from agentgauge.service.reports.feature_usage import FeatureUse, feature_usage
from agentgauge.service.reports.learning import Learning, learning
from agentgauge.service.reports.optimizations import CategoryImpact, optimizations
from agentgauge.service.reports.totals import FEW
from agentgauge.service.trend_wording import chance

_TONES: dict[str, Literal["good", "bad"]] = {"improving": "good", "degrading": "bad"}
_USED = 'get_advanced_metrics().record_feature_usage("search", "query", duration_ms=30.0)'
_LEARNT = 'get_advanced_metrics().record_learning_effectiveness("search", "prediction", accuracy=0.92)'
_OPTIMIZED = 'get_advanced_metrics().record_optimization_impact("search", "cache", "latency", 45.2, 38.7)'


def usage(asked: PageAsked) -> Iterator[Content]:
    found = feature_usage(asked.engine, asked.window, asked.conditions).rows
    if not found:
        yield Empty(text="No feature was used in this range.", command=_USED)
        return
    yield Table(
        columns=(
            Column(key="feature", title="Feature", kind="name"),
            Column(key="action", title="Action"),
            Column(key="uses", title="Uses", kind="count"),
            Column(
                key="success",
                title="Success",
                kind="percent",
                note="Of the uses that have an outcome, with Wilson's 95 % interval",
            ),
            Column(key="median", title="Median", kind="duration", narrow=False),
            Column(key="p95", title="p95", kind="duration", narrow=False, note=f"Needs {FEW} durations"),
            Column(key="users", title="Users", kind="count", narrow=False),
        ),
        rows=tuple(_use(row, asked) for row in found),
        caption="Uses of features",
    )


def _use(row: FeatureUse, asked: PageAsked) -> Row:
    few = row.few and row.median_ms == row.median_ms
    return Row(
        values={
            "feature": row.feature or "none", "action": row.action or "all", "uses": row.uses,
            "success": row.success.share, "median": row.median_ms, "p95": None if few else row.p95_ms,
            "users": row.users,
        },
        links=_use_links(row, asked),
        notes={"success": satisfied_words(row.success), **({"p95": "few"} if few else {})},
    )  # fmt: skip


def _use_links(row: FeatureUse, asked: PageAsked) -> dict[str, str]:
    """A task that names no feature is no use of one."""
    kinds = "feature_usage" if row.feature is None else ("feature_usage", "task")
    uses = {"view": "calls", "kind": kinds, "name": row.action, **named("feature", row.feature)}
    return {"uses": asked.link("/runs", **uses), "success": asked.link("/runs", **uses, having="outcome")}


def learnt(asked: PageAsked) -> Iterator[Content]:
    found = learning(asked.engine, asked.window, asked.filters.tz, asked.conditions).rows
    if not found:
        yield Empty(text="Nothing was measured of learning in this range.", command=_LEARNT)
        return
    yield drawn(learning_chart(found), zooms=True)


def measured(asked: PageAsked) -> Content:
    found = learning(asked.engine, asked.window, asked.filters.tz, asked.conditions).rows
    return Table(
        columns=(
            Column(key="name", title="Measured", kind="name"),
            Column(key="n", title="Times", kind="count", narrow=False),
            Column(key="mean", title="Mean", kind="percent"),
            Column(key="limits", title="95 %", sorts=False, narrow=False),
            Column(key="latest", title="Latest", kind="percent"),
            Column(key="confidence", title="Confidence", kind="percent", narrow=False, note="As it was stated"),
            Column(key="samples", title="Examples", kind="tokens", narrow=False, note="Sample sizes as stated, summed"),
            Column(key="trend", title="Trend", kind="status"),
        ),
        rows=tuple(_learning(row, asked) for row in found),
        caption="What was measured of learning",
        empty="Nothing was measured of learning in this range.",
    )


def _learning(row: Learning, asked: PageAsked) -> Row:
    words = {"stable": "no change shown", "insufficient_data": "too few days"}.get(row.trend, row.trend)
    return Row(
        values={
            "name": learning_name(row), "n": row.mean.n, "mean": row.mean.mean,
            "limits": limits_words(row.mean, "ratio"), "latest": row.latest, "confidence": row.confidence,
            "samples": row.samples, "trend": words,
        },
        links={"n": _measurements(asked, "learning", name=row.name, **named("feature", row.feature))},
        notes={"trend": chance(row.p_adjusted)} if row.trend != "insufficient_data" else {},
        tones={"trend": _TONES[row.trend]} if row.trend in _TONES else {},
    )  # fmt: skip


def _measurements(asked: PageAsked, of: str, **own: str) -> str:
    return asked.link("/runs", view="calls", kind="measurement", measured=of, **own)


def optimized(asked: PageAsked) -> Iterator[Content]:
    found = optimizations(asked.engine, asked.window, asked.conditions)
    if not found.records:
        yield Empty(text="No optimization was recorded in this range.", command=_OPTIMIZED)
        return
    estimates = [
        Estimated(
            each.category.replace("_", " "), each.change.relative.value, each.change.relative.low,
            each.change.relative.high,
        )
        for each in found.categories
    ]  # fmt: skip
    chart = estimates_chart(estimates, "ratio", what="relative change", nothing="No optimization here.", null=0.0)
    table = Table(
        columns=(
            Column(key="category", title="Of", kind="name"),
            Column(key="n", title="Pairs", kind="count", narrow=False),
            Column(key="before", title="Before", kind="number", note="Mean, in the unit that it was recorded in"),
            Column(key="after", title="After", kind="number"),
            Column(key="change", title="Change"),
            Column(key="verdict", title="Verdict", kind="status"),
        ),
        rows=tuple(_impact(row, asked) for row in found.categories),
        caption="What optimizations changed, before and after",
    )
    yield Drawn(chart=chart, table=table)
    yield table
    if found.newest_only:
        yield Note("Of the newest 10,000 records.")


def _impact(row: CategoryImpact, asked: PageAsked) -> Row:
    relative = row.change.relative
    good = row.improvement > 0
    words = "no change shown"
    if relative.p_value != relative.p_value:
        words = "too few pairs"
    elif row.shown:
        words = "changed" if row.direction is None else "better" if good else "worse"
    return Row(
        values={
            "category": row.category.replace("_", " "), "n": row.change.count, "before": row.change.mean_before,
            "after": row.change.mean_after, "change": short_wording.signed_percent(relative.value), "verdict": words,
        },
        links={"n": _measurements(asked, "optimization", having="before", name=row.category)},
        notes=_notes(relative, words) if words != "too few pairs" else {},
        tones={"verdict": "good" if good else "bad"} if words in ("better", "worse") else {},
    )  # fmt: skip


def _notes(relative: Estimate, words: str) -> dict[str, str]:
    limits = f"{short_wording.signed_percent(relative.low)} to {short_wording.signed_percent(relative.high)}"
    return {"change": limits, **({} if words == "no change shown" else {"verdict": chance(relative.p_value)})}
