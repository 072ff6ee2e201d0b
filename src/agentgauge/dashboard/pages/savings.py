"""`/savings`: what to do about cost, with what each rests on; and what came of what was accepted."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from agentgauge.dashboard.acts import Act, Acting, Given
from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Content, Empty, Note, Own, Tile, Tiles
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import short_wording, wording
from agentgauge.service.found_recommendations import found_lately, projects_asked
from agentgauge.service.recommendation_wording import measured, title
from agentgauge.service.recommending import Adopted, Listing, Recommendation, adopted, decide, listed
from agentgauge.state.recommendations import Decided, RecommendationBook

_MOST_PRESSING = {"high": 0, "medium": 1, "low": 2}


class OfRecommendation(Given):
    recommendation_id: int


def _accept(acting: Acting, given: OfRecommendation) -> str:
    row = _decided(acting, given, "accepted")
    return f"Accepted: {title(row)}. What it saves is measured from now on."


def _dismiss(acting: Acting, given: OfRecommendation) -> str:
    return f"Dismissed: {title(_decided(acting, given, 'dismissed'))}. It is not listed again."


def _decided(acting: Acting, given: OfRecommendation, status: Decided) -> Recommendation:
    book = RecommendationBook(acting.runtime.state)
    row = decide(book, given.recommendation_id, status, acting.now, acting.principal.projects)
    acting.runtime.audit.note(acting.principal, f"recommendation.{status}", f"recommendation {given.recommendation_id}")
    return row


ACCEPT = Act(path="/savings/{recommendation_id}/accept", given=OfRecommendation, does=_accept)
DISMISS = Act(path="/savings/{recommendation_id}/dismiss", given=OfRecommendation, does=_dismiss)


def _listings(asked: PageAsked) -> dict[str | None, Listing]:
    project = asked.filters.project[0] if len(asked.filters.project) == 1 else None
    book = RecommendationBook(asked.runtime.state)
    return {
        one: listed(found_lately(asked.runtime, asked.engine, asked.now, one), book, asked.now, one)
        for one in projects_asked(asked.principal, project)
    }


def _pending(asked: PageAsked) -> list[Recommendation]:
    rows = [row for listing in _listings(asked).values() for row in listing.pending]
    return sorted(rows, key=lambda row: (_MOST_PRESSING[row.priority], -row.estimated_savings, row.id or 0))


def _adopted(asked: PageAsked) -> list[Adopted]:
    kept = [one for listing in _listings(asked).values() for one in listing.accepted]
    return [adopted(asked.engine, one, asked.now) for one in kept]


def _tiles(asked: PageAsked) -> Content:
    pending, taken = _pending(asked), _adopted(asked)
    could = sum((row.estimated_savings for row in pending), Decimal(0))
    saved = [one.achieved.per_month for one in taken if one.achieved.per_month is not None]
    return Tiles(
        (
            Tile(
                title="Could be saved in 30 days", figure=f"up to {short_wording.money(could)}",
                note="rows about the same work overlap",
            ),
            Tile(title="Recommendations", figure=short_wording.count(len(pending)), note="waiting for a decision"),
            Tile(
                title="Accepted", figure=short_wording.count(len(taken)),
                note=f"{len(saved)} measured so far" if taken else "none yet",
            ),
        )
    )  # fmt: skip


def _recommended(asked: PageAsked) -> Iterator[Content]:
    pending = _pending(asked)
    if not pending:
        yield Empty(text="Nothing to recommend from the last 30 days.")
        return
    reasons = [reason for listing in _listings(asked).values() if (reason := listing.not_kept)]
    if reasons:
        yield Note(f"None can be accepted or dismissed: {reasons[0]}")
    values = {
        "rows": [(row, title(row), _amount(row)) for row in pending],
        "accept": ACCEPT,
        "dismiss": DISMISS,
        "number": wording.number,
    }
    yield Own(template="savings/recommended.html", values=values, table=_table(pending))


def _amount(row: Recommendation) -> tuple[str, str]:
    """What it saves in 30 days, and its limits where they are known."""
    saving = row.saving
    if not saving.usd:
        return short_wording.NOTHING, ""
    if saving.low is None or saving.low == saving.high:
        return short_wording.money(saving.usd), ""
    limits = f"{short_wording.money(saving.low)} to {short_wording.money(saving.high)}"
    return short_wording.money(saving.usd), limits


def _table(rows: list[Recommendation]) -> Table:
    columns = tuple(
        Column(key=key, title=key.replace("_", " "))
        for key in ("id", "type", "priority", "agent", "reason", "saving_usd", "low_usd", "high_usd", "n", "of")
    )
    return Table(
        columns=columns,
        rows=tuple(
            Row(
                values={
                    "id": row.id, "type": row.type, "priority": row.priority, "agent": row.agent, "reason": row.reason,
                    "saving_usd": row.saving.usd, "low_usd": row.saving.low, "high_usd": row.saving.high,
                    "n": row.evidence.n, "of": row.evidence.of,
                }
            )
            for row in rows
        ),
        caption="Recommendations",
    )  # fmt: skip


def _achieved(asked: PageAsked) -> Content:
    taken = _adopted(asked)
    columns = (
        Column(key="what", title="Recommendation", kind="name"),
        Column(key="accepted", title="Accepted", kind="time"),
        Column(key="measured", title="Measured"),
        Column(key="so_far", title="Saved so far", kind="money"),
        Column(key="limits", title="95 %", sorts=False),
        Column(key="per_month", title="In 30 days", kind="money"),
    )
    rows = tuple(
        Row(
            values={
                "what": title(one.recommendation), "accepted": one.accepted, "measured": measured(one.achieved),
                "so_far": None if one.achieved.so_far is None else one.achieved.so_far.usd,
                "limits": _limits(one),
                "per_month": None if one.achieved.per_month is None else one.achieved.per_month.usd,
            }
        )
        for one in taken
    )  # fmt: skip
    return Table(
        columns=columns, rows=rows, caption="What came of what was accepted",
        empty="Nothing was accepted yet. What is accepted is measured before and after, and shown here.",
    )  # fmt: skip


def _limits(one: Adopted) -> str:
    saving = one.achieved.so_far
    if saving is None or saving.low is None:
        return ""
    return f"{short_wording.money(saving.low)} to {short_wording.money(saving.high)}"


SAVINGS = Page(
    path="/savings",
    title="Savings",
    in_menu="Savings",
    cards=(
        Card(id="figures", title="Figures", build=_tiles, width="bare"),
        Card(id="recommended", title="Recommended", build=_recommended, note="from the last 30 days"),
        Card(id="achieved", title="Savings achieved", build=_achieved, note="what changed since, whatever the cause"),
    ),
    filtered=False,  # they are of 30 days and of all agents
    acts=(ACCEPT, DISMISS),
    topics=("recommendations", "budgets"),
)
