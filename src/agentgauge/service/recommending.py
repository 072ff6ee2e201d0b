"""Recommendations with their ids, what was decided about them, and what those that were accepted have saved.

Ids are given when a finding is first listed, so listing writes to the state file (`agentgauge.state`). Where that
cannot be written, what was never listed has no id, and the answer says why. A finding that was accepted or dismissed is
not recommended again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from agentgauge.engines import Engine
from agentgauge.engines.answer import Way
from agentgauge.errors import QueryError, StateError
from agentgauge.policies.adoption import Achieved, achieved
from agentgauge.policies.budget_rules import BudgetFigures
from agentgauge.policies.findings import MONTH_DAYS, Evidence, Finding, FindingType, Period, Priority, Saving
from agentgauge.policies.thresholds import Thresholds
from agentgauge.pricing import PriceBook
from agentgauge.service.readings.adoption_facts import observed
from agentgauge.service.reports.recommendations import Findings, recommendations
from agentgauge.service.window import Window
from agentgauge.state.job_runs import JobRuns
from agentgauge.state.recommendations import Decided, Kept, Key, RecommendationBook, Status

DAILY_JOB = "recommendations"
"""The job that lists them, of each project and of all together."""


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    id: int | None
    """Unique, and the same whenever this is found again; None where it could not be given one."""
    status: Status
    first_found: datetime | None
    """None where it has no id."""
    type: FindingType
    priority: Priority
    agent: str | None
    agent_role: str | None
    current_budget: Decimal | None
    recommended_budget: Decimal | None
    reason: str
    estimated_savings: Decimal
    """USD per 30 days."""
    saving: Saving
    """The same with its limits."""
    model: str | None
    operation: str | None
    alternative: str | None
    evidence: Evidence
    project: str | None = None
    """Found in this project's events; None: in all together."""


class Adopted(msgspec.Struct, frozen=True, kw_only=True):
    """A recommendation that was accepted."""

    recommendation: Recommendation
    """As it was when it was accepted."""
    accepted: datetime
    achieved: Achieved


class Listing(msgspec.Struct, frozen=True):
    """What was found, with what is known of it."""

    rows: tuple[Recommendation, ...]
    """The most pressing first, those that were decided about included."""
    kept: tuple[Kept, ...]
    """All that were ever found, by id."""
    not_kept: str | None
    """As in `Recommendations`."""

    @property
    def pending(self) -> tuple[Recommendation, ...]:
        """Those that nothing was decided about."""
        return tuple(row for row in self.rows if row.status == "pending")

    @property
    def dismissed(self) -> int:
        return sum(row.status == "dismissed" for row in self.rows)

    @property
    def accepted(self) -> tuple[Kept, ...]:
        return tuple(one for one in self.kept if one.status == "accepted")


class Recommendations(msgspec.Struct, frozen=True, kw_only=True):
    period: Period
    cost_usd: Decimal
    unpriced_calls: int
    calls: int
    """Model calls."""
    calls_without_span: int
    """Of these, recorded inside no span, so that they belong to no task: no models can be compared by them."""
    count: int
    total_potential_savings: Decimal
    """The sum of the rows, USD per 30 days. Rows about one agent overlap: of a cheaper model a cache saves less."""
    recommendations: tuple[Recommendation, ...]
    """Those that nothing was decided about, the most pressing first."""
    adopted: tuple[Adopted, ...]
    """By id. What they have saved overlaps too, and is not added up."""
    dismissed: int
    """How many of what was found had been dismissed."""
    way: Way
    not_kept: str | None
    """Why it could not be kept that these were found; None where it was. Those without an id were not found before, or
    what is known of them could not be read: then what was decided about them is not known either."""


def period_of(window: Window, now: datetime) -> Period:
    """The window with its open sides closed: 30 days, until now. Raises `QueryError` for less than an hour."""
    end = min(window.end or now, now)
    start = window.start or end - timedelta(days=MONTH_DAYS)
    if end - start < timedelta(hours=1):
        raise QueryError(
            f"{start.isoformat()} to {end.isoformat()} is less than an hour: too little to recommend anything from"
        )
    return Period(start, end)


def current_recommendations(
    engine: Engine,
    period: Period,
    prices: PriceBook,
    book: RecommendationBook,
    now: datetime,
    budgets: Mapping[str, BudgetFigures | Decimal] | None = None,
    thresholds: Thresholds | None = None,
    project: str | None = None,
) -> Recommendations:
    """What is recommended now, and what became of what was accepted. `project` is the one whose events the engine sees;
    None: it sees all.
    """
    found = recommendations(engine, period, prices, budgets, thresholds)
    listing = listed(found, book, now, project)
    pending = listing.pending
    return Recommendations(
        period=period,
        cost_usd=found.cost_usd,
        unpriced_calls=found.unpriced_calls,
        calls=found.calls,
        calls_without_span=found.calls_without_span,
        count=len(pending),
        total_potential_savings=sum((row.estimated_savings for row in pending), Decimal(0)),
        recommendations=pending,
        adopted=tuple(adopted(engine, one, now) for one in listing.accepted),
        dismissed=listing.dismissed,
        way=found.way,
        not_kept=listing.not_kept,
    )


def listed(found: Findings, book: RecommendationBook, now: datetime, project: str | None = None) -> Listing:
    """What was found in a project's events, or in all, with the ids that it has from now on."""
    by_key = {key_of(finding): finding for finding in found.findings}
    kept, not_kept = _noted(book, by_key, now, project)
    return Listing(tuple(_row(kept.get(key), one) for key, one in by_key.items()), tuple(kept.values()), not_kept)


class Pending(msgspec.Struct, frozen=True):
    """How many recommendations nothing was decided about."""

    count: int
    found: datetime
    """When they were found."""


def pending_now(found: Findings, book: RecommendationBook, project: str | None = None) -> Pending:
    """Those that `listed` would list, without giving them ids. Raises `StateError`."""
    decided = {kept.key for kept in book.all(project) if kept.status != "pending"}
    return Pending(len({key_of(finding) for finding in found.findings} - decided), found.period.end)


def pending_as_listed(
    book: RecommendationBook, runs: JobRuns, now: datetime, project: str | None = None
) -> Pending | None:
    """Those that were last listed, by whomever; None where they never were. Raises `StateError`."""
    kept = book.all(project)
    daily = runs.last(DAILY_JOB, "succeeded", due_by=now)  # it may have found nothing, which leaves no other trace
    times = [one.last_found for one in kept] + ([] if daily is None else [daily.scheduled])
    if not times:
        return None
    last = max(times)
    return Pending(sum(one.status == "pending" and one.last_found == last for one in kept), last)


def decide(
    book: RecommendationBook, id_: int, status: Decided, now: datetime, projects: Collection[str] | None = None
) -> Recommendation:
    """Accept or dismiss a recommendation, with the figures that it was last listed with; deciding the same again
    changes nothing. Raises `NotFound` for an id that there is not among those of `projects` (None: any), and
    `StateError`.
    """
    kept = book.decide(id_, status, now, projects)
    return _row(kept, _finding(kept.decisions[-1].figures))


def key_of(finding: Finding) -> Key:
    """What a finding is about: found again with other figures, it is the same."""
    return Key(
        finding.type, finding.agent or "", finding.model or "", finding.operation or "", finding.alternative or ""
    )


def _noted(
    book: RecommendationBook, found: Mapping[Key, Finding], now: datetime, project: str | None
) -> tuple[dict[Key, Kept], str | None]:
    """Everything that is known, what is found now included, and why that could not be noted."""
    not_kept: str | None = None
    try:
        book.found({key: msgspec.json.encode(finding) for key, finding in found.items()}, now, project)
    except StateError as error:
        not_kept = str(error)
    try:
        return {one.key: one for one in book.all(project)}, not_kept
    except StateError as error:
        return {}, not_kept or str(error)


def adopted(engine: Engine, kept: Kept, now: datetime) -> Adopted:
    """A recommendation that was accepted, and what it has saved since."""
    decision = kept.decisions[-1]
    finding = _finding(decision.figures)
    before = Period(decision.time - timedelta(days=finding.evidence.period.days), decision.time)
    since = Period(decision.time, max(now, decision.time + timedelta(microseconds=1)))
    found = observed(engine, finding, before, since)
    if found is None:
        result = Achieved(status="not_measurable", measure="nothing was to be saved")
    else:
        result = achieved(found.measure, found.before, found.since, since)
    return Adopted(recommendation=_row(kept, finding), accepted=decision.time, achieved=result)


def _finding(figures: bytes) -> Finding:
    return msgspec.json.decode(figures, type=Finding)


def _row(kept: Kept | None, finding: Finding) -> Recommendation:
    same = {name: getattr(finding, name) for name in Finding.__struct_fields__}
    return Recommendation(
        id=None if kept is None else kept.id,
        status="pending" if kept is None else kept.status,
        first_found=None if kept is None else kept.first_found,
        project=None if kept is None else kept.project,
        estimated_savings=finding.estimated_savings,
        **same,
    )
