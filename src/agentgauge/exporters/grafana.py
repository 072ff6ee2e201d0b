"""A Grafana dashboard over the server's `/metrics`, made with Grafana's own SDK.

Panels are declared as data: a title, what the axis counts, and PromQL. Sums over time are Prometheus' `increase`, which
begins with a series' second scrape and interpolates between scrapes; for exact figures one asks agentgauge.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

UID = "agentgauge"
VARIABLES = ("project", "agent", "model")
_WORK = 'project=~"$project",agent=~"$agent"'
_CALLS = f'{_WORK},model=~"$model"'


class Target(msgspec.Struct, frozen=True):
    expr: str
    """PromQL; `$project` and the like are the dashboard's variables."""
    legend: str = ""


class PanelOf(msgspec.Struct, frozen=True):
    title: str
    unit: str
    """Grafana's name for it."""
    targets: tuple[Target, ...]
    kind: Literal["stat", "timeseries"] = "timeseries"
    says: str = ""
    stacked: bool = False


class Row(msgspec.Struct, frozen=True):
    title: str
    panels: tuple[PanelOf, ...]


def _over_range(metric: str, matchers: str) -> str:
    return f"sum(increase({metric}{{{matchers}}}[$__range]))"


def _rate(metric: str, matchers: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}{{{matchers}}}[$__rate_interval]))"


def _quantiles(metric: str, matchers: str) -> tuple[Target, ...]:
    return tuple(
        Target(
            f"histogram_quantile(0.{share}, sum by (le) (rate({metric}_bucket{{{matchers}}}[$__rate_interval])))",
            f"p{share}",
        )
        for share in (50, 95, 99)
    )


ROWS = (
    Row(
        "In this range",
        (
            PanelOf(
                "Cost",
                "currencyUSD",
                (Target(_over_range("agentgauge_cost_dollars_total", _CALLS)),),
                "stat",
                "Of the calls that have a price.",
            ),
            PanelOf("Operations", "short", (Target(_over_range("agentgauge_operations_total", _WORK)),), "stat"),
            PanelOf(
                "Success rate",
                "percentunit",
                (
                    Target(
                        _over_range("agentgauge_operations_total", f'{_WORK},outcome="success"')
                        + " / "
                        + _over_range("agentgauge_operations_total", f'{_WORK},outcome=~"success|failure"')
                    ),
                ),
                "stat",
                "Of the operations that have an outcome.",
            ),
            PanelOf("Tokens", "short", (Target(_over_range("agentgauge_tokens_total", _CALLS)),), "stat"),
            PanelOf(
                "Unpriced calls",
                "short",
                (Target(_over_range("agentgauge_unpriced_calls_total", _CALLS)),),
                "stat",
                "Calls in no cost: their model has no price.",
            ),
            PanelOf(
                "Quality score",
                "short",
                (
                    Target(
                        _over_range("agentgauge_quality_score_points_total", _WORK)
                        + " / "
                        + _over_range("agentgauge_quality_scores_total", _WORK)
                    ),
                ),
                "stat",
                "Mean of scores on 0 to 100.",
            ),
        ),
    ),
    Row(
        "Cost and tokens",
        (
            PanelOf(
                "Cost per hour by model",
                "currencyUSD",
                (Target("3600 * " + _rate("agentgauge_cost_dollars_total", _CALLS, "model"), "{{model}}"),),
                stacked=True,
            ),
            PanelOf(
                "Cost per hour by agent",
                "currencyUSD",
                (Target("3600 * " + _rate("agentgauge_cost_dollars_total", _CALLS, "agent"), "{{agent}}"),),
                stacked=True,
            ),
            PanelOf(
                "Tokens per minute",
                "short",
                (Target("60 * " + _rate("agentgauge_tokens_total", _CALLS, "type"), "{{type}}"),),
                stacked=True,
            ),
            PanelOf(
                "Input tokens read from a cache",
                "percentunit",
                (
                    Target(
                        f'sum(rate(agentgauge_cached_tokens_total{{{_CALLS},type="read"}}[$__rate_interval])) / '
                        f'sum(rate(agentgauge_tokens_total{{{_CALLS},type="input"}}[$__rate_interval]))'
                    ),
                ),
            ),
        ),
    ),
    Row(
        "Work",
        (
            PanelOf(
                "Operations per minute by agent",
                "short",
                (Target("60 * " + _rate("agentgauge_operations_total", _WORK, "agent"), "{{agent}}"),),
            ),
            PanelOf(
                "Failures per minute by agent",
                "short",
                (
                    Target(
                        "60 * " + _rate("agentgauge_operations_total", f'{_WORK},outcome="failure"', "agent"),
                        "{{agent}}",
                    ),
                ),
            ),
            PanelOf(
                "Operation duration",
                "s",
                _quantiles("agentgauge_operation_duration_seconds", 'agent=~"$agent"'),
                says="Of all projects: durations are told apart by agent alone.",
            ),
            PanelOf(
                "Model call duration",
                "s",
                _quantiles("agentgauge_model_call_duration_seconds", 'model=~"$model"'),
                says="Of all projects and agents: durations of calls are told apart by model alone.",
            ),
            PanelOf(
                "Failed model calls per minute",
                "short",
                (
                    Target(
                        "60 * " + _rate("agentgauge_model_calls_total", f'{_CALLS},outcome="failure"', "model"),
                        "{{model}}",
                    ),
                ),
            ),
            PanelOf(
                "Tool calls per minute",
                "short",
                (Target("60 * " + _rate("agentgauge_tool_calls_total", _WORK, "outcome"), "{{outcome}}"),),
            ),
        ),
    ),
    Row(
        "Server",
        (
            PanelOf(
                "Events received per second",
                "short",
                (
                    Target(
                        "sum by (door, result) (rate(agentgauge_received_events_total[$__rate_interval]))",
                        "{{door}} {{result}}",
                    ),
                ),
            ),
            PanelOf(
                "Requests per second by status",
                "short",
                (Target("sum by (status) (rate(agentgauge_http_requests_total[$__rate_interval]))", "{{status}}"),),
            ),
            PanelOf(
                "Request duration, p95",
                "s",
                (
                    Target(
                        "histogram_quantile(0.95, sum by (le, route) "
                        "(rate(agentgauge_http_request_duration_seconds_bucket[$__rate_interval])))",
                        "{{route}}",
                    ),
                ),
            ),
            PanelOf(
                "Cache hit rate",
                "percentunit",
                (
                    Target(
                        'sum(rate(agentgauge_cache_requests_total{result="hit"}[$__rate_interval])) / '
                        "sum(rate(agentgauge_cache_requests_total[$__rate_interval]))"
                    ),
                ),
            ),
        ),
    ),
)


def dashboard() -> str:
    """The dashboard as JSON, ready to be imported; a list at its top chooses the Prometheus data source."""
    from grafana_foundation_sdk.builders import dashboard as builders
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

    board = (
        builders.Dashboard("agentgauge")
        .uid(UID)
        .tags(["agentgauge"])
        .timezone("browser")
        .time("now-24h", "now")
        .refresh("1m")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(builders.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    for name in VARIABLES:
        board = board.with_variable(_variable(name))
    for row in ROWS:
        board = board.with_row(builders.Row(row.title))
        for panel in row.panels:
            board = board.with_panel(_panel(panel))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build())


def _source() -> Any:
    from grafana_foundation_sdk.models.dashboard import DataSourceRef

    return DataSourceRef(type_val="prometheus", uid="${datasource}")


def _variable(name: str) -> Any:
    from grafana_foundation_sdk.builders import dashboard as builders
    from grafana_foundation_sdk.models.dashboard import VariableRefresh

    metric = "agentgauge_model_calls_total" if name == "model" else "agentgauge_operations_total"
    return (
        builders.QueryVariable(name)
        .label(name.capitalize())
        .query(f"label_values({metric}, {name})")
        .datasource(_source())
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".*")
    )


def _panel(panel: PanelOf) -> Any:
    from grafana_foundation_sdk.builders import common, prometheus, stat, timeseries
    from grafana_foundation_sdk.models.common import StackingMode, VisibilityMode

    made: Any
    if panel.kind == "stat":
        made = stat.Panel().height(4).span(4)
    else:
        made = timeseries.Panel().height(8).span(12).show_points(VisibilityMode.NEVER).min(0)
        if panel.stacked:
            made = made.stacking(common.StackingConfig().mode(StackingMode.NORMAL)).fill_opacity(30)
    made = made.title(panel.title).unit(panel.unit).description(panel.says).datasource(_source())
    for number, target in enumerate(panel.targets):
        query = prometheus.Dataquery().expr(target.expr).legend_format(target.legend).ref_id(chr(ord("A") + number))
        made = made.with_target(query.instant() if panel.kind == "stat" else query.range())
    return made
