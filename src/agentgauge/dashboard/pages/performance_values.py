"""The cards about a metric's values: how they are distributed, how that changes, and which are far from the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.content import Content, Drawn, Empty, Note, Tile, Tiles, choices
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.performance_metrics import METRICS, Shown, asked_of, metric_of
from agentgauge.dashboard.pages.work_links import named, origin_links
from agentgauge.dashboard.rendering import figure
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import reports, short_wording, wording
from agentgauge.service.graphs.courses import figures
from agentgauge.service.graphs.histograms import class_words, histogram_chart
from agentgauge.service.reports.histogram import Class, histogram
from agentgauge.service.reports.origins import origins
from agentgauge.service.reports.percentile_course import percentile_course
from agentgauge.service.reports.percentiles import Distribution
from agentgauge.service.reports.totals import FEW

_LISTED = 15
_FEW_WORDS = f"p95 and p99 of fewer than {FEW} values are those of the one or two largest, and are not shown."


def tiles(asked: PageAsked) -> Iterator[Content]:
    metric = metric_of(asked)
    yield choices("Metric", [(each.title, asked.here(metric=each.name, sort=None), each is metric) for each in METRICS])
    found = reports.percentiles(asked.engine, metric.name, asked.window, asked.conditions, per=metric.per)
    if found.nothing_recorded:
        yield Empty(text="No events in this range.", command="agentgauge demo")
        return
    (values,) = found.rows
    link = asked.link("/runs", **metric.rows)
    yield Tiles(
        tuple(
            _tile(metric, values, link, *each)
            for each in (("Median", "p50"), ("p95", "p95"), ("p99", "p99"), ("Mean", "mean"))
        )
    )
    if values.unpriced:
        yield Note(f"{wording.count_of(values.unpriced, 'task')} with a call whose price is not known: in no figure.")


def _tile(metric: Shown, values: Distribution, link: str, title: str, statistic: str) -> Tile:
    of = f"of {short_wording.count(values.count)} {metric.counted}"
    if statistic in ("p95", "p99") and values.few:
        return Tile(title=title, figure=short_wording.NOTHING, note=f"hidden: {of}, fewer than {FEW}", link=link)
    return Tile(title=title, figure=figure(getattr(values, statistic), metric.kind), note=of, link=link)


def course(asked: PageAsked) -> Iterator[Content]:
    metric = metric_of(asked)
    width = asked.filters.width(asked.now, asked.first)
    found = percentile_course(
        asked.engine, metric.name, asked.window, width, asked.filters.tz, asked.conditions, per=metric.per
    )
    lines = {
        "median": lambda bucket: bucket.p50,
        "p95": lambda bucket: bucket.shown_p95,
        "p99": lambda bucket: bucket.shown_p99,
    }
    yield drawn(figures(found.buckets, lines, metric.unit, width=width, what=metric.what), zooms=True)
    if found.few:
        yield Note(f"{wording.count_of(found.few, width)} with fewer than {FEW} values: {_FEW_WORDS}")


def distribution(asked: PageAsked) -> Content:
    metric = metric_of(asked)
    found = histogram(asked.engine, metric.name, asked.window, asked.conditions, per=metric.per)
    chart = histogram_chart(found, metric.unit, metric.what)
    table = Table(
        columns=(
            Column(key="class", title="Values", kind="name", sorts=False),
            Column(key="above", title="Above", kind=metric.kind),
            Column(key="up_to", title="Up to", kind=metric.kind),
            Column(key="count", title=metric.counted.capitalize(), kind="count"),
        ),
        rows=tuple(
            Row(
                values={
                    "class": class_words(each, metric.unit), "above": each.low, "up_to": each.high,
                    "count": each.count,
                },
                links={"count": _class(asked, metric, each)},
            )
            for each in found.classes
        ),
        caption=chart.summary,
    )  # fmt: skip
    return Drawn(chart=chart, table=table)


def _class(asked: PageAsked, metric: Shown, of: Class) -> str:
    return asked.link("/runs", **{**metric.rows, f"above_{metric.unit}": of.low, f"up_to_{metric.unit}": of.high})


def groups(asked: PageAsked) -> Iterator[Content]:
    metric = metric_of(asked)
    by = asked_of(asked).by if asked_of(asked).by in metric.bys else metric.bys[0]
    assert by is not None
    yield choices("By", [(each.capitalize(), asked.here(by=each, sort=None), each == by) for each in metric.bys])
    found = reports.percentiles(asked.engine, metric.name, asked.window, asked.conditions, by=(by,), per=metric.per)
    figures_ = (("p50", "Median"), ("p95", "p95"), ("p99", "p99"), ("mean", "Mean"), ("max", "Largest"))
    yield Table(
        columns=(
            Column(key="name", title=by.capitalize(), kind="name"),
            Column(key="count", title=metric.counted.capitalize(), kind="count"),
            *(Column(key=key, title=title, kind=metric.kind, narrow=key in ("p50", "p95")) for key, title in figures_),
        ),
        rows=tuple(_group(row, by, metric, asked) for row in found.rows if row.count),
        caption=f"{metric.title} by {by}",
    )
    if any(row.few and row.count for row in found.rows):
        yield Note(f"Few: fewer than {FEW} values. {_FEW_WORDS}")


def _group(row: Distribution, by: str, metric: Shown, asked: PageAsked) -> Row:
    name = row.key[by]
    values: dict[str, Any] = {"name": name or "none", "count": row.count, "p50": row.p50, "mean": row.mean}
    values |= {"max": row.max, "p95": None if row.few else row.p95, "p99": None if row.few else row.p99}
    links = {"count": asked.link("/runs", **metric.rows, **named(by, name))}
    if name is not None and by in ("agent", "role", "model"):
        links["name"] = asked.here(**{by: name})
    return Row(values=values, links=links, notes={"p95": "few", "p99": "few"} if row.few else {})


def outliers(asked: PageAsked) -> Iterator[Content]:
    metric = metric_of(asked)
    found = reports.outliers(
        asked.engine, metric.name, asked.window, method="robust", by="operation", filters=asked.conditions,
        limit=_LISTED, per=metric.per,
    )  # fmt: skip
    listed = [(row.time, row.segment, row.n) for row in found.outliers]
    known = origins(asked.engine, listed)
    yield Table(
        columns=(
            Column(key="time", title="When", kind="time"),
            Column(key="operation", title="Operation"),
            Column(key="agent", title="Agent", narrow=False),
            Column(key="value", title=metric.title, kind=metric.kind),
            Column(
                key="z", title="z", kind="score",
                note="Robust: 0.6745 times the distance from the median of its operation, over the median distance; "
                "of logarithms.",
            ),
            Column(key="work", title="Belongs to"),
        ),
        rows=tuple(_outlier(row, known.get((row.segment, row.n)), asked) for row in found.outliers),
        caption=f"{metric.title} far from the others of its operation",
        total=found.count,
        empty=f"No value is far from the others of its operation (robust z above {found.threshold:g}).",
    )  # fmt: skip
    if found.outliers and not found.exact:
        yield Note("Of so many values, the usual distance from the median is found from percentiles, within a percent.")


def _outlier(row: Any, origin: Any, asked: PageAsked) -> Row:
    text, link, own = origin_links(asked, origin)
    return Row(
        values={
            "time": row.time, "operation": row.operation or row.key, "agent": row.agent, "value": row.value,
            "z": row.score, "work": text,
        },
        links={name: address for name, address in (("work", link), ("operation", own)) if address},
    )  # fmt: skip
