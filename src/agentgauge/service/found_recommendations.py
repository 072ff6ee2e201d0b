"""What is recommended to whoever asks a server: found lately, of each project that they see, or of all together."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from agentgauge.engines import Engine
from agentgauge.service import reports
from agentgauge.service.agent_budgets import budgets_by_agent
from agentgauge.service.projects import OfProjects
from agentgauge.service.recommending import period_of
from agentgauge.service.reports.recommendations import Findings
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.principal import Principal
from agentgauge.service.window import Window
from agentgauge.state.budgets import BudgetBook


def projects_asked(principal: Principal, project: str | None) -> list[str | None]:
    """None: all together, where whoever asks sees all."""
    seen = principal.projects
    return [project] if project is not None or seen is None else [*sorted(seen)]


def kept_under(runtime: Runtime, project: str | None) -> Hashable:
    """What findings are kept under in `RecentFindings`."""
    return project, runtime.state.changes("budgets")


def found_lately(
    runtime: Runtime, engine: Engine, now: datetime, project: str | None, *, fresh: bool = False
) -> Findings:
    """What is found for a project, None: for all together; up to five minutes old unless `fresh`. `engine` sees the
    projects of whoever asks.
    """
    of_one = engine if project is None else OfProjects(engine, [project])
    book = BudgetBook(runtime.state)

    def find() -> Findings:
        period = period_of(Window(), now)
        return reports.recommendations(of_one, period, runtime.meter.book, budgets_by_agent(of_one, book, now, project))

    return runtime.findings.findings(kept_under(runtime, project), find, fresh=fresh)
