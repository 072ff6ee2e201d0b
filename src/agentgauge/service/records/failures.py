"""What went wrong in a part of the events: errors, and what did not succeed, the newest first."""

from __future__ import annotations

from collections.abc import Sequence

from agentgauge.engines import Engine, Filter
from agentgauge.events import fields
from agentgauge.service.records.work_item import Step, course
from agentgauge.service.window import Window

UNSUCCESSFUL = Filter("outcome", "in", tuple(one for one in fields.OUTCOMES if one != "success"))
_ERRORS = Filter("kind", "=", "error")


def failures(engine: Engine, window: Window, filters: Sequence[Filter], *, limit: int) -> tuple[Step, ...]:
    """At most `limit`. Marks are left out: that a run failed is said by the run."""
    of_work = Filter("kind", "!=", "mark")
    errors = course(engine, window, (*filters, _ERRORS), limit=limit, newest_first=True)
    failed = course(engine, window, (*filters, of_work, UNSUCCESSFUL), limit=limit, newest_first=True)
    found = {step.key: step for step in (*errors, *failed)}
    return tuple(found[key] for key in sorted(found, reverse=True)[:limit])
