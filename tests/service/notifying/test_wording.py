"""What messages say: the worst first, figures with their units, and nothing that a service would obey."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from agentgauge.service.notifying.post import Message
from agentgauge.service.notifying.wording import message_of, one_line
from agentgauge.settings.notifying import TOLD, Channel
from agentgauge.settings.secret import Secret
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.database import Database
from agentgauge.state.notifications import Outbox, Taken
from tests.state.test_notifications import minute

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OPS = Channel(name="ops", url=Secret("json://localhost"), min_severity="info", tell=(*TOLD, "acknowledged"))
FOUND = Detected(condition="a", type="anomaly", severity="warning", metric="operations", message="unusual")


@pytest.fixture
def store(tmp_path: Path) -> Database:
    store = Database(tmp_path / "state.db")
    Outbox(store).gather([OPS], NOON)
    return store


def taken(store: Database) -> Taken:
    outbox = Outbox(store)
    outbox.gather([OPS], NOON)
    found = outbox.take("ops", NOON, minute)
    assert found is not None
    return found


def message(store: Database, *found: Detected) -> Message:
    for each in found:
        AlertBook(store).detect(each, NOON)
    return message_of(taken(store), None)


def different(**fields: object) -> Detected:
    return msgspec.structs.replace(FOUND, **fields)


def test_a_digest_has_the_worst_first_and_what_is_over_last(store: Database) -> None:
    severities = ("info", "critical", "warning", "error", "critical")
    found = [different(condition=str(n), severity=severity) for n, severity in enumerate(severities)]
    for each in found:
        AlertBook(store).detect(each, NOON)
    AlertBook(store).resolve(5, "ann", NOON)
    said = message_of(taken(store), "https://gauge.example.org")
    assert said.subject == "5 alerts: 1 critical, 1 error, 1 warning, 1 info, 1 resolved"
    assert said.tone == "failure"
    assert [line.partition(":")[0] for line in said.body.splitlines()[:5]] == [
        "2. critical", "4. error", "3. warning", "1. info", "5. resolved",
    ]  # fmt: skip
    assert said.body.endswith("Active: https://gauge.example.org/api/v1/metrics/alerts?status=active")


@pytest.mark.parametrize(
    ("type_", "metric", "value", "said"),
    [
        ("anomaly", "cost", 12.345, "$12.35"),
        ("budget_overrun", "budget_utilization", 24.5, "$24.50"),
        ("anomaly", "tokens", 1_200_000.0, "1,200,000 tokens"),
        ("outlier", "execution_time", 90_000.0, "90.0 s"),
        ("error_rate", "error_rate", 35.0, "35.0 %"),
        ("anomaly", "error_rate", 0.35, "35.0 %"),
        ("performance_degradation", "success_rate", 0.9, "90.0 %"),
        ("performance_degradation", "quality_score", 61.0, "61 of 100"),
        ("no_data", "hours_without_events", 73.0, "73 hours"),
        ("unpriced_models", "unpriced_calls", 3.0, "3 calls"),
    ],
    ids=lambda given: str(given),
)
def test_a_figure_has_its_unit(store: Database, type_: str, metric: str, value: float, said: str) -> None:
    body = message(store, different(type=type_, metric=metric, current_value=value)).body
    assert f"value: {said}" in body.splitlines()


def test_what_is_all_over_asks_nobody_to_acknowledge_it(store: Database) -> None:
    for condition in "ab":
        AlertBook(store).detect(different(condition=condition), NOON)
    for id_ in (1, 2):
        AlertBook(store).resolve(id_, "ann", NOON)
    body = message_of(taken(store), "https://gauge.example.org").body
    assert body.splitlines()[2:] == ["", "Each of them: agentgauge alerts show NUMBER"]


def test_what_is_not_known_is_left_out(store: Database) -> None:
    said = message(store, FOUND)
    assert said.body.splitlines() == [
        "unusual", "", "alert: 1, opened, warning", "about: operations (anomaly)", "since: 2026-03-02 12:00 UTC", "",
        "Acknowledge: agentgauge alerts ack 1",
    ]  # fmt: skip
    assert (said.subject, said.tone) == ("warning: anomaly (alert 1)", "warning")


def test_an_alert_that_somebody_attends_to_asks_nobody_to(store: Database) -> None:
    AlertBook(store).detect(FOUND, NOON)
    AlertBook(store).acknowledge(1, "ann", NOON)
    assert "Acknowledge:" not in message_of(taken(store), None).body


def test_the_same_steps_have_one_id_and_others_another(store: Database) -> None:
    AlertBook(store).detect(FOUND, NOON)
    first = taken(store)
    assert message_of(first, None).id == message_of(first, "https://gauge").id
    AlertBook(store).resolve(1, "ann", NOON)
    Outbox(store).gather([OPS], NOON)
    Outbox(store).failed(first, "refused", NOON)
    more = Outbox(store).take("ops", NOON + minute(1), minute)
    assert more is not None
    assert message_of(more, None).id != message_of(first, None).id


def test_a_long_message_and_a_long_name_are_cut(store: Database) -> None:
    said = message(store, different(message="x" * 10_000, agent_name="y" * 10_000))
    assert len(said.subject) <= 120
    assert len(said.body) < 2000
    assert len(one_line("x" * 10_000)) == 500


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\r\nSubject: b\u2028c\td", "a Subject: b c d"),
        ("\x1b]0;title\x07bell", "]0;title bell"),
        ("a < 5 and b<5 and c <= 3", "a < 5 and b<5 and c <= 3"),
        ("<!here> <#C1> <https://x|y>", "<\u200b!here> <\u200b#C1> <\u200bhttps://x|y>"),
        ("ann@example.org and @ann", "ann@example.org and @\u200bann"),
        ("x@everyone", "x@\u200beveryone"),
        ("[text](https://x)", "[text]\u200b(https://x)"),
        ("Zoë 日本 🙂", "Zoë 日本 🙂"),
    ],
    ids=range(8),
)
def test_a_text_of_others_is_one_line_that_calls_nobody(text: str, said: str) -> None:
    assert one_line(text) == said
