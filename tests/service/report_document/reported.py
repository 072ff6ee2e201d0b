"""A home with something to report of, what is asked of it, and what a file of HTML holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import agentgauge
from agentgauge.meter import Meter
from agentgauge.service.report_document.question import Question
from agentgauge.service.window import Window
from agentgauge.settings.server import get_server_settings
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.budget_terms import Terms
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.database import state_of

END = datetime(2026, 11, 15, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = {"reviewer": "gpt-5-mini", '<b>"ко&дер"</b> #emph[x] 编': "claude-sonnet-4-5"}
"""Agents with their models; the second is whatever programs may be called."""


def record_weeks(home: Path, days: int = 21) -> Path:
    """Three weeks of work until `END`, dearer in the last; a budget, an alert, and calls without a price."""
    with agentgauge.open(home, project="shop") as gauge:
        for day in range(days):
            for number in range(8 if day % 2 else 5):
                _task(gauge, END - day * DAY - timedelta(minutes=30 + 40 * number), number, 3 if day < 7 else 1)
    settings = get_server_settings(home, {})
    store = state_of(settings.recording.home)
    terms = Terms(scope="agent", name="reviewer", total_usd=_usd("30"), start=END - 20 * DAY)
    BudgetBook(store).create(terms, "test", END)
    silence = Detected(condition="silence", type="no_data", severity="critical", metric="events", message="Silence.")
    AlertBook(store).detect(silence, END - DAY)
    return home


def _task(gauge: agentgauge.Gauge, at: datetime, number: int, times: int) -> None:
    agent, model = list(NAMES.items())[number % 2]
    span = f"{int(at.timestamp()):016x}"
    with gauge.scope(agent=agent, role="developer", parent_id=span):
        gauge.llm_call(model, input_tokens=20_000 * times, output_tokens=900, duration_ms=800.0 + number, at=at)
        gauge.tool_call("bash", 20.0 + number, number != 3, at=at)
        if number == 4:
            gauge.llm_call("house-model", input_tokens=100, output_tokens=10, duration_ms=70, at=at)
    with gauge.scope(agent=agent, role="developer"):
        gauge.task("work", 4000.0 + 100 * number, number != 2, 80, at=at, span_id=span)


def _usd(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)


@contextmanager
def question(home: Path, **different: Any) -> Iterator[Question]:
    """About the last week of `record_weeks`, half an hour after it."""
    settings = get_server_settings(home, {})
    meter = Meter(settings.recording)
    with meter.engine() as engine:
        given = {"window": Window(END - 7 * DAY, END), "now": END + timedelta(minutes=30), **different}
        yield Question(engine=engine, state=state_of(settings.recording.home), book=meter.book, **given)


class Page(HTMLParser):
    """What a file of HTML has: its elements, what they refer to, and the exact values of its figures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.references: list[str] = []
        self.handlers: list[str] = []
        self.values: dict[str, str] = {}
        """What is read, by the exact values of figures."""
        self.words: list[str] = []
        self._value: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        given = dict(attrs)
        self.references += [
            value for name in ("src", "href", "xlink:href", "srcset", "action") if (value := given.get(name))
        ]
        self.handlers += [name for name in given if name.startswith("on")]
        if tag == "data":
            self._value = given["value"]

    def handle_data(self, data: str) -> None:
        self.words += [data.strip()] if data.strip() else []
        if self._value is not None:
            self.values[self._value], self._value = data, None
