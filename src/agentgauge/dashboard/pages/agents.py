"""`/agents`: agents beside each other, and roles; what a success costs with each."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Content, Note, Sentence
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages.work_tables import agents_table, ranked_table
from agentgauge.service import reports, short_wording
from agentgauge.service.reports.totals import FEW


def _agents(asked: PageAsked) -> Content:
    return agents_table(asked)


def _roles(asked: PageAsked) -> Content:
    return ranked_table(asked, "role", "Role", "Roles, what they did and cost")


def _success_cost(asked: PageAsked) -> Iterator[Content]:
    """What a success cost, agent by agent, in a sentence: the figure that prices per call hide."""
    found = [
        row for row in reports.ranking(asked.engine, asked.window, "agent", asked.conditions).rows
        if row.name and row.cost_per_success_usd is not None and row.successful_tasks >= FEW
        and not row.unpriced_calls
    ]  # fmt: skip
    if len(found) < 2:
        yield Note(
            f"To compare what a success costs, two agents are needed with {FEW} successful tasks each and no call "
            "without a price."
        )
        return
    found.sort(key=lambda row: row.cost_per_success_usd or 0)
    cheap, dear = found[0], found[-1]
    yield Sentence(
        text=f"A successful task cost {short_wording.money(cheap.cost_per_success_usd)} with {cheap.name} and "
        f"{short_wording.money(dear.cost_per_success_usd)} with {dear.name}, failed work included. They may do "
        "different work: a comparison on the same issues says which is better.",
        link=asked.link("/models"),
        link_text="Compare",
    )


AGENTS = Page(
    path="/agents",
    title="Agents and roles",
    in_menu="Agents",
    cards=(
        Card(id="success-cost", title="What a success costs", build=_success_cost),
        Card(id="agents", title="Agents", build=_agents),
        Card(id="roles", title="Roles", build=_roles),
    ),
    topics=("budgets",),
)
