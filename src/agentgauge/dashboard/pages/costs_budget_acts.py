"""What can be done about budgets: making one, changing it, removing it; as the API does, and with its scope.

What cannot be done is said on the form that it came from, which keeps what was written.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from pydantic import Field

from agentgauge.dashboard.acts import Act, Acting, Done, Given
from agentgauge.dashboard.filters import PageFilters
from agentgauge.errors import Conflict, Outdated, QueryError
from agentgauge.service.budget_fields import Fields, terms_of
from agentgauge.service.named_budgets import described
from agentgauge.state.budget_terms import Budget
from agentgauge.state.budgets import BudgetBook

Text = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
FIELDS = ("scope", "name", "of_project", "total_usd", "period", "start", "warning_percent", "critical_percent")
"""Of the form, in its order. `of_project`, since `project` is what pages are filtered by."""


class BudgetFields(Given):
    scope: Text = ""
    name: Text = ""
    of_project: Text = ""
    total_usd: Text = ""
    period: Text = ""
    start: Text = ""
    warning_percent: Text = ""
    critical_percent: Text = ""

    def given(self) -> Fields:
        return Fields(project=self.of_project, **{name: getattr(self, name) for name in FIELDS if name != "of_project"})

    def pairs(self) -> list[tuple[str, str]]:
        return [(name, value) for name in FIELDS if (value := getattr(self, name))]


class ChangedBudget(BudgetFields):
    budget: int
    version: int
    """What the person saw."""


class OneBudget(Given):
    budget: int
    version: int


class BudgetForm(PageFilters):
    """Of the pages with the form: what was written, where it could not be done."""

    scope: Text | None = None
    name: Text | None = None
    of_project: Text | None = None
    total_usd: Text | None = None
    period: Text | None = None
    start_of: Text | None = None
    warning_percent: Text | None = None
    critical_percent: Text | None = None
    tried: int | None = None
    """The version that it was written for; 0 of a new one. None: nothing was."""


def _create(acting: Acting, given: BudgetFields) -> Done:
    try:
        terms = terms_of(given.given(), acting.now)
        made = BudgetBook(acting.runtime.state).create(terms, acting.principal.name, acting.now)
    except (QueryError, Conflict) as error:
        return _again(acting, given, "/budgets/new", 0, error)
    return Done(f"Budget {made.id} is set: {_what(made)}.", _address(acting, f"/budgets/{made.id}"))


def _change(acting: Acting, given: ChangedBudget) -> Done:
    book, projects = BudgetBook(acting.runtime.state), acting.principal.projects
    page = f"/budgets/{given.budget}"
    before = book.get(given.budget, projects)
    try:
        terms = terms_of(given.given(), acting.now, before)
        changed = book.replace(
            given.budget, terms, acting.principal.name, acting.now, version=given.version, projects=projects
        )
    except Outdated:
        words = f"somebody changed budget {given.budget} since you opened it: look at it, and save again to replace it"
        return _again(acting, given, page, before.version, Outdated(words))
    except (QueryError, Conflict) as error:
        return _again(acting, given, page, given.version, error)
    return Done(f"Budget {changed.id} is changed: {_what(changed)}.", _address(acting, page))


def _remove(acting: Acting, given: OneBudget) -> Done:
    book, projects = BudgetBook(acting.runtime.state), acting.principal.projects
    found = book.get(given.budget, projects)
    try:
        book.delete(given.budget, acting.principal.name, acting.now, version=given.version, projects=projects)
    except Outdated:
        words = f"Not removed: somebody changed budget {given.budget} since you opened it."
        return Done(words, _address(acting, f"/budgets/{given.budget}"), "bad")
    return Done(f"Budget {given.budget} is removed: {_what(found)}.", _address(acting, "/costs") + "#budgets")


def _again(
    acting: Acting, given: BudgetFields, page: str, version: int, error: QueryError | Conflict | Outdated
) -> Done:
    """The form once more, with what was written."""
    written = [(name if name != "start" else "start_of", value) for name, value in given.pairs()]
    return Done(f"Not saved: {error}.", _address(acting, page, *written, ("tried", str(version))), "bad")


def _address(acting: Acting, page: str, *more: tuple[str, str]) -> str:
    """A page with the filters that the person had."""
    carried = {"range", "start", "end", "project", "agent", "role", "model", "tz"}
    kept = [pair for pair in parse_qsl(urlsplit(acting.then).query) if pair[0] in carried]
    query = urlencode([*kept, *more])
    return f"{acting.root}{page}" + (f"?{query}" if query else "")


def _what(budget: Budget) -> str:
    return f"{budget.scope}:{budget.name} may spend {described(budget)}"


def written(filters: PageFilters, before: Budget | None) -> dict[str, str]:
    """What the form shows: what was written, else the budget as it is, else nothing."""
    assert isinstance(filters, BudgetForm)
    if filters.tried is not None:
        fields = {name: getattr(filters, name if name != "start" else "start_of") or "" for name in FIELDS}
        return {**fields, "version": str(filters.tried)}
    if before is None:
        return {**dict.fromkeys(FIELDS, ""), "scope": "agent", "period": "month", "version": "0"}
    found = msgspec.structs.asdict(before)
    return {
        "scope": before.scope, "name": before.name, "period": before.period, "start": "",
        "of_project": "" if before.scope == "project" else before.project or "",
        "total_usd": f"{before.total_usd:f}", "version": str(before.version),
        **{name: f"{found[name]:g}" for name in ("warning_percent", "critical_percent")},
    }  # fmt: skip


CREATE = Act(path="/budgets/new", given=BudgetFields, does=_create)
CHANGE = Act(path="/budgets/{budget}/change", given=ChangedBudget, does=_change)
REMOVE = Act(
    path="/budgets/{budget}/remove", given=OneBudget, does=_remove,
    question="Remove this budget? What was recorded stays.",
)  # fmt: skip
