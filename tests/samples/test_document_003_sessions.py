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

MODULES = {"imp.metrics": "agentgauge.sessions", "imp.providers": "agentgauge.integrations.providers"}

QUICK_START = """
from imp.metrics import MetricsCollector
from imp.providers import PydanticAIProvider

# Create collector (optionally scoped to a session)
collector = MetricsCollector(session_id="feature-auth-123")

# Create provider
provider = PydanticAIProvider(model="claude-sonnet-4-5")

# Invoke provider
result = provider.invoke(
    prompt="Explain authentication flow",
    agent_name="interview"
)

# Record metrics from result
collector.record_from_result(
    result=result,
    agent_role="interview",
    operation="ask_question",
    ticket_id="PROJ-456"
)

# Get summary
summary = collector.get_summary()
print(f"Total tokens: {summary.total_tokens}")
print(f"Total cost: ${summary.total_cost:.4f}")
print(f"By role: {summary.by_agent_role}")
"""
COLLECTOR = '''
class MetricsCollector:
    def __init__(self, session_id: str | None = None):
        """Create collector, optionally scoped to a session."""

    def record_from_result(
        self,
        result: AgentResult,
        agent_role: str,
        operation: str,
        ticket_id: str | None = None
    ):
        """Record metrics from an AgentResult."""

    def record_event(self, event: MetricsEvent):
        """Record a custom metrics event."""

    def get_events(self) -> list[MetricsEvent]:
        """Get all recorded events."""

    def get_summary(self) -> MetricsSummary:
        """Get aggregated summary statistics."""

    def filter_by_agent_role(self, role: str) -> list[MetricsEvent]:
        """Get events for a specific agent role."""

    def filter_by_ticket_id(self, ticket_id: str) -> list[MetricsEvent]:
        """Get events for a specific ticket."""

    def clear(self):
        """Clear all recorded events."""
'''
EVENT = """
class MetricsEvent(BaseModel):
    event_type: EventType                # Type of event
    timestamp: datetime                  # Auto-populated
    agent_role: str                      # e.g., "interview", "review", "coding"
    operation: str                       # Operation performed
    usage: TokenUsage                    # Token counts from provider
    model: str                           # Model name
    provider: str                        # Provider name
    duration_ms: int                     # Operation duration
    session_id: str | None = None        # Optional session ID
    ticket_id: str | None = None         # Optional PM ticket ID
    metadata: dict = {}                  # Additional context
"""
EVENT_TYPE = """
class EventType(str, Enum):
    AGENT_INVOCATION = "agent_invocation"  # AI model invocation
    SESSION_START = "session_start"        # Work session started
    SESSION_END = "session_end"            # Work session ended
    TICKET_START = "ticket_start"          # Ticket work started
    TICKET_END = "ticket_end"              # Ticket work completed
"""
SUMMARY = """
class MetricsSummary(BaseModel):
    total_events: int                    # Total events recorded
    total_tokens: int                    # Sum of all tokens
    total_cost: float                    # Sum of all costs (USD)
    total_duration_ms: int               # Sum of all durations
    by_agent_role: dict[str, dict]       # Stats grouped by role
    by_operation: dict[str, dict]        # Stats grouped by operation
"""
STORAGE = """
from pathlib import Path
from imp.metrics import MetricsStorage, MetricsEvent

# Create storage
storage = MetricsStorage(Path("metrics.jsonl"))

# Write single event
storage.write_event(event)

# Write batch
storage.write_batch([event1, event2, event3])

# Read all events
events = storage.read_events()

# Read with filter
interview_events = storage.read_events(
    filter_fn=lambda e: e.agent_role == "interview"
)

# Clear storage
storage.clear()
"""
JSONL = """
{"event_type":"agent_invocation","timestamp":"2026-02-11T12:00:00","agent_role":"interview","operation":"ask_question","usage":{"input_tokens":100,"output_tokens":50,"cost_usd":0.01},"model":"claude-sonnet-4-5","provider":"anthropic","duration_ms":1500,"session_id":"session-123","ticket_id":"PROJ-456","metadata":{}}
{"event_type":"agent_invocation","timestamp":"2026-02-11T12:01:30","agent_role":"review","operation":"code_review","usage":{"input_tokens":500,"output_tokens":200,"cost_usd":0.04},"model":"claude-sonnet-4-5","provider":"anthropic","duration_ms":2300,"session_id":"session-123","ticket_id":"PROJ-456","metadata":{}}
"""
PM_EXPORT = """
summary = collector.get_summary()

# Export format for PM tool
pm_data = {
    "ticket_id": "PROJ-456",
    "session_id": "session-123",
    "metrics": {
        "total_tokens": summary.total_tokens,
        "total_cost_usd": summary.total_cost,
        "total_duration_ms": summary.total_duration_ms,
        "event_count": summary.total_events,
    },
    "by_agent_role": summary.by_agent_role,
    "timestamp": datetime.now().isoformat(),
}
"""
SESSION = """
# Track all work for a session
collector = MetricsCollector(session_id="feature-auth-123")

# Record session start
start_event = MetricsEvent(
    event_type=EventType.SESSION_START,
    agent_role="system",
    operation="initialize",
    usage=TokenUsage(),
    model="n/a",
    provider="n/a",
    duration_ms=0,
    session_id="feature-auth-123",
)
collector.record_event(start_event)

# ... do work ...

# Record session end
end_event = MetricsEvent(
    event_type=EventType.SESSION_END,
    agent_role="system",
    operation="finalize",
    usage=TokenUsage(),
    model="n/a",
    provider="n/a",
    duration_ms=0,
    session_id="feature-auth-123",
)
collector.record_event(end_event)

# Get session summary
summary = collector.get_summary()
"""
TICKET = """
# Track all work for a ticket across sessions
all_events = storage.read_events(
    filter_fn=lambda e: e.ticket_id == "PROJ-456"
)

ticket_collector = MetricsCollector()
for event in all_events:
    ticket_collector.record_event(event)

ticket_summary = ticket_collector.get_summary()
print(f"Ticket PROJ-456 total cost: ${ticket_summary.total_cost:.2f}")
"""
WORKFLOW = """
collector = MetricsCollector(session_id="session-123")

# Interview agent
interview_result = interview_provider.invoke(...)
collector.record_from_result(
    interview_result,
    agent_role="interview",
    operation="gather_requirements",
    ticket_id="PROJ-456"
)

# Review agent
review_result = review_provider.invoke(...)
collector.record_from_result(
    review_result,
    agent_role="review",
    operation="code_review",
    ticket_id="PROJ-456"
)

# Coding agent
coding_result = coding_provider.invoke(...)
collector.record_from_result(
    coding_result,
    agent_role="coding",
    operation="implement",
    ticket_id="PROJ-456"
)

# Analyze by role
summary = collector.get_summary()
print(summary.by_agent_role)
# {
#   "interview": {"events": 1, "tokens": 150, "cost": 0.01, ...},
#   "review": {"events": 1, "tokens": 700, "cost": 0.04, ...},
#   "coding": {"events": 1, "tokens": 2000, "cost": 0.10, ...}
# }
"""


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
    with agentgauge.open() as gauge:
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
