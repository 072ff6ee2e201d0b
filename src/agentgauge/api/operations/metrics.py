"""`GET /metrics`: what agents did and what the server does, for Prometheus and whatever else reads OpenMetrics."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from agentgauge.api.access import Reader, RuntimeOf
from agentgauge.exporters.openmetrics import families
from agentgauge.exporters.openmetrics_notifications import notification_families
from agentgauge.exporters.openmetrics_state import state_families
from agentgauge.service.jobs.overview import job_states
from agentgauge.service.projects import OfProjects
from agentgauge.service.reports import counters
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.principal import Principal
from agentgauge.state.alerts import AlertBook
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.notification_channels import ChannelStates

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

router = APIRouter()


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "OpenMetrics 1.0 where the request accepts it, else the text format 0.0.4.",
            "content": {"text/plain": {"schema": {"type": "string"}}, "application/openmetrics-text": {}},
        }
    },
)
def metrics(request: Request, runtime: RuntimeOf, principal: Reader) -> Response:
    """Counters of everything ever recorded, by few labels, and of the server's own processes.

    They are counted from the events themselves, so they are the same from every process and after a restart. A key that
    is bound to projects gets these projects' events, and nothing of the server.
    """
    from prometheus_client.exposition import choose_encoder

    fresh = "no-cache" in request.headers.get("cache-control", "")
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(_Collected(runtime, principal, fresh=fresh)), headers={"Content-Type": content_type})


class _Collected:
    """What the library takes for a registry."""

    def __init__(self, runtime: Runtime, principal: Principal, *, fresh: bool) -> None:
        self._fresh = fresh
        self._runtime = runtime
        self._principal = principal

    def collect(self) -> Iterator[Metric]:
        runtime, projects = self._runtime, self._principal.projects
        with runtime.live.reading(fresh=self._fresh) as seen:
            engine = seen.engine if projects is None else OfProjects(seen.engine, projects)
            found = counters(engine, runtime.settings.prometheus_labels)
        yield from families(found, self._never_falling)
        if projects is None:
            yield from _of_state(runtime)
            yield from runtime.figures.collect()

    def _never_falling(self, values: dict[str, Decimal]) -> dict[str, Decimal]:
        # A key of some projects sees other totals under the same names.
        prefix = "\t".join(sorted(self._principal.projects or ()))
        raised = self._runtime.floors.raised({f"{prefix}\n{name}": value for name, value in values.items()})
        return {name: raised[f"{prefix}\n{name}"] for name in values}


def _of_state(runtime: Runtime) -> Iterator[Metric]:
    counts = AlertBook(runtime.state).open_counts()
    yield from state_families(counts, BudgetBook(runtime.state).budgets(), job_states(runtime.state, runtime.now()))
    yield from notification_families(ChannelStates(runtime.state).all())
