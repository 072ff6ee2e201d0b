"""Work as the pages of runs show it, recorded with known times.

RICH     a run of a supervisor, 26 minutes: two issues, sub-agents in agents, tools, a failed test, a debugging cycle,
         pipelines, an error, an unpriced model, code metrics; issue 201 is taken up again two days later
LONG     a session of 1,000 events, in turns over nine hours with pauses
ODD      a run whose name has a slash, a percent sign, spaces and an umlaut
UNDER_WAY a run that has begun and goes on while its gauge is open, for who opens one
"""

from __future__ import annotations

from datetime import datetime, timedelta

import agentgauge
from agentgauge.events import Event

RICH = "run_20261120_supervisor_171"
AGAIN = "run_20261122_supervisor_172"
LONG = "pair-programming-of-a-day"
ODD = "feature/50% größer? #1"
UNDER_WAY = "run-under-way"
ISSUE = "201"
_MODEL, _SMALL, _OWN = "claude-sonnet-4-5", "gpt-5-mini", "house-model"


def record_runs(gauge: agentgauge.Gauge, end: datetime) -> None:
    """In the project of the gauge, so that the latest of it ended a quarter of an hour before `end`."""
    _rich(_At(gauge, end - timedelta(days=2, minutes=41)))
    _again(_At(gauge, end - timedelta(minutes=21)))
    _long(_At(gauge, end - timedelta(hours=11)))
    with gauge.scope(run=ODD):
        _At(gauge, end - timedelta(hours=5)).task("planning", 0, 4, span="0dd0000000000001", agent="planning")


class _At:
    """Records events at seconds after a moment, each by when it began and ended."""

    def __init__(self, gauge: agentgauge.Gauge, start: datetime) -> None:
        self.gauge, self.start = gauge, start

    def mark(self, name: str, at: float, **more: object) -> None:
        self.gauge.mark(name, at=self.start + timedelta(seconds=at), **more)  # type: ignore[arg-type]

    def task(self, name: str, begin: float, end: float, *, ok: bool = True, **more: object) -> None:
        names = {"span_id": more.pop("span", None), "parent_id": more.pop("inside", None), "agent": name, "role": name}
        self.gauge.task(name, (end - begin) * 1000, ok, at=self._moment(end), **(names | more))  # type: ignore[arg-type]

    def call(
        self, model: str, begin: float, end: float, inside: str | None, tokens: int = 4000, **more: object
    ) -> None:
        self.gauge.llm_call(
            model, input_tokens=tokens, output_tokens=tokens // 10, duration_ms=(end - begin) * 1000,
            at=self._moment(end), parent_id=inside, **more,  # type: ignore[arg-type]
        )  # fmt: skip

    def tool(self, name: str, begin: float, end: float, inside: str | None, *, ok: bool = True, **more: object) -> None:
        self.gauge.tool_call(
            name, (end - begin) * 1000, ok, at=self._moment(end), parent_id=inside, **more  # type: ignore[arg-type]
        )  # fmt: skip

    def other(self, kind: str, name: str, end: float, ms: float, outcome: str, **more: object) -> None:
        """A pipeline or a debugging cycle."""
        time = self._moment(end)
        self.gauge.record(Event(kind=kind, name=name, time=time, duration_ms=ms, outcome=outcome, **more))  # type: ignore[arg-type]

    def _moment(self, seconds: float) -> datetime:
        return self.start + timedelta(seconds=seconds)


def _rich(at: _At) -> None:
    with at.gauge.scope(run=RICH, user="ada"):
        at.mark("run_start", 0)
        with at.gauge.scope(issue=ISSUE):
            at.mark("issue_start", 5)
            _planned_and_coded(at)
            _mended(at)
            code = {
                "files_created": 1, "files_modified": 3, "files_deleted": 0, "lines_added": 142, "lines_deleted": 17,
                "test_coverage_percent": 86.5, "tests_run": 24, "tests_passed": 24,
            }  # fmt: skip
            at.mark("issue_end", 1180, duration_ms=1_175_000, outcome="success", attributes=code)
        with at.gauge.scope(issue="202"):
            at.mark("issue_start", 1200)
            at.call(_OWN, 1210, 1300, "aa00000000000009", agent="planning", success=False)
            at.gauge.error(
                "TimeoutError", "the model did not answer within 90 s", at=at.start + timedelta(seconds=1300),
                agent="planning", parent_id="aa00000000000009",
            )  # fmt: skip
            at.task("planning", 1205, 1301, ok=False, span="aa00000000000009", error_type="TimeoutError")
            at.mark("issue_end", 1302, duration_ms=102_000, outcome="failure")
        at.mark("run_end", 1560, duration_ms=1_560_000, outcome="failure")


def _planned_and_coded(at: _At) -> None:
    plan, code, review = "aa00000000000001", "aa00000000000002", "aa00000000000003"
    at.call(_MODEL, 12, 48, plan, 9000, agent="planning")
    at.tool("read_file", 48, 49, plan, agent="planning")
    at.call(_MODEL, 49, 90, plan, 12000, agent="planning")
    at.task("planning", 10, 92, span=plan, quality_score=88)
    at.call(_MODEL, 100, 180, code, 16000, agent="coding")
    for second in range(180, 240, 12):
        at.tool("edit_file", second, second + 1.5, code, agent="coding")
        at.call(_SMALL, second + 2, second + 11, code, 2500, agent="coding")
    at.tool("pytest", 240, 262, code, ok=False, agent="coding", error_type="AssertionError", error_message="2 failed")
    at.call(_MODEL, 270, 300, review, 7000, agent="review")
    at.task("review", 265, 305, span=review, inside=code, quality_score=61)
    at.task("coding", 95, 320, span=code, quality_score=64)
    at.other(
        "pipeline", "check-4711", 365, 41_000, "failure", error_type="JobFailed",
        attributes={"failed_jobs": ["unit"], "attempt": 1, "commit_sha": "5f2c9e1"},
    )  # fmt: skip


def _mended(at: _At) -> None:
    mend = "aa00000000000004"
    at.mark("debugging_start", 400, span_id="aa000000000000dc", attributes={"errors": ["2 failed"]})
    at.call(_MODEL, 405, 520, mend, 21000, agent="coding")
    at.tool("edit_file", 520, 522, mend, agent="coding")
    at.tool("pytest", 525, 560, mend, agent="coding")
    at.call(_OWN, 560, 600, mend, 3000, agent="coding")
    at.task("coding", 402, 610, span=mend, quality_score=91)
    at.other(
        "debugging_cycle", "debugging", 615, 215_000, "success", span_id="aa000000000000dc",
        attributes={"resolution": "mended the rounding of totals", "attempts": 1},
    )  # fmt: skip
    at.other(
        "pipeline", "check-4712", 680, 38_000, "success",
        attributes={"attempt": 2, "commit_sha": "9b1d004"},
    )  # fmt: skip
    at.call(_MODEL, 705, 760, "aa00000000000005", 8000, agent="review")
    at.task("review", 700, 765, span="aa00000000000005", quality_score=93)


def _again(at: _At) -> None:
    """The same issue, two days later."""
    with at.gauge.scope(run=AGAIN, issue=ISSUE, user="grace"):
        at.mark("run_start", 0)
        at.mark("issue_start", 1)
        at.call(_MODEL, 5, 65, "aa00000000000006", 11000, agent="coding")
        at.tool("edit_file", 65, 66, "aa00000000000006", agent="coding")
        at.task("coding", 3, 70, span="aa00000000000006", quality_score=95)
        at.other("pipeline", "check-4790", 130, 36_000, "success")
        at.mark("change_merged", 140, attributes={"change": "!318"})
        at.mark(
            "issue_end", 150, duration_ms=149_000, outcome="success",
            attributes={"files_modified": 1, "lines_added": 9, "lines_deleted": 4, "test_coverage_percent": 87.0},
        )  # fmt: skip
        at.mark("run_end", 155, duration_ms=155_000, outcome="success")


def _long(at: _At) -> None:
    """50 turns of 19 events and the turn itself, at 600 seconds from each other, with a pause of two hours at noon."""
    with at.gauge.scope(session=LONG, agent="pair", user="linus"):
        for turn in range(50):
            begin = turn * 600.0 + (7200 if turn >= 25 else 0)
            span = f"bb{turn:014d}"
            for number in range(19):
                since = begin + number * 15
                if number % 2:
                    at.tool(
                        "bash" if number % 3 else "edit_file", since, since + 4, span, ok=number != 7 or turn % 6 != 0
                    )
                else:
                    at.call(_MODEL if turn % 2 else _SMALL, since, since + 13, span, 1500 + 100 * number)
            at.gauge.task("turn", 290_000, turn % 10 != 9, at=at.start + timedelta(seconds=begin + 290), span_id=span)


def begin_run(gauge: agentgauge.Gauge, now: datetime) -> None:
    """`UNDER_WAY`, which goes on for as long as the gauge is open."""
    with gauge.scope(run=UNDER_WAY, issue="300"):
        at = _At(gauge, now - timedelta(seconds=90))
        at.mark("run_start", 0)
        at.mark("issue_start", 1)
        at.mark("agent_start", 2, span_id="cc00000000000001", agent="coding", role="coding")
        at.call(_MODEL, 3, 40, "cc00000000000001", agent="coding")
