"""A session as its events in the stream tell it: after a crash, or from another process."""

from __future__ import annotations

import agentgauge
from agentgauge.operations.models import MetricsData
from agentgauge.operations.session_view import SessionView
from agentgauge.recorder import Gauge


def read_session(session_id: str, gauge: Gauge | None = None) -> MetricsData:
    """The summary of a session: of all its events in the home of `gauge` (default: the process's own).

    Where nothing else recorded in that session, it is what its collector would give, whether the process still runs or
    was killed. What others did record is in it, and their tasks are operations too. Raises `LakeError` and `OSError`
    where the home cannot be read.
    """
    from agentgauge.engines.events import read_events
    from agentgauge.engines.query import Filter, Query
    from agentgauge.meter import engine_of  # deferred: it imports DuckDB

    view = SessionView()
    with engine_of(agentgauge.default() if gauge is None else gauge) as engine:
        for event in read_events(engine, Query(filters=(Filter("session", "=", session_id),))):
            view.apply(event)
    return view.data(session_id)
