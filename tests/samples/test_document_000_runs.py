"""The samples of document 000 run as they stand, import root aside, and do what the document says of them.

Those of the supervisor are fragments of a class. They run inside one, in the places where the document's placeholders
(`# ... agent work ...`) stand for the supervisor's own work.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import re
import textwrap
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.runs import PRICING, MetricsCollector, MetricsContext, MetricsStorage
from agentgauge.runs.models import AgentType, CodeMetrics, RunMetrics, Status

IMPORT_ROOT = "src.infrastructure.metrics", "agentgauge.runs"

BASIC = """
from src.infrastructure.metrics import MetricsCollector, MetricsStorage
from src.infrastructure.metrics.models import (
    AgentType, Status, SystemConfig, LLMConfig, CodeMetrics
)

# 1. Create configuration
config = SystemConfig(
    llm=LLMConfig(
        provider="deepseek",
        model="deepseek-chat",
        temperature=0.7
    ),
    max_retries=3,
    min_coverage_percent=70.0
)

# 2. Initialize collector and storage
collector = MetricsCollector(
    run_id="run_20251003_150000_project_171",
    project_id="171",
    config=config
)
storage = MetricsStorage()

# 3. Track an issue
collector.start_issue(issue_id=3)

# 4. Track agent execution
collector.start_agent(AgentType.CODING, issue_id=3)

# Track tool calls
call_id = collector.start_tool_call("create_branch")
# ... do work ...
collector.end_tool_call(call_id, success=True)

# Record token usage
token_usage = collector.record_token_usage(
    input_tokens=1500,
    output_tokens=800,
    model="deepseek-chat"
)

# Finalize agent
collector.finalize_agent(success=True, token_usage=token_usage)

# 5. Track pipeline
collector.record_pipeline(
    pipeline_id="12345",
    commit_sha="abc123",
    status="success",
    triggered_by="testing",
    execution_time_seconds=125.5
)

# 6. Finalize issue
code_metrics = CodeMetrics(
    files_created=3,
    files_modified=5,
    lines_added=250,
    test_coverage_percent=85.0
)
collector.finalize_issue(3, Status.COMPLETED, code_metrics=code_metrics)

# 7. Save everything
storage.save_issue_metrics(collector.run_metrics.run_id,
                           collector.get_issue_metrics(3))
storage.export_issue_to_csv(collector.run_metrics.run_id,
                            collector.get_issue_metrics(3))

# 8. Finalize run
run = collector.finalize_run(Status.COMPLETED)
storage.save_run_final(run)
storage.export_run_to_csv(run)
"""

CONTEXTS = """
from src.infrastructure.metrics import MetricsContext

context = MetricsContext(collector)

# Auto-tracking with context managers
with context.track_issue(issue_id=3):
    # Track agent
    with context.track_agent(AgentType.CODING, issue_id=3):
        # Track tool calls
        with context.track_tool_call("create_file"):
            # Do work
            pass
"""

STEP_1 = """
# In supervisor.__init__
from src.infrastructure.metrics import MetricsCollector, MetricsStorage
from src.infrastructure.metrics.models import SystemConfig, LLMConfig

# Create config from supervisor settings
config = SystemConfig(
    llm=LLMConfig(
        provider=os.getenv('LLM_PROVIDER', 'deepseek'),
        model=os.getenv('LLM_MODEL', 'deepseek-chat'),
        temperature=float(os.getenv('LLM_TEMPERATURE', '0.7'))
    ),
    max_retries=self.issue_manager.max_retries,
    min_coverage_percent=self.min_coverage,
    execution_mode=mode
)

# Initialize metrics
self.metrics_collector = MetricsCollector(
    run_id=f"run_{datetime.now().strftime('%Y%m%d_%H%M%S')}_project_{project_id}",
    project_id=project_id,
    config=config
)
self.metrics_storage = MetricsStorage()
"""

STEP_2 = """
# In supervisor.implement_issue
async def implement_issue(self, issue: Dict) -> bool:
    issue_id = issue.get("iid")

    # Start tracking
    self.metrics_collector.start_issue(issue_id)

    try:
        # Coding phase
        self.metrics_collector.start_agent(AgentType.CODING, issue_id)

        # Track tool calls in agent executor
        # ... agent work ...

        token_usage = self.metrics_collector.record_token_usage(
            input_tokens=agent_response.usage.input_tokens,
            output_tokens=agent_response.usage.output_tokens,
            model=self.config.llm.model
        )

        self.metrics_collector.finalize_agent(
            success=True,
            token_usage=token_usage
        )

        # Track pipeline
        pipeline = await self.mcp.get_latest_pipeline(branch)
        self.metrics_collector.record_pipeline(
            pipeline_id=pipeline['id'],
            commit_sha=pipeline['sha'],
            status=pipeline['status'],
            triggered_by="coding"
        )

        # ... continue with other agents ...

        # Finalize issue
        code_metrics = await self._collect_code_metrics(branch)
        self.metrics_collector.finalize_issue(
            issue_id,
            Status.COMPLETED,
            code_metrics=code_metrics
        )

        # Save immediately (don't wait for run end)
        issue_metrics = self.metrics_collector.get_issue_metrics(issue_id)
        self.metrics_storage.save_issue_metrics(
            self.metrics_collector.run_metrics.run_id,
            issue_metrics
        )
        self.metrics_storage.export_issue_to_csv(
            self.metrics_collector.run_metrics.run_id,
            issue_metrics
        )

        return True

    except Exception as e:
        # Track error
        self.metrics_collector.record_error(
            error_type=type(e).__name__,
            error_message=str(e),
            severity="error"
        )

        self.metrics_collector.finalize_issue(issue_id, Status.FAILED)

        # Save even on failure
        issue_metrics = self.metrics_collector.get_issue_metrics(issue_id)
        self.metrics_storage.save_issue_metrics(
            self.metrics_collector.run_metrics.run_id,
            issue_metrics
        )

        return False
"""

STEP_3 = """
# In supervisor.execute - use try/finally
async def execute(self, mode: str = "implement"):
    try:
        # ... all work ...

    finally:
        # ALWAYS finalize, even on crashes
        run = self.metrics_collector.finalize_run(
            Status.COMPLETED if success else Status.FAILED
        )

        # Save final report
        self.metrics_storage.save_run_final(run)
        self.metrics_storage.export_run_to_csv(run)

        print(f"[METRICS] Saved to: logs/runs/{run.run_id}/")
"""

PRICES = """
# Pricing per 1M tokens
PRICING = {
    'deepseek-chat': {'input': $0.14, 'output': $0.28},
    'deepseek-coder': {'input': $0.14, 'output': $0.28},
    'gpt-4': {'input': $30.00, 'output': $60.00},
    'gpt-4-turbo': {'input': $10.00, 'output': $30.00},
    'gpt-3.5-turbo': {'input': $0.50, 'output': $1.50},
    'claude-3-opus': {'input': $15.00, 'output': $75.00},
    'claude-3-sonnet': {'input': $3.00, 'output': $15.00},
    'claude-3-haiku': {'input': $0.25, 'output': $1.25}
}
"""

NEW_SYSTEM = """
# New - clean, complete, guaranteed
self.metrics_collector.start_issue(issue_id)
self.metrics_collector.start_agent(AgentType.CODING, issue_id)

# ... work ...

try:
    # Work happens
    pass
finally:
    # ALWAYS finalized
    self.metrics_collector.finalize_agent(success=True)
    self.metrics_storage.save_issue_metrics(...)
"""

CSV_FILES = {
    "runs.csv", "issues.csv", "agents.csv", "pipelines.csv", "tool_usage.csv", "debugging_cycles.csv", "errors.csv"
}  # fmt: skip


@pytest.fixture(autouse=True)
def _working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The documented files are relative to it. The process-wide gauge is one of this test's own."""
    monkeypatch.chdir(tmp_path)
    with agentgauge.open(tmp_path / "home") as gauge:
        agentgauge.set_default(gauge)
        yield
        agentgauge.set_default(None)


def _run(sample: str, names: dict[str, Any]) -> dict[str, Any]:
    exec(compile(sample.replace(*IMPORT_ROOT), "document 000", "exec"), names)  # noqa: S102 - that is what runs a sample
    return names


def _rows(table: str) -> list[dict[str, str]]:
    with Path("logs/csv", f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_basic_usage_records_saves_and_exports() -> None:
    run: RunMetrics = _run(BASIC, {})["run"]
    assert (run.run_id, run.status, run.success_rate) == ("run_20251003_150000_project_171", Status.COMPLETED, 100.0)
    assert (run.token_usage.calls, run.total_tokens) == (1, 2300)
    issue = run.issues["3"]
    assert issue.code_metrics == CodeMetrics(3, 5, lines_added=250, test_coverage_percent=85.0)
    assert issue.tool_usage["create_branch"].calls == 1
    assert issue.pipelines[0].execution_time_seconds == 125.5
    tree = {str(path.relative_to("logs/runs")) for path in Path("logs/runs").rglob("*.json")}
    folder = "run_20251003_150000_project_171"
    assert tree == {
        f"{folder}/{name}"
        for name in ("metadata.json", "final_report.json", "issues/issue_3_metrics.json", "issues/issue_3_report.json")
    }
    assert {path.name for path in Path("logs/csv").glob("*.csv")} == CSV_FILES
    assert [(row["agent_type"], row["attempt"]) for row in _rows("agents")] == [("coding", "1")]
    assert MetricsStorage().load_run(folder).status is Status.COMPLETED


def test_context_managers_track_the_same() -> None:
    collector = MetricsCollector("r-1")
    context = _run(CONTEXTS, {"collector": collector, "AgentType": AgentType})["context"]
    assert isinstance(context, MetricsContext)
    (agent,) = collector.get_issue_metrics(3).agents
    assert (agent.success, agent.tool_usage["create_file"].calls) == (True, 1)


def test_the_price_table_is_the_documents() -> None:
    listed = _run(PRICES.replace("$", ""), {})["PRICING"]
    assert listed == PRICING


class _Usage:
    def __init__(self, input_tokens: int, output_tokens: int) -> None:
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens


class _Response:
    def __init__(self, usage: _Usage) -> None:
        self.usage = usage


class _IssueManager:
    max_retries = 3


class _Pipelines:
    """A CI system that has run a pipeline for each branch."""

    async def get_latest_pipeline(self, branch: str) -> dict[str, str | int]:
        await asyncio.sleep(0)
        return {"id": 900 + len(branch), "sha": "abc123", "status": "success"}


class _Supervisor:
    """What the fragments are parts of: it codes issues one after the other; those titled `hopeless` fail."""

    min_coverage = 70.0
    issue_manager = _IssueManager()
    mcp = _Pipelines()

    def __init__(self, project_id: str, mode: str = "implement") -> None:
        names = _run(STEP_1, {"self": self, "os": os, "datetime": datetime, "project_id": project_id, "mode": mode})
        self.config = names["config"]
        self.metrics_collector: MetricsCollector
        self.metrics_storage: MetricsStorage

    async def code(self, issue: dict[str, Any]) -> _Response:
        call = self.metrics_collector.start_tool_call("create_file")
        await asyncio.sleep(0)
        self.metrics_collector.end_tool_call(call, success=issue["title"] != "hopeless")
        if issue["title"] == "hopeless":
            raise RuntimeError("the model gave up")
        return _Response(_Usage(1500, 800))

    async def _collect_code_metrics(self, branch: str) -> CodeMetrics:
        await asyncio.sleep(0)
        return CodeMetrics(files_modified=2, lines_added=40)

    def track(self, issue_id: int) -> None:
        save = "self.metrics_collector.run_metrics.run_id, self.metrics_collector.get_issue_metrics(issue_id)"
        sample = NEW_SYSTEM.replace("save_issue_metrics(...)", f"save_issue_metrics({save})")
        _run(sample, {"self": self, "issue_id": issue_id, "AgentType": AgentType})


def _fragment(sample: str, work: dict[str, str]) -> Any:
    """A method of the document, with the supervisor's own work in the places left for it."""
    for placeholder, code in work.items():
        indent = re.search(rf"^( *){re.escape(placeholder)}", sample, re.MULTILINE)
        assert indent is not None
        sample = sample.replace(indent[0], textwrap.indent(textwrap.dedent(code).strip(), indent[1]))
    names = _run(sample, {"AgentType": AgentType, "Status": Status, "Dict": dict})
    return names["implement_issue" if "implement_issue" in names else "execute"]


class Supervisor(_Supervisor):
    implement_issue = _fragment(
        STEP_2,
        {
            "# ... agent work ...": """
                branch = f"issue-{issue_id}"
                agent_response = await self.code(issue)
            """
        },
    )
    execute = _fragment(
        STEP_3,
        {
            "# ... all work ...": """
                success = False
                results = [await self.implement_issue(issue) for issue in self.issues]
                success = all(results)
            """
        },
    )
    issues: tuple[dict[str, Any], ...] = ()


def test_the_supervisor_implements_issues_and_always_finalizes(capsys: pytest.CaptureFixture[str]) -> None:
    supervisor = Supervisor("171")
    supervisor.issues = ({"iid": 3, "title": "cart"}, {"iid": 4, "title": "till"})
    asyncio.run(supervisor.execute())
    run = supervisor.metrics_collector.run_metrics
    assert capsys.readouterr().out == f"[METRICS] Saved to: logs/runs/{run.run_id}/\n"
    assert re.fullmatch(r"run_\d{8}_\d{6}_project_171", run.run_id)
    assert (run.status, run.issues_by_status, run.total_tokens) == (Status.COMPLETED, {"completed": 2}, 4600)
    assert run.config is not None
    assert (run.config.execution_mode, run.config.max_retries, run.config.llm.temperature) == ("implement", 3, 0.7)
    assert [row["issue_id"] for row in _rows("issues")] == ["3", "4"]
    assert [row["pipeline_id"] for row in _rows("pipelines")] == ["907", "907"]
    report = json.loads(Path("logs/runs", run.run_id, "final_report.json").read_text("utf-8"))
    assert report["status"] == "completed"


def test_the_supervisors_failure_path_records_the_error_and_saves_the_issue() -> None:
    supervisor = Supervisor("171")
    supervisor.issues = ({"iid": 3, "title": "cart"}, {"iid": 4, "title": "hopeless"})
    asyncio.run(supervisor.execute())
    run = supervisor.metrics_collector.run_metrics
    assert (run.status, run.issues_by_status, run.success_rate) == (Status.FAILED, {"completed": 1, "failed": 1}, 50.0)
    issue = run.issues["4"]
    (error,), (agent,) = issue.errors, issue.agents
    assert (error.error_type, error.error_message, error.agent_type) == (
        "RuntimeError", "the model gave up", AgentType.CODING
    )  # fmt: skip
    assert (agent.status, agent.tool_usage["create_file"].failures) == (Status.FAILED, 1)
    assert [(row["error_type"], row["issue_id"]) for row in _rows("errors")] == [("RuntimeError", "4")]
    assert Path("logs/runs", run.run_id, "issues/issue_4_report.json").exists()


def test_the_supervisor_finalizes_even_when_its_own_work_crashes() -> None:
    supervisor = Supervisor("171")
    supervisor.issues = ({"iid": 3, "title": "cart"}, {"no": "title"})
    with pytest.raises(KeyError, match="title"):
        asyncio.run(_crashing(supervisor))
    run = MetricsStorage().load_run(supervisor.metrics_collector.run_metrics.run_id)
    assert run.status is Status.FAILED


async def _crashing(supervisor: Supervisor) -> None:
    supervisor.implement_issue = _only_titled(supervisor)
    await supervisor.execute()


def _only_titled(supervisor: Supervisor) -> Any:
    implement = supervisor.implement_issue

    async def titled(issue: dict[str, Any]) -> bool:
        _ = issue["title"]
        return bool(await implement(issue))

    return titled


def test_the_new_system_of_the_migration_tracks_and_saves() -> None:
    supervisor = Supervisor("171")
    supervisor.track(5)
    collector = supervisor.metrics_collector
    assert collector.get_issue_metrics(5).agents[0].success
    assert Path("logs/runs", collector.run_metrics.run_id, "issues/issue_5_metrics.json").exists()
