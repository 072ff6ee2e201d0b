"""What channels were told of alerts, and what waits, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from agentgauge.state.notification_channels import ChannelState

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric


def notification_families(channels: Iterable[ChannelState]) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    labels = ("channel",)
    sent = CounterMetricFamily(
        "agentgauge_notifications_sent", "Steps of alerts that a channel was told of.", labels=labels
    )
    failed = CounterMetricFamily(
        "agentgauge_notifications_failed",
        "Steps of alerts that a channel could not be told of within a day.",
        labels=labels,
    )
    pending = GaugeMetricFamily(
        "agentgauge_notifications_pending", "Steps of alerts that a channel is still to be told of.", labels=labels
    )
    for channel in channels:
        sent.add_metric((channel.name,), channel.sent)
        failed.add_metric((channel.name,), channel.failed)
        pending.add_metric((channel.name,), channel.pending)
    yield sent
    yield failed
    yield pending
