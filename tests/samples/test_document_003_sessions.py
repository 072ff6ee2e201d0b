"""The samples of document 003 run as they stand, import root aside, and do what the document says of them."""

from __future__ import annotations

import contextlib
import inspect
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

import agentgauge
from agentgauge.integrations.providers import PydanticAIProvider
from agentgauge.sessions import (
    AgentResult,
    EventType,
    MetricsCollector,
    MetricsEvent,
    MetricsStorage,
    MetricsSummary,
    TokenUsage,
    pm_export,
    stream_summary,
)
from tests.loops import a_loop
from tests.samples.document_003 import (
    COLLECTOR,
    EVENT,
    EVENT_TYPE,
    JSONL,
    PM_EXPORT,
    QUICK_START,
    SESSION,
    STORAGE,
    SUMMARY,
    TICKET,
    WORKFLOW,
)

MODULES = {"imp.metrics": "agentgauge.sessions", "imp.providers": "agentgauge.integrations.providers"}


def run(sample: str, names: dict[str, Any]) -> str:
    """Execute a sample in the surroundings `names`; what it prints."""
    for documented, ours in MODULES.items():
        sample = sample.replace(f"from {documented} ", f"from {ours} ")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(sample, names)  # noqa: S102 - the document's own code
    return printed.getvalue()


def _answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    return ModelResponse(parts=[TextPart("By tokens.")], usage=RequestUsage(input_tokens=1000, output_tokens=500))


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What the samples take for granted: a folder to work in, the names of the section, a model that answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "pydantic_ai.models.infer_model", lambda *_: FunctionModel(_answer, model_name="claude-sonnet-4-5")
    )
    with a_loop(), agentgauge.open() as gauge:
        agentgauge.set_default(gauge)
        yield {
            "AgentResult": AgentResult,
            "EventType": EventType,
            "MetricsCollector": MetricsCollector,
            "MetricsEvent": MetricsEvent,
            "MetricsStorage": MetricsStorage,
            "TokenUsage": TokenUsage,
            "datetime": datetime,
        }
    agentgauge.set_default(None)


def _event(role: str, ticket: str | None = "PROJ-456") -> MetricsEvent:
    return MetricsEvent(
        event_type=EventType.AGENT_INVOCATION,
        agent_role=role,
        operation="work",
        usage=TokenUsage(input_tokens=100, output_tokens=50, cost_usd=0.01),
        model="claude-sonnet-4-5",
        provider="anthropic",
        duration_ms=1500,
        ticket_id=ticket,
    )


def test_quick_start(names: dict[str, Any]) -> None:
    tokens, cost, roles = run(QUICK_START, names).splitlines()
    # claude-sonnet-4-5: $3 in and $15 out per million tokens
    assert (tokens, cost) == ("Total tokens: 1500", "Total cost: $0.0105")
    assert roles.startswith("By role: {'interview': {'events': 1, 'tokens': 1500, 'cost': 0.0105,")
    assert isinstance(names["provider"], PydanticAIProvider)
    assert names["result"].output == "By tokens."
    assert stream_summary(session="feature-auth-123", ticket="PROJ-456") == names["summary"]


def _declared(sample: str) -> type:
    """The class that a sample shows, with annotations as they are written there."""
    names: dict[str, Any] = {}
    header = "from __future__ import annotations\nfrom enum import Enum\nclass BaseModel: ...\n"
    exec(header + sample, names)  # noqa: S102 - the document's own code
    return names[sample.split("class ")[1].split(":")[0].split("(")[0]]  # type: ignore[no-any-return]


def test_the_collector_has_every_method_as_it_is_documented() -> None:
    for name, documented in inspect.getmembers(_declared(COLLECTOR), inspect.isfunction):
        ours = inspect.signature(getattr(MetricsCollector, name)).parameters
        theirs = inspect.signature(documented).parameters
        assert list(ours)[: len(theirs)] == list(theirs)
        assert [ours[parameter].default for parameter in theirs] == [theirs[p].default for p in theirs]
        assert {ours[extra].kind for extra in list(ours)[len(theirs) :]} <= {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize(("sample", "model"), [(EVENT, MetricsEvent), (SUMMARY, MetricsSummary)])
def test_a_model_has_every_field_as_it_is_documented(sample: str, model: Any) -> None:
    documented = _declared(sample)
    fields = model.model_fields
    assert list(fields)[: len(documented.__annotations__)] == list(documented.__annotations__)
    for name in documented.__annotations__:
        has_default = hasattr(documented, name) or name == "timestamp"
        assert fields[name].is_required() is not has_default
        if hasattr(documented, name):
            assert fields[name].get_default(call_default_factory=True) == getattr(documented, name)


def test_event_types_are_the_documented_ones() -> None:
    documented = _declared(EVENT_TYPE)
    assert [(one.name, one.value) for one in EventType] == [(one.name, one.value) for one in documented]  # type: ignore[attr-defined, var-annotated]
    assert isinstance(EventType.TICKET_END, str)


def test_persistent_storage(names: dict[str, Any], tmp_path: Path) -> None:
    names |= {
        "event": _event("interview"),
        "event1": _event("review"),
        "event2": _event("interview"),
        "event3": _event("x"),
    }
    run(STORAGE, names)
    assert [event.agent_role for event in names["events"]] == ["interview", "review", "interview", "x"]
    assert names["interview_events"] == [names["event"], names["event2"]]
    assert (tmp_path / "metrics.jsonl").read_bytes() == b""


def test_lines_of_the_document_are_read_and_written_as_they_are(names: dict[str, Any]) -> None:
    Path("metrics.jsonl").write_text(JSONL.lstrip())
    events = MetricsStorage("metrics.jsonl").read_events()
    assert [event.timestamp for event in events] == [
        datetime(2026, 2, 11, 12, 0, 0, tzinfo=UTC),
        datetime(2026, 2, 11, 12, 1, 30, tzinfo=UTC),
    ]
    MetricsStorage("copy.jsonl").write_batch(events)
    assert Path("copy.jsonl").read_text() == JSONL.lstrip()


def test_pm_export(names: dict[str, Any]) -> None:
    names["collector"] = MetricsCollector("session-123")
    names["collector"].record_event(_event("interview"))
    run(PM_EXPORT, names)
    exported = pm_export(names["summary"], "PROJ-456", "session-123")
    assert exported.keys() == names["pm_data"].keys()
    del exported["timestamp"], names["pm_data"]["timestamp"]
    assert exported == names["pm_data"]
    assert json.loads(json.dumps(exported)) == exported


def test_session_scoped_tracking(names: dict[str, Any]) -> None:
    run(SESSION, names)
    summary = names["summary"]
    assert (summary.total_events, summary.total_tokens, summary.total_cost) == (2, 0, 0.0)
    assert set(summary.by_operation) == {"initialize", "finalize"}
    assert stream_summary(session="feature-auth-123") == summary


def test_ticket_scoped_tracking(names: dict[str, Any]) -> None:
    Path("metrics.jsonl").write_text(JSONL.lstrip())
    names["storage"] = MetricsStorage(Path("metrics.jsonl"))
    names["storage"].write_event(_event("interview", ticket="PROJ-457"))
    for _ in range(2):
        assert run(TICKET, names) == "Ticket PROJ-456 total cost: $0.05\n"
    assert stream_summary(ticket="PROJ-456") == names["ticket_summary"]


class _Provider:
    """An `AgentProvider` of somebody's own."""

    def __init__(self, tokens: int, cost_usd: float) -> None:
        self._used = TokenUsage(input_tokens=tokens, cost_usd=cost_usd)

    def invoke(self, prompt: Any, agent_name: str = "any") -> AgentResult:
        return AgentResult(output="", usage=self._used, model="gpt-4o", provider="openai", duration_ms=1500)


def test_multi_agent_workflow(names: dict[str, Any]) -> None:
    names |= {
        "interview_provider": _Provider(150, 0.01),
        "review_provider": _Provider(700, 0.04),
        "coding_provider": _Provider(2000, 0.10),
    }
    printed = run(WORKFLOW, names)
    assert printed == f"{names['summary'].by_agent_role}\n"
    assert {
        role: (group["events"], group["tokens"], group["cost"])
        for role, group in names["summary"].by_agent_role.items()
    } == {"interview": (1, 150, 0.01), "review": (1, 700, 0.04), "coding": (1, 2000, 0.10)}
