"""A program that works on an issue of a run until somebody ends it: `python at_work.py HOME`.

It says `at work` once everything is recorded.
"""

from __future__ import annotations

import sys

import agentgauge
from agentgauge import runs
from agentgauge.runs.models import AgentType

MODEL = "claude-sonnet-4-5"


def work(home: str) -> None:
    with agentgauge.open(home, project="shop") as gauge:
        run = runs.MetricsCollector(run_id="nightly", gauge=gauge)
        run.start_issue(317)
        run.start_agent(AgentType.TESTING, issue_id=317)
        run.record_token_usage(input_tokens=100_000, output_tokens=0, model=MODEL)
        run.start_tool_call("pytest")
        print("at work", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    work(sys.argv[1])
