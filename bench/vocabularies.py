"""What each recording verb of the four vocabularies costs, beside `gauge.llm_call` in the same process.

    python bench/vocabularies.py [EVENTS] [ROUNDS] [PREFIX OF VERBS]

Each verb runs in a process of its own, its calls in turn with model calls of a plain gauge: a hundred of one, a
hundred of the other, so that both see the same machine. `median` is the median time of one call in the calling thread;
`cpu` is the CPU time of the process, all threads, per call, until everything is on disk, over that of the model call.
A verb that opens something is measured together with the one that closes it, and divided by two. Limit: at most three
times `gauge.llm_call`.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import agentgauge

LIMIT = 3.0
_CHUNK = 100
_MOST = 60_000

Verb = Callable[[], object]
Case = tuple[Verb, int]
"""What is called, and how many verbs that is."""


def runs(gauge: agentgauge.Gauge) -> dict[str, Case]:
    from agentgauge.runs import MetricsCollector
    from agentgauge.runs.models import AgentType, LLMConfig, SystemConfig

    config = SystemConfig(llm=LLMConfig(provider="anthropic", model="claude-sonnet-4-5"))
    collector = MetricsCollector(run_id="r-1", project_id="shop", config=config, gauge=gauge)
    collector.start_issue(3)
    collector.start_agent(AgentType.CODING, issue_id=3)

    def tool() -> None:
        collector.end_tool_call(collector.start_tool_call("bash"), success=True)

    def agent() -> None:
        collector.start_agent(AgentType.TESTING, issue_id=3)
        collector.finalize_agent(success=True)

    def cycle() -> None:
        collector.end_debugging_cycle(collector.start_debugging_cycle(), resolved=True)

    return {
        "runs.record_token_usage": (
            lambda: collector.record_token_usage(input_tokens=12_345, output_tokens=678, model="claude-sonnet-4-5"),
            1,
        ),
        "runs.start/end_tool_call": (tool, 2),
        "runs.start/finalize_agent": (agent, 2),
        "runs.start/end_debugging_cycle": (cycle, 2),
        "runs.record_pipeline": (
            lambda: collector.record_pipeline(
                "12345", commit_sha="abc123", status="success", triggered_by="testing", execution_time_seconds=125.5
            ),
            1,
        ),
        "runs.record_error": (lambda: collector.record_error("ValueError", "wrong", severity="error"), 1),
    }


def features(gauge: agentgauge.Gauge) -> dict[str, Case]:
    from agentgauge.features import AdvancedMetrics, MetricsCollector

    basic, advanced = MetricsCollector(gauge=gauge), AdvancedMetrics(gauge=gauge)
    feature = "learning-engine"
    return {
        "features.record_performance_metric": (
            lambda: basic.record_performance_metric(feature, "response_time_ms", 125.5, {"algorithm": "v2"}),
            1,
        ),
        "features.record_learning_metric": (lambda: basic.record_learning_metric(feature, "accuracy", 0.92), 1),
        "features.record_optimization_metric": (lambda: basic.record_optimization_metric(feature, "gain", 0.1), 1),
        "features.record_performance_metric (advanced)": (
            lambda: advanced.record_performance_metric(
                feature=feature, metric_category="response_time", metric_name="recognition_ms", value=125.5,
                unit="milliseconds", context="production",
            ),
            1,
        ),
        "features.record_satisfaction": (
            lambda: advanced.record_satisfaction(
                feature=feature, satisfaction_type="accuracy", score=0.92, interaction_id="i-1"
            ),
            1,
        ),
        "features.record_feature_usage": (
            lambda: advanced.record_feature_usage(
                feature=feature, action="recognize", duration_ms=125.5, success=True, user_context="morning"
            ),
            1,
        ),
        "features.record_learning_effectiveness": (
            lambda: advanced.record_learning_effectiveness(
                feature=feature, learning_type="pattern_recognition", accuracy=0.92, confidence=0.88,
                sample_size=1000, improvement_rate=0.05,
            ),
            1,
        ),
        "features.record_optimization_impact": (
            lambda: advanced.record_optimization_impact(
                feature=feature, optimization_id="opt_001", impact_category="task_completion_time",
                before_value=45.2, after_value=38.7, user_impact_score=0.85,
            ),
            1,
        ),
        "features.record_resource_utilization": (
            lambda: advanced.record_resource_utilization(
                resource_type="memory", resource_name="cache", utilization_percent=65.5, allocated=1024.0,
                used=670.0, unit="MB",
            ),
            1,
        ),
        "features.record_error": (
            lambda: advanced.record_error(
                feature=feature, error_type="PatternError", error_severity="warning", error_message="low",
                recovery_attempted=True, recovery_successful=True, impact_level="low",
            ),
            1,
        ),
    }  # fmt: skip


def operations(gauge: agentgauge.Gauge) -> dict[str, Case]:
    from agentgauge.operations import MetricsCollector, ToolCallStatus

    collector = MetricsCollector(gauge=gauge)
    opened = collector.start_operation("qa_response")

    def operation() -> None:
        collector.end_operation(collector.start_operation("qa_response"), success=True)

    def context() -> None:
        with collector.operation_context("qa_response"):
            pass

    return {
        "operations.start/end_operation": (operation, 2),
        "operations.operation_context": (context, 2),
        "operations.add_component_timing": (lambda: collector.add_component_timing(opened, "vector_search", 0.5), 1),
        "operations.record_tool_call": (
            lambda: collector.record_tool_call(
                operation_id=opened, tool_name="openai_api", status=ToolCallStatus.SUCCESS, duration=2.1
            ),
            1,
        ),
        "operations.record_token_usage": (
            lambda: collector.record_token_usage(
                operation_id=opened, input_tokens=150, output_tokens=75, model_name="gpt-3.5-turbo"
            ),
            1,
        ),
        "operations.record_error": (lambda: collector.record_error(opened, "ValueError", "wrong"), 1),
        "operations.record_warning": (lambda: collector.record_warning(opened, "slow"), 1),
    }


def sessions(gauge: agentgauge.Gauge) -> dict[str, Case]:
    from agentgauge.sessions import AgentResult, EventType, MetricsCollector, MetricsEvent, TokenUsage

    collector = MetricsCollector(session_id="s-1", gauge=gauge)
    usage = TokenUsage(input_tokens=100, output_tokens=50, cost_usd=0.01)
    result = AgentResult(output="", usage=usage, model="claude-sonnet-4-5", provider="anthropic", duration_ms=1500)

    def events(kind: EventType) -> Verb:
        """Records one event after the other, each made beforehand: making them is the caller's."""
        made = iter(
            [
                MetricsEvent(
                    event_type=kind, agent_role="interview", operation="ask", model="claude-sonnet-4-5",
                    provider="anthropic", duration_ms=1500, session_id="s-1",
                    usage=usage if kind is EventType.AGENT_INVOCATION else TokenUsage(),
                )
                for _ in range(_MOST)
            ]
        )  # fmt: skip
        return lambda: collector.record_event(next(made))

    return {
        "sessions.record_from_result": (
            lambda: collector.record_from_result(
                result, agent_role="interview", operation="ask_question", ticket_id="PROJ-456"
            ),
            1,
        ),
        "sessions.record_event, invocation": (events(EventType.AGENT_INVOCATION), 1),
        "sessions.record_event, start": (events(EventType.SESSION_START), 1),
    }


VOCABULARIES = {"runs": runs, "features": features, "operations": operations, "sessions": sessions}


def measure(vocabulary: str, verb: str, events: int) -> dict[str, float]:
    """Microseconds of one verb and of a model call, in this process."""
    with tempfile.TemporaryDirectory() as directory:
        gauge = agentgauge.open(Path(directory) / "verb")
        plain = agentgauge.open(Path(directory) / "plain")
        call, verbs = VOCABULARIES[vocabulary](gauge)[verb]

        def model_call() -> None:
            plain.llm_call(
                "claude-sonnet-4-5", "anthropic", 12_345, 678, duration_ms=2345.678, success=True, cost_usd=0.047205
            )

        scope = plain.scope(run="r-1", agent="coding", role="coding", operation="chat", ticket="PROJ-351")
        with scope:
            took: dict[str, array[int]] = {"verb": array("q"), "model call": array("q")}
            cpu = {"verb": 0, "model call": 0}
            cases = {"verb": (call, gauge), "model call": (model_call, plain)}
            for function, _ in cases.values():
                for _ in range(500):
                    function()
            gc.collect()
            now = time.perf_counter_ns
            for _ in range(events // _CHUNK):
                for name, (function, _) in cases.items():
                    times = took[name]
                    before = time.process_time_ns()
                    for _ in range(_CHUNK):
                        start = now()
                        function()
                        times.append(now() - start)
                    cpu[name] += time.process_time_ns() - before
            for name, (_, target) in cases.items():
                before = time.process_time_ns()
                target.flush()
                cpu[name] += time.process_time_ns() - before
        assert not gauge.health().refused, gauge.health()
        gauge.close()
        plain.close()
    ours, theirs = statistics.median(took["verb"]) / verbs, statistics.median(took["model call"])
    return {
        "median": ours / 1000,
        "model call": theirs / 1000,
        "ratio": ours / theirs,
        "cpu ratio": cpu["verb"] / verbs / cpu["model call"],
    }


def own_output(*arguments: str) -> Any:
    run = subprocess.run([sys.executable, __file__, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(run.stdout)


def main(events: int, rounds: int, wanted: list[str]) -> None:
    os.environ["AGENTGAUGE_DISABLED"] = "0"
    verbs = {name: own_output("verbs", name) for name in VOCABULARIES if not wanted or wanted[0].startswith(name)}
    chosen = [(name, verb) for name, own in verbs.items() for verb in own if not wanted or verb.startswith(wanted[0])]
    found: dict[str, list[dict[str, float]]] = {verb: [] for _, verb in chosen}
    for _ in range(rounds):
        for name, verb in chosen:
            found[verb].append(own_output("measure", name, verb, str(events)))
    print(f"{'':52}{'median us':>10}{'model call':>12}{'ratio':>8}{'cpu ratio':>11}")
    over = []
    for verb, results in found.items():
        figure = {key: statistics.median(result[key] for result in results) for key in results[0]}
        print(
            f"{verb:52}{figure['median']:10.2f}{figure['model call']:12.2f}{figure['ratio']:8.2f}"
            f"{figure['cpu ratio']:11.2f}"
        )
        if figure["ratio"] > LIMIT:
            over.append(verb)
    print(f"limit: a ratio of at most {LIMIT}; {f'over it: {chr(44).join(over)}' if over else 'kept by all'}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["verbs", name]:
            with tempfile.TemporaryDirectory() as place, agentgauge.open(place) as recorder:
                print(json.dumps(list(VOCABULARIES[name](recorder))))
        case ["measure", name, verb_name, count]:
            print(json.dumps(measure(name, verb_name, int(count))))
        case arguments:
            numbers = [int(text) for text in arguments if text.isdecimal()]
            main(*(numbers + [20_000, 3][len(numbers) :]), [text for text in arguments if not text.isdecimal()])
