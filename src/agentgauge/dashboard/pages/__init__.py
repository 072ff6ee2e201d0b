"""The pages, in the order of the menu."""

from agentgauge.dashboard.page import Page
from agentgauge.dashboard.pages.agent import AGENT, ROLE
from agentgauge.dashboard.pages.agents import AGENTS
from agentgauge.dashboard.pages.alerts import ALERTS
from agentgauge.dashboard.pages.alerts_one import ALERT
from agentgauge.dashboard.pages.alerts_rules import RULE
from agentgauge.dashboard.pages.costs import COSTS
from agentgauge.dashboard.pages.costs_budget import BUDGET, NEW_BUDGET
from agentgauge.dashboard.pages.models import MODELS
from agentgauge.dashboard.pages.overview import OVERVIEW
from agentgauge.dashboard.pages.performance import PERFORMANCE
from agentgauge.dashboard.pages.quality import QUALITY
from agentgauge.dashboard.pages.runs import RUNS
from agentgauge.dashboard.pages.runs_event import EVENT
from agentgauge.dashboard.pages.runs_one import RUN, SESSION, TICKET
from agentgauge.dashboard.pages.runs_task import OPERATION
from agentgauge.dashboard.pages.savings import SAVINGS
from agentgauge.dashboard.pages.system import SYSTEM

PAGES: tuple[Page, ...] = (
    OVERVIEW,
    AGENTS,
    AGENT,
    ROLE,
    MODELS,
    COSTS,
    NEW_BUDGET,
    BUDGET,
    SAVINGS,
    PERFORMANCE,
    QUALITY,
    RUNS,
    RUN,
    SESSION,
    TICKET,
    OPERATION,
    EVENT,
    ALERTS,
    ALERT,
    RULE,
    SYSTEM,
)
MENU: tuple[Page, ...] = tuple(page for page in PAGES if page.in_menu is not None)
