"""The pages, in the order of the menu."""

from agentgauge.dashboard.page import Page
from agentgauge.dashboard.pages.agent import AGENT, ROLE
from agentgauge.dashboard.pages.agents import AGENTS
from agentgauge.dashboard.pages.costs import COSTS
from agentgauge.dashboard.pages.costs_budget import BUDGET, NEW_BUDGET
from agentgauge.dashboard.pages.overview import OVERVIEW
from agentgauge.dashboard.pages.performance import PERFORMANCE

PAGES: tuple[Page, ...] = (
    OVERVIEW,
    AGENTS,
    AGENT,
    ROLE,
    COSTS,
    NEW_BUDGET,
    BUDGET,
    PERFORMANCE,
)
MENU: tuple[Page, ...] = tuple(page for page in PAGES if page.in_menu is not None)
