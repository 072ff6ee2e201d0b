"""What a point of a metric becomes."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from agentgauge.errors import EventRefused
from agentgauge.events import Event
from tests.integrations.otlp.sent import START, pairs, read

DELTA, CUMULATIVE = 1, 2
END = START + 60_000_000_000


def request(metric: Metric, **resource: Any) -> ExportMetricsServiceRequest:
    made = ExportMetricsServiceRequest()
    group = made.resource_metrics.add()
    group.resource.attributes.extend(pairs({name.replace("__", "."): value for name, value in resource.items()}))
    group.scope_metrics.add().metrics.append(metric)
    return made


def one(metric: Metric, *, is_json: bool = False, **resource: Any) -> Event:
    (event,) = read(request(metric, **resource), is_json=is_json)
    return event


def gauge(value: float, **attributes: Any) -> Metric:
    metric = Metric(name="queue", unit="{job}")
    metric.gauge.data_points.add(time_unix_nano=END, as_double=value, attributes=pairs(attributes))
    return metric


def counter(value: int, temporality: int = DELTA, *, is_monotonic: bool = True, end: int = END) -> Metric:
    metric = Metric(name="retries")
    metric.sum.aggregation_temporality, metric.sum.is_monotonic = temporality, is_monotonic
    metric.sum.data_points.add(start_time_unix_nano=START, time_unix_nano=end, as_int=value)
    return metric


def histogram(temporality: int = DELTA, **values: Any) -> Metric:
    metric = Metric(name="latency", unit="s")
    metric.histogram.aggregation_temporality = temporality
    metric.histogram.data_points.add(start_time_unix_nano=START, time_unix_nano=END, **values)
    return metric


@pytest.mark.parametrize("is_json", [False, True])
def test_a_gauge_is_its_value(is_json: bool) -> None:
    event = one(gauge(3.5, zone="a"), is_json=is_json, service__name="shop", agentgauge__team="core")
    assert (event.kind, event.name, event.value, event.unit) == ("measurement", "queue", 3.5, "{job}")
    assert (event.project, event.team, event.attributes) == ("shop", "core", {"zone": "a"})
    assert event.time.isoformat() == "2026-11-20T10:09:33+00:00"


@pytest.mark.parametrize("is_json", [False, True])
def test_a_delta_is_its_increase(is_json: bool) -> None:
    event = one(counter(4), is_json=is_json)
    assert (event.name, event.value, event.attributes) == ("retries", 4.0, None)


def test_a_running_total_has_a_name_of_its_own() -> None:
    event = one(counter(4, CUMULATIVE))
    assert (event.name, event.value) == ("retries (cumulative)", 4.0)
    assert event.attributes == {"otel.start": "2026-11-20T10:08:33+00:00"}


def test_a_sum_that_goes_up_and_down_is_a_level() -> None:
    assert one(counter(4, CUMULATIVE, is_monotonic=False)).name == "retries"


@pytest.mark.parametrize("is_json", [False, True])
def test_a_histogram_is_its_mean_with_what_it_is_the_mean_of(is_json: bool) -> None:
    event = one(histogram(count=4, sum=10.0, min=1.0, max=6.0), is_json=is_json)
    assert (event.name, event.value) == ("latency", 2.5)
    assert event.attributes == {"otel.count": 4, "otel.sum": 10.0, "otel.min": 1.0, "otel.max": 6.0}


def test_an_exponential_histogram_and_a_summary_are_means_too() -> None:
    exponential, summary = Metric(name="latency"), Metric(name="latency")
    exponential.exponential_histogram.aggregation_temporality = DELTA
    exponential.exponential_histogram.data_points.add(time_unix_nano=END, count=2, sum=3.0)
    summary.summary.data_points.add(time_unix_nano=END, count=2, sum=3.0)
    assert (one(exponential).name, one(exponential).value) == ("latency", 1.5)
    assert (one(summary).name, one(summary).value) == ("latency (cumulative)", 1.5)


def test_a_point_without_a_value_is_no_event() -> None:
    missing = Metric(name="queue")
    missing.gauge.data_points.add(time_unix_nano=END, flags=1)
    assert read(request(missing)) == []
    assert read(request(histogram(count=0, sum=0.0))) == []
    assert read(request(Metric(name="empty"))) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(EventRefused, match="finite"):
        one(gauge(value))


def test_a_histogram_without_a_sum_is_refused() -> None:
    with pytest.raises(EventRefused, match="sum"):
        one(histogram(count=2))


def test_identity_is_the_series_with_its_time() -> None:
    def source(metric: Metric, **resource: Any) -> str | None:
        return one(metric, **resource).source_id

    same = source(counter(4))
    assert same is not None
    assert same.startswith("otlp:point:")
    assert source(counter(4)) == source(counter(4), is_json=True) == same
    different = [
        source(counter(4, end=END + 1)),
        source(counter(4), service__name="shop"),
        source(gauge(4)),
        source(gauge(4, zone="a")),
        source(gauge(4, zone="b")),
    ]
    assert len({same, *different}) == 6
