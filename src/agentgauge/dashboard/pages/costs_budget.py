"""`/budgets/{budget}`: one budget: how its period goes, when it runs out, what it is made of, and changing it;
`/budgets/new`: making one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.content import Content, Empty, Note, Own, Sentence, Tile, Tiles
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages.costs_budget_acts import CHANGE, CREATE, REMOVE, BudgetForm, written
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.errors import NotFound
from agentgauge.service import run_out_wording, short_wording, wording
from agentgauge.service.budget_course import course
from agentgauge.service.budget_history import told
from agentgauge.service.budget_listing import set_by
from agentgauge.service.budget_outlook import outlooks
from agentgauge.service.budget_parts import parts
from agentgauge.service.budgets import BudgetState, states, unrecorded
from agentgauge.service.graphs.budgets import burn_up
from agentgauge.service.named_budgets import SCOPES, described
from agentgauge.state.audit import AuditLog
from agentgauge.state.budget_terms import Budget
from agentgauge.state.budgets import BudgetBook

_ACTS_SHOWN = 50
_RESERVATIONS_SHOWN = 100
_PERIODS = (("month", "per month"), ("week", "per week, from Monday"), ("day", "per day"), ("total", "in total"))


def _found(asked: PageAsked) -> tuple[Budget, BudgetState]:
    budget = BudgetBook(asked.runtime.state).get(_id(asked), asked.principal.projects)
    return budget, states(asked.engine, asked.runtime.state, (budget,), asked.now)[0]


def _id(asked: PageAsked) -> int:
    text = asked.at["budget"]
    if not (text.isascii() and text.isdecimal()):
        raise NotFound(f"no budget {text!r}: budgets have numbers", field="budget")
    return int(text)


def _check(asked: PageAsked) -> None:
    BudgetBook(asked.runtime.state).get(_id(asked), asked.principal.projects)


def _tiles(asked: PageAsked) -> Iterator[Content]:
    budget, state = _found(asked)
    outlook = outlooks(asked.engine, asked.runtime.state, [budget], [state], asked.now)[budget.id]
    who = set_by(asked.runtime.state, state, names_actors=asked.may_act)
    yield Sentence(text=f"{state.scope} {state.name} may spend {described(state)}. Set by {who}.")
    if (note := unrecorded(asked.engine, budget)) is not None:
        yield Note(f"{note[:1].upper()}{note[1:]}.")
    yield Tiles(
        (
            Tile(
                title="Spent",
                figure=short_wording.money(state.used_usd),
                note=f"of {short_wording.money(state.total_usd)}: {_share(state)}, {state.status}",
                link=_rows(asked, budget, state),
            ),
            Tile(
                title="Left",
                figure=short_wording.money(state.remaining_usd),
                note=f"{short_wording.money(state.reserved_usd)} reserved"
                if state.reserved_usd
                else "nothing reserved",
            ),
            Tile(
                title="Used up on",
                figure=run_out_wording.expected(outlook),
                note=f"{between} in 95 of 100 cases" if (between := run_out_wording.between(outlook, 95)) else "",
            ),
            Tile(
                title="Unpriced calls",
                figure=short_wording.count(state.unpriced_calls),
                note="their cost is not in it" if state.unpriced_calls else "every call has its price",
                link=_rows(asked, budget, state, priced="no") if state.unpriced_calls else None,
            ),
        )
    )


def _share(state: BudgetState) -> str:
    return "more than all" if state.utilization_percent is None else wording.percent(state.utilization_percent / 100)


def _rows(asked: PageAsked, budget: Budget, state: BudgetState, **more: str) -> str:
    """The calls that it counts."""
    names: dict[str, str] = {} if budget.project is None else {"project": budget.project}
    names |= {budget.scope: budget.name, **more}
    return asked.link("/runs", view="calls", range=None, start=state.counted_from.isoformat(), end=None, **names)


def _period(asked: PageAsked) -> Iterator[Content]:
    budget, state = _found(asked)
    store = asked.runtime.state
    outlook = outlooks(asked.engine, store, [budget], [state], asked.now)[budget.id]
    way = course(asked.engine, store, budget, state, asked.now)
    yield Sentence(
        text=run_out_wording.sentence(outlook, way.used_up(budget.total_usd)),
        tone="bad" if outlook.exhausted else "warn" if outlook.day is not None else "plain",
    )
    yield drawn(burn_up(state, way, outlook))


def _parts(asked: PageAsked) -> Iterator[Content]:
    budget, state = _found(asked)
    found = parts(asked.engine, asked.runtime.state, budget, state, asked.now)
    listed: tuple[tuple[str, Decimal, str], ...] = (
        ("Counted", found.events_usd, "from the events that there are"),
        ("Carried", found.carried_usd, "of events that were deleted since"),
        ("Charged", found.told_usd, "told by guards, of calls that are not among the events yet or have no price"),
        ("Reserved", found.reserved_usd, "for calls that are under way"),
        ("Left", found.remaining_usd, "neither spent nor reserved"),
        ("Limit", state.total_usd, described(state).partition(" ")[2]),
    )
    yield Table(
        columns=(
            Column(key="part", title="Part", kind="name", sorts=False),
            Column(key="usd", title="Amount", kind="money", sorts=False),
            Column(key="what", title="What it is", kind="text", sorts=False, narrow=False),
        ),
        rows=tuple(Row(values={"part": part, "usd": usd, "what": what}) for part, usd, what in listed),
        caption="What the budget's amount is made of; all but the limit add up to it",
    )
    warns = f"Warns at {state.warning_percent:g} %, critical at {state.critical_percent:g} %"
    yield Note(f"{warns}. Counts from {state.counted_from:%d %b %Y %H:%M} UTC.")


def _reservations(asked: PageAsked) -> Content:
    budget, state = _found(asked)
    found = parts(asked.engine, asked.runtime.state, budget, state, asked.now).reservations
    if not found:
        return Empty(text="No call is under way that reserved something of it.")
    return Table(
        columns=(
            Column(key="holder", title="Reserved by", kind="name"),
            Column(key="what", title="For", kind="text", narrow=False),
            Column(key="usd", title="Holds", kind="money"),
            Column(key="since", title="Since", kind="time", narrow=False),
            Column(key="expires", title="Expires", kind="time", note="Unless its program renews it"),
        ),
        rows=tuple(
            Row(
                values={
                    "holder": held.holder, "what": "calls to come" if held.is_lease else "a call", "usd": held.usd,
                    "since": held.reserved, "expires": held.expires,
                },
                notes={"expires": "expired; freed when it is counted" if held.expires < asked.now else ""},
            )
            for held in found[:_RESERVATIONS_SHOWN]
        ),
        caption="What is reserved of the budget",
        total=len(found),
    )  # fmt: skip


def _history(asked: PageAsked) -> Content:
    if not asked.may_act:
        return Note("Who decided what about it is for who has the scope admin.")
    acts = AuditLog(asked.runtime.state).acts(subject=f"budget {_id(asked)}", limit=_ACTS_SHOWN)
    return Table(
        columns=(
            Column(key="time", title="When", kind="time"),
            Column(key="actor", title="Who", kind="text"),
            Column(key="act", title="What", kind="text", sorts=False),
        ),
        rows=tuple(Row(values={"time": act.time, "actor": act.actor, "act": told(act)}) for act in acts),
        caption="What was decided about the budget",
        empty="Nothing is noted of it.",
    )


def _change(asked: PageAsked) -> Content:
    if not asked.may_act:
        return Note("Changing a budget needs the scope admin.")
    budget, _ = _found(asked)
    return _form(asked, budget)


def _new(asked: PageAsked) -> Content:
    return _form(asked, None)


def _form(asked: PageAsked, budget: Budget | None) -> Own:
    return Own(
        template="costs/budget_form.html",
        values={
            "asked": asked, "create": CREATE, "change": CHANGE, "remove": REMOVE, "budget": budget,
            "scopes": SCOPES, "periods": _PERIODS, "given": written(asked.filters, budget),
        },
    )  # fmt: skip


BUDGET = Page(
    path="/budgets/{budget}",
    title="Budget {budget}",
    of_menu="/costs",
    cards=(
        Card(id="figures", title="Figures", build=_tiles, width="bare"),
        Card(id="period", title="This period", build=_period, note="spent so far, by the end of each day"),
        Card(id="parts", title="How it adds up", build=_parts, width="half"),
        Card(id="reservations", title="Reserved now", build=_reservations, low=True, width="half"),
        Card(id="change", title="Change it", build=_change, width="half"),
        Card(id="history", title="What was decided", build=_history, width="half"),
    ),
    parameters=BudgetForm,
    filtered=False,
    topics=("budgets",),
    keeps_for=timedelta(seconds=1),
    check=_check,
    acts=(CHANGE, REMOVE),
)
NEW_BUDGET = Page(
    path="/budgets/new",
    title="New budget",
    of_menu="/costs",
    cards=(Card(id="new", title="What may be spent", build=_new, width="half"),),
    parameters=BudgetForm,
    filtered=False,
    needs_admin=True,
    acts=(CREATE,),
)
