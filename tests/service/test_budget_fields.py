"""What a form says of a budget becomes its terms, and what was decided is told in words."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from agentgauge.errors import QueryError
from agentgauge.service.budget_fields import Fields, terms_of
from agentgauge.service.budget_history import told
from agentgauge.state.audit import AuditLog
from agentgauge.state.budget_terms import Terms
from tests.service.budgeted import Budgeted

NOW = datetime(2026, 3, 18, 15, tzinfo=UTC)
PLAIN = Fields(scope="agent", name=" coder ", total_usd="$12.50")


def test_what_is_left_empty_is_as_usual() -> None:
    terms = terms_of(PLAIN, NOW)
    assert (terms.name, terms.total_usd, terms.period, terms.start) == ("coder", Decimal("12.50"), "total", NOW)
    assert (terms.project, terms.warning_percent, terms.critical_percent) == (None, 80.0, 95.0)
    assert terms_of(msgspec.structs.replace(PLAIN, period="week"), NOW).start == datetime(2026, 3, 16, tzinfo=UTC)


def test_a_budget_of_a_project_is_in_it_whatever_else_is_said() -> None:
    assert terms_of(Fields(scope="project", name="shop", project="blog", total_usd="1"), NOW).project == "shop"


def test_a_change_keeps_the_exact_start_that_it_does_not_name(tmp_path: Path) -> None:
    before = Budgeted(tmp_path).add("agent:coder", "5", start=NOW)
    assert terms_of(PLAIN, datetime(2026, 4, 1, tzinfo=UTC), before).start == NOW
    named = msgspec.structs.replace(PLAIN, start="2026-03-20")
    assert terms_of(named, NOW, before).start == datetime(2026, 3, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "), ("total_usd", ""), ("total_usd", "nan"), ("total_usd", "1e400"), ("period", "year"),
        ("start", "soon"), ("warning_percent", "0"), ("warning_percent", "nan"), ("critical_percent", "101"),
        ("critical_percent", "many"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_name(field: str, value: str) -> None:
    with pytest.raises(QueryError) as caught:
        terms_of(msgspec.structs.replace(PLAIN, **{field: value}), NOW)
    assert caught.value.field == field


def test_what_was_decided_is_told_in_words(tmp_path: Path) -> None:
    home = Budgeted(tmp_path)
    made = home.add("agent:coder", "5", period="month", start=NOW)
    terms = {name: getattr(made, name) for name in Terms.__struct_fields__}
    changed = {**terms, "total_usd": Decimal("7.5"), "project": "shop", "start": datetime(2026, 3, 1, tzinfo=UTC)}
    home.book.replace(made.id, Terms(**changed), "ada", NOW)
    home.book.delete(made.id, "ada", NOW)
    words = [told(act) for act in AuditLog(home.store).acts(subject=f"budget {made.id}")]
    assert (words[0], words[2]) == ("removed: $7.50 per month", "made: $5.00 per month")
    assert words[1] == (
        "project from all projects to shop; total from $5.00 to $7.50; "
        "start from 2026-03-18 15:00 UTC to 2026-03-01 00:00 UTC"
    )
