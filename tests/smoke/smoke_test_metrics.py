"""Whether an installed agentgauge works at all: a few lines with each part of it, in a process and a folder of its own.

    python tests/smoke/smoke_test_metrics.py

Needs nothing but the package. Prints a line per check and ends with 1 where one failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

CHECKS: list[Callable[[], None]] = []


def check(function: Callable[[], None]) -> Callable[[], None]:
    CHECKS.append(function)
    return function


def _command(*arguments: str) -> str:
    code = "from agentgauge.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@check
def a_gauge_records() -> None:
    import agentgauge

    with agentgauge.open() as gauge:
        gauge.llm_call("gpt-4o", "openai", input_tokens=900, output_tokens=120)
        assert gauge.flush()


@check
def a_run_is_recorded_and_kept_in_files() -> None:
    from agentgauge.runs import MetricsCollector, MetricsStorage
    from agentgauge.runs.models import AgentType, LLMConfig, Status, SystemConfig

    config = SystemConfig(llm=LLMConfig(provider="openai", model="gpt-4o"))
    collector = MetricsCollector("run_1", "171", config, storage=MetricsStorage())
    collector.start_issue(3)
    collector.start_agent(AgentType.CODING, issue_id=3)
    collector.record_token_usage(input_tokens=1500, output_tokens=800)
    collector.finalize_agent(success=True)
    collector.finalize_issue(3, Status.COMPLETED)
    collector.finalize_run(Status.COMPLETED)
    assert MetricsStorage().load_run("run_1").run_id == "run_1"


@check
def a_feature_is_recorded_and_asked_about() -> None:
    from agentgauge.features import get_advanced_metrics

    advanced = get_advanced_metrics()
    advanced.record_satisfaction(feature="search", satisfaction_type="speed", score=0.9)
    assert advanced.get_satisfaction_metrics(feature="search")["avg_score"] == 0.9


@check
def an_operation_is_recorded_and_summed_up() -> None:
    from agentgauge.operations import get_metrics_collector

    collector = get_metrics_collector()
    with collector.operation_context("qa_response"):
        pass
    assert collector.get_session_summary().successful_operations == 1


@check
def a_session_is_recorded_and_written_to_a_file() -> None:
    from agentgauge.sessions import AgentResult, MetricsCollector, MetricsStorage, TokenUsage

    collector = MetricsCollector(session_id="s-1")
    usage = TokenUsage(input_tokens=100, output_tokens=50, cost_usd=0.01)
    collector.record_from_result(
        AgentResult(usage=usage, model="m", provider="p"), agent_role="interview", operation="ask", ticket_id="PROJ-1"
    )
    storage = MetricsStorage(Path("metrics.jsonl"))
    storage.write_batch(collector.get_events())
    assert len(storage.read_events()) == 1


@check
def the_report_names_what_was_recorded() -> None:
    report = _command("report", "--by", "role")
    assert "coding" in report, report
    assert "interview" in report, report


@check
def the_events_can_be_asked_in_sql_and_exported() -> None:
    assert "search" in _command("sql", "SELECT feature FROM user_satisfaction")
    _command("export", "sqlite", "--out", "metrics.sqlite")
    assert Path("metrics.sqlite").read_bytes().startswith(b"SQLite format 3")


@check
def nothing_was_lost() -> None:
    _command("compact")
    _command("doctor")


def main() -> int:
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AGENTGAUGE_HOME"] = str(Path(folder) / "agentgauge")
        os.chdir(folder)
        for function in CHECKS:
            try:
                function()
            except Exception:  # noqa: BLE001 - whatever it is, it is shown, and the other checks still run
                failed += 1
                print(f"FAILED  {function.__name__}\n{traceback.format_exc()}")
            else:
                print(f"ok      {function.__name__}")
        os.chdir("/")
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
