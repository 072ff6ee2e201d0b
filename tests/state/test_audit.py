"""What was done by whom."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from agentgauge.state.audit import AuditLog
from agentgauge.state.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_acts_are_listed_the_newest_first_page_by_page(store: Store) -> None:
    log = AuditLog(store)
    assert log.acts() == ()
    for number in range(5):
        log.add(NOON, "ann", "sql.asked", f"statement {number}", "shop" if number else None, cost=Decimal("0.10"))
    first = log.acts(limit=2)
    assert [act.subject for act in first] == ["statement 4", "statement 3"]
    assert [act.subject for act in log.acts(limit=2, before=first[-1].id)] == ["statement 2", "statement 1"]
    assert [act.subject for act in log.acts(projects={"shop"})][-1] == "statement 1"
    (last,) = log.acts(subject="statement 0")
    assert (last.time, last.actor, last.act, last.project, last.detail) == (
        NOON, "ann", "sql.asked", None, {"cost": "0.1"},
    )  # fmt: skip
