"""An application with a page of the tests' own: budgets, with what can be done to them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from agentgauge.api.routing import include
from agentgauge.dashboard.acts import Act, Acting, Done, Given
from agentgauge.dashboard.app import create_app
from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Content, Sentence
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.router import add_page
from agentgauge.settings.server import ServerSettings
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook


class OfBudget(Given):
    budget_id: int
    version: int | None = None


class NewBudget(Given):
    name: str
    total_usd: Decimal
    note: str = "none"


def _delete(acting: Acting, given: OfBudget) -> str:
    BudgetBook(acting.runtime.state).delete(
        given.budget_id, acting.principal.name, acting.now, version=given.version, projects=acting.principal.projects
    )
    return f"Budget {given.budget_id} is deleted."


def _create(acting: Acting, given: NewBudget) -> str | Done:
    terms = Terms(
        scope="agent", name=given.name, project=None, total_usd=given.total_usd, period="total", start=acting.now
    )
    BudgetBook(acting.runtime.state).create(terms, acting.principal.name, acting.now)
    return f"Budget of {given.name} is made, note {given.note}."


def _budgets(asked: PageAsked) -> Content:
    found = BudgetBook(asked.runtime.state).budgets(limit=10)
    return Sentence(text="; ".join(f"{one.name} {one.total_usd:f} v{one.version}" for one in found) or "No budgets.")


CREATE = Act(path="/sample/budgets", given=NewBudget, does=_create)
DELETE = Act(path="/sample/budgets/{budget_id}/delete", given=OfBudget, does=_delete, question="Delete this budget?")
SAMPLE = Page(
    path="/sample",
    title="Sample",
    cards=(Card(id="budgets", title="Budgets", build=_budgets),),
    topics=("budgets",),
    acts=(CREATE, DELETE),
)


@contextmanager
def serving(settings: ServerSettings, *pages: Page, url: str = "http://localhost") -> Iterator[TestClient]:
    """An application in this process that has these pages besides its own; called localhost."""
    with TestClient(_with(settings, pages), base_url=url, raise_server_exceptions=False) as client:
        yield client


@contextmanager
def listening(settings: ServerSettings, *pages: Page) -> Iterator[str]:
    """The same for a browser: its address."""
    app = _with(settings, pages)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive(), "the server did not start"
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        app.state.runtime.stopping.set()
        server.should_exit = True
        thread.join(30)


def _with(settings: ServerSettings, pages: Sequence[Page]) -> FastAPI:
    app = create_app(settings)
    router = APIRouter(include_in_schema=False)
    for page in pages:
        add_page(router, page)
    include(app.router, router)
    return app
