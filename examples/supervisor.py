"""A supervisor that has agents implement issues, and measures them: what runs, issues, agents and tools used and cost.

    python examples/supervisor.py

Agents plan, write code, test it and mend it, in a git repository of their own below the working directory. What they
write is scripted, so no provider is asked and no key needed; files, tests, commits and times are real. One of three
issues cannot be done, because its model does not answer. The last lines show where the figures are: JSON and CSV in
`logs/`, and the events in the home of agentgauge, where every command finds them.
"""

from __future__ import annotations

import asyncio
import csv
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agentgauge.runs import PRICING, MetricsCollector, MetricsStorage
from agentgauge.runs.code import code_metrics
from agentgauge.runs.models import AgentType, CodeMetrics, LLMConfig, Status, SystemConfig

WORKSPACE = Path("workspace")


@dataclass(frozen=True)
class Answer:
    """What a model returns: text, and what it used."""

    text: str
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class Issue:
    iid: int
    module: str
    test: str
    plan: Answer | Exception
    attempts: tuple[Answer, ...] = ()
    """The code that the coding agent writes, first to last try."""


ISSUES = (
    Issue(
        1,
        "cart",
        "from cart import total\nassert total([2, 3]) == 5\n",
        plan=Answer("A function total over a list of prices.", 1200, 150),
        attempts=(Answer("def total(prices):\n    return sum(prices)\n", 2100, 90),),
    ),
    Issue(
        2,
        "till",
        "from till import change\nassert change(5, 3) == 2\n",
        plan=Answer("A function change of what is given and what is due.", 1300, 180),
        attempts=(
            Answer("def change(given, due):\n    return due - given\n", 2200, 95),
            Answer("def change(given, due):\n    return given - due\n", 3900, 110),
        ),
    ),
    Issue(3, "stock", "", plan=TimeoutError("the model did not answer")),
)


class Supervisor:
    def __init__(self, project_id: str, max_retries: int = 2, mode: str = "implement") -> None:
        self.config = SystemConfig(
            llm=LLMConfig(
                provider=os.getenv("LLM_PROVIDER", "deepseek"),
                model=os.getenv("LLM_MODEL", "deepseek-chat"),
                temperature=float(os.getenv("LLM_TEMPERATURE", "0.7")),
            ),
            max_retries=max_retries,
            min_coverage_percent=70.0,
            execution_mode=mode,
        )
        self.max_retries = max_retries
        self.metrics_collector = MetricsCollector(
            run_id=f"run_{datetime.now(UTC):%Y%m%d_%H%M%S}_project_{project_id}",
            project_id=project_id,
            config=self.config,
            pricing=PRICING,  # without it, calls cost what their price is on the day
        )
        self.metrics_storage = MetricsStorage()

    async def execute(self, issues: tuple[Issue, ...]) -> bool:
        success = False
        try:
            done = [await self.implement_issue(issue) for issue in issues]
            success = all(done)
        finally:  # whatever happened: the run is finalized and saved
            run = self.metrics_collector.finalize_run(Status.COMPLETED if success else Status.FAILED)
            self.metrics_storage.save_run_final(run)
            self.metrics_storage.export_run_to_csv(run)
            if (folder := Path("logs/runs") / run.run_id).exists():  # not where recording is switched off
                print(f"[METRICS] Saved to: {folder}/")
        return success

    async def implement_issue(self, issue: Issue) -> bool:
        metrics = self.metrics_collector
        metrics.start_issue(issue.iid)
        base = _git("rev-parse", "HEAD")
        try:
            await self.plan(issue)
            await self.code_until_tested(issue)
            metrics.finalize_issue(issue.iid, Status.COMPLETED, code_metrics=self.collect_code_metrics(base))
            self.save(issue)
            print(f"issue {issue.iid}: done")
            return True
        except Exception as error:  # noqa: BLE001 - whatever it is, the next issue may go well
            metrics.record_error(error_type=type(error).__name__, error_message=str(error), severity="error")
            metrics.finalize_issue(issue.iid, Status.FAILED)  # and with it the agent that was at work
            self.save(issue)
            print(f"issue {issue.iid}: failed, {error}")
            return False

    def save(self, issue: Issue) -> None:
        """Save an issue at once: a crash later does not take it."""
        run_id = self.metrics_collector.run_metrics.run_id
        issue_metrics = self.metrics_collector.get_issue_metrics(issue.iid)
        self.metrics_storage.save_issue_metrics(run_id, issue_metrics)
        self.metrics_storage.export_issue_to_csv(run_id, issue_metrics)

    # Agents

    async def plan(self, issue: Issue) -> None:
        self.metrics_collector.start_agent(AgentType.PLANNING, issue.iid)
        await self.ask(issue.plan)
        self.metrics_collector.finalize_agent(success=True)

    async def code_until_tested(self, issue: Issue) -> None:
        """Code and test; where tests fail, mend and test again."""
        metrics = self.metrics_collector
        await self.code(issue, attempt=0)
        failure = await self.test(issue)
        for retry in range(1, min(self.max_retries, len(issue.attempts) - 1) + 1):
            if failure is None:
                return
            cycle = metrics.start_debugging_cycle(errors=[failure], issue_id=issue.iid)
            await self.code(issue, attempt=retry)
            before, failure = failure, await self.test(issue)
            metrics.end_debugging_cycle(
                cycle, resolved=failure is None, resolution=f"mended {before}" if failure is None else None, attempts=1
            )
        if failure is not None:
            raise RuntimeError(f"tests still fail: {failure}")

    async def code(self, issue: Issue, attempt: int) -> None:
        metrics = self.metrics_collector
        metrics.start_agent(AgentType.CODING, issue.iid)
        answer = await self.ask(issue.attempts[attempt])
        call_id = metrics.start_tool_call("write_file")
        (WORKSPACE / f"{issue.module}.py").write_text(answer.text)
        (WORKSPACE / f"check_{issue.module}.py").write_text(issue.test)
        metrics.end_tool_call(call_id, success=True)
        call_id = metrics.start_tool_call("git_commit")
        _git("add", ".")
        _git("commit", "-qm", f"Issue {issue.iid}, attempt {attempt + 1}")
        metrics.end_tool_call(call_id, success=True)
        metrics.finalize_agent(success=True, retries=attempt)

    async def test(self, issue: Issue) -> str | None:
        """Run an issue's test, as a pipeline would. Its error, or None where it passes."""
        metrics = self.metrics_collector
        metrics.start_agent(AgentType.TESTING, issue.iid)
        call_id = metrics.start_tool_call("run_tests")
        start = time.perf_counter()
        command = [sys.executable, "-B", f"check_{issue.module}.py"]
        done = await asyncio.to_thread(subprocess.run, command, cwd=WORKSPACE, capture_output=True, text=True)
        failure = done.stderr.strip().splitlines()[-1] if done.returncode else None
        metrics.end_tool_call(call_id, success=failure is None, error=failure)
        commit = _git("rev-parse", "HEAD")
        metrics.record_pipeline(
            pipeline_id=f"check-{commit[:8]}",
            commit_sha=commit,
            status="failed" if failure else "success",
            triggered_by="testing",
            execution_time_seconds=time.perf_counter() - start,
            failed_jobs=[f"check_{issue.module}"] if failure else [],
        )
        metrics.finalize_agent(success=failure is None)
        return failure

    async def ask(self, answer: Answer | Exception) -> Answer:
        """Ask the model. A client of a provider stands here in your program."""
        await asyncio.sleep(0)
        if isinstance(answer, Exception):
            raise answer
        self.metrics_collector.record_token_usage(
            input_tokens=answer.input_tokens, output_tokens=answer.output_tokens, model=self.config.llm.model
        )
        return answer

    def collect_code_metrics(self, base: str) -> CodeMetrics:
        return code_metrics(base, repo=WORKSPACE)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=WORKSPACE, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def make_workspace() -> None:
    WORKSPACE.mkdir(exist_ok=True)
    _git("init", "-q")
    _git("config", "user.name", "supervisor")
    _git("config", "user.email", "supervisor@example.org")
    _git("commit", "-qm", "Begin", "--allow-empty")


def show_tables() -> None:
    for path in sorted(Path("logs/csv").glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        print(f"{path}: {len(rows)} rows")


def main() -> None:
    make_workspace()
    asyncio.run(Supervisor(project_id="171").execute(ISSUES))
    show_tables()
    print("$ agentgauge report --by role", flush=True)
    subprocess.run([sys.executable, "-m", "agentgauge", "report", "--by", "role"], check=True)


if __name__ == "__main__":
    main()
