"""An operation that runs: what is known of it that no event tells yet, and how it ends."""

from __future__ import annotations

import time
from contextvars import Context
from datetime import UTC, datetime
from typing import Any, NamedTuple

from agentgauge.events import Event
from agentgauge.operations.given import attributes_of, failure, flag, outcome_of
from agentgauge.recorder import Gauge, Kept


class RunningOperation(NamedTuple):
    operation_id: str
    name: str
    attributes: dict[str, Any] | None
    context: Context
    """It was started in. Its end belongs to the scope around it, not to its own or to that of another thread."""
    began: float
    """By the performance counter."""

    def end(
        self,
        gauge: Gauge,
        session_id: str,
        success: object = True,
        error: object = None,
        quality_score: object = None,
        metadata: object = None,
    ) -> Kept | Event:
        """Record its end: what was kept, else the event that was refused or dropped, which is counted."""
        values: dict[str, object] = {
            "name": self.name,
            "duration_ms": (time.perf_counter() - self.began) * 1000,
            "quality_score": quality_score,
        }
        if error is None:
            values["outcome"] = outcome_of(flag(success))
        else:
            values |= {"outcome": "error", **failure(error)}
        attributes = self.attributes
        if metadata is not None:
            attributes = (attributes or {}) | (attributes_of(metadata, gauge) or {})
        kept = self.context.run(
            gauge.keep, "task", values, attributes=attributes,
            session=session_id, operation=self.name, span_id=self.operation_id,
        )  # fmt: skip
        if kept is not None:
            return kept
        told: dict[str, Any] = {name: values[name] for name in ("name", "duration_ms", "outcome")}
        return Event(kind="task", time=datetime.now(UTC), span_id=self.operation_id, **told)
