"""The reader of a server: OTLP requests, bytes, to events to record."""

from __future__ import annotations

from collections.abc import Iterable

from agentgauge.errors import BodyTooLarge, EventRefused
from agentgauge.events.checked import Checked
from agentgauge.integrations.otlp.decoding import Request, read_metrics, read_traces
from agentgauge.integrations.otlp.metrics import measurements_of
from agentgauge.integrations.otlp.pairs import Pairs
from agentgauge.integrations.otlp.spans import events_of
from agentgauge.integrations.otlp.surroundings import Surroundings
from agentgauge.integrations.otlp.table import LEFT_OUT, load

Item = Checked | EventRefused
Projects = frozenset[str] | None


class OtlpReader:
    """One for each process: it remembers for a while what spans have come. Safe for several threads."""

    def __init__(self) -> None:
        self._table = load()
        self._pairs_of_spans = Pairs(lambda name: self._table.use_of(name) is LEFT_OUT)
        self._pairs_of_points = Pairs(lambda name: False)  # all of them say which series it is
        self._surroundings = Surroundings()

    def spans(self, body: bytes, *, is_json: bool, most: int, projects: Projects = None) -> Iterable[Item]:
        """An event for each span. Raises `BodyRefused`, and `BodyTooLarge` for more than `most` spans.

        `projects` are those that the sender may record into, None for all.
        """
        request = read_traces(body, self._pairs_of_spans, is_json=is_json)
        _check_number(len(request.groups), most)  # two bytes make one, and to look into each takes a microsecond
        _check_number(sum(len(group.scope_spans) for group in request.groups), most)
        _check_number(sum(len(scoped.spans) for group in request.groups for scoped in group.scope_spans), most)
        return events_of(request, self._table, self._surroundings, projects)

    def points(self, body: bytes, *, is_json: bool, most: int, projects: Projects = None) -> Iterable[Item]:
        """An event for each point that has a value. Raises as `spans` does."""
        request = read_metrics(body, self._pairs_of_points, is_json=is_json)
        _check_number(len(request.groups), most)
        _check_number(sum(len(group.scope_metrics) for group in request.groups), most)
        _check_number(sum(len(scoped.metrics) for group in request.groups for scoped in group.scope_metrics), most)
        _check_number(_points(request), most)
        return (item for item in measurements_of(request, self._table, projects) if item is not None)


def _points(request: Request) -> int:
    return sum(
        len(getattr(metric, data).data_points)
        for group in request.groups
        for scoped in group.scope_metrics
        for metric in scoped.metrics
        for data in ("gauge", "sum", "histogram", "exponential_histogram", "summary")
        if metric.HasField(data)
    )


def _check_number(items: int, most: int) -> None:
    if items > most:
        raise BodyTooLarge(f"{items} spans or points, or groups of them, in one request; at most {most}")
