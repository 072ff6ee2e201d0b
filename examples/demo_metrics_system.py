"""What `agentgauge.operations` does, in eight parts, on real work and real errors.

    python examples/demo_metrics_system.py

Everything is recorded into a directory of its own that is gone when the program ends.
"""

from __future__ import annotations

import socket
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

import agentgauge
from agentgauge.operations import DisabledMetricsCollector, MetricsCollector, ToolCallStatus
from agentgauge.operations.provider import (
    get_metrics_collector,
    reset_metrics_collector,
    with_metrics_tracking,
)

console = Console(highlight=False, soft_wrap=False)
DOCUMENTS = Path(__file__).parent.parent / "docs"


def words_of(path: Path) -> Counter[str]:
    return Counter(path.read_text(encoding="utf-8").lower().split())


def basic_collection(collector: MetricsCollector) -> None:
    operation = collector.start_operation("qa_response", metadata={"query_type": "general"})
    pages = {path.name: words_of(path) for path in sorted(DOCUMENTS.glob("*.md"))}
    best = max(pages, key=lambda name: pages[name]["journal"])
    collector.add_component_timing(operation, "vector_search", 0.5)
    collector.add_component_timing(operation, "llm_inference", 2.1)
    collector.record_tool_call(
        operation, "openai_api", ToolCallStatus.SUCCESS, duration=2.1, metadata={"model": "gpt-3.5-turbo"}
    )
    collector.record_token_usage(operation, input_tokens=150, output_tokens=75, model_name="gpt-3.5-turbo")
    done = collector.end_operation(operation, success=True)
    console.print(f"'journal' is most frequent in {best}")
    console.print(f"took {done.total_duration:.3f} s; stated components:")
    for component, seconds in done.component_timing.items():
        console.print(f"  {component:<16}{seconds:5.2f} s")
    if done.token_usage is not None and done.cost_estimate is not None:
        console.print(f"{done.token_usage.total_tokens} tokens, ${done.cost_estimate.total_cost:.6f}")


def _missing_file() -> object:
    return Path("no-such-index").read_bytes()


def _nobody_listens() -> object:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    return socket.create_connection(("127.0.0.1", port), timeout=1)


def _not_a_number() -> object:
    return int("seven")


def error_tracking(collector: MetricsCollector) -> None:
    operation = collector.start_operation("error_tracking")
    for call in (_missing_file, _nobody_listens, _not_a_number):
        try:
            call()
        except (OSError, ValueError) as error:
            collector.record_tool_call(operation, call.__name__.strip("_"), error=error)
    collector.record_warning(operation, "the index is seven days old")
    done = collector.end_operation(operation, success=False)
    table = Table("tool", "status", "category", "message", box=None, pad_edge=False)
    for tool in done.tool_calls:
        table.add_row(tool.tool_name, tool.status, tool.error_category, tool.error_message)
    console.print(table)
    console.print(f"{done.error_count} errors, {done.warning_count} warning")


def trend_analysis(collector: MetricsCollector) -> None:
    for size in range(1, 31):
        with collector.operation_context("sorting", metadata={"size": size}):
            sorted(range(200 * size * size, 0, -1), key=str)
    trend = collector.analyze_performance_trends("sorting", "1h")
    console.print("30 operations that each sort more than the one before:")
    console.print(f"  average {1000 * trend.avg_duration:.1f} ms, {trend.success_rate:.0f} % succeeded")
    console.print(f"  {trend.trend_direction}, strength {trend.trend_strength:.2f}, p = {trend.p_value:.1g}")
    trend = collector.analyze_performance_trends("qa_response", "1h")
    for line in (*trend.bottlenecks, *trend.optimization_suggestions):
        console.print(f"  {line}")


def context_manager(collector: MetricsCollector) -> None:
    with collector.operation_context("data_processing") as operation:
        total = sum(words_of(DOCUMENTS / "why.md").values())
        console.print(f"counted {total} words in operation {operation}")
    try:
        with collector.operation_context("data_processing"):
            _missing_file()
    except FileNotFoundError:
        console.print("an exception is recorded, and passes through:")
    last = collector.get_session_summary().operations[-1]
    console.print(f"  {last.operation_name}: {last.outcome}, {last.error_count} error")


@with_metrics_tracking("api_call")
def call_external_api(page: str) -> int:
    return len((DOCUMENTS / page).read_bytes())


@with_metrics_tracking
def lines_of(page: str) -> Iterator[str]:
    yield from (DOCUMENTS / page).read_text(encoding="utf-8").splitlines()


def decorator(collector: MetricsCollector) -> None:
    console.print(f"call_external_api returned {call_external_api('why.md')}")
    console.print(f"lines_of gave {sum(1 for _ in lines_of('why.md'))} lines")
    for done in collector.get_session_summary().operations[-2:]:
        console.print(f"  {done.operation_name:<12}{1000 * (done.total_duration or 0):8.3f} ms")


def persistence(collector: MetricsCollector) -> None:
    path = collector.save_metrics("session_metrics.json")
    if path is None:
        console.print("nothing is kept on a disk (ENABLE_METRICS_PERSISTENCE)")
        return
    loaded = collector.load_metrics(path)
    console.print(f"saved {path.stat().st_size} bytes in {'/'.join(path.parts[-3:])}")
    console.print(f"loaded {loaded.total_operations} operations, the same: {loaded == collector.get_session_summary()}")


def system_metrics(collector: MetricsCollector) -> None:
    system = collector.get_system_metrics()
    if system.memory_bytes is None or system.cpu_seconds is None:
        console.print(system.problem)
        return
    console.print(f"this process: {system.memory_bytes / 2**20:.0f} MB, {system.cpu_seconds:.2f} s of processor time")
    console.print(
        f"this machine: {system.machine_cpus} processors, {system.machine_memory_percent:.0f} % of memory used"
    )


def session_summary(collector: MetricsCollector) -> None:
    summary = collector.get_session_summary()
    console.print(f"operations  {summary.total_operations}, {summary.successful_operations} successful")
    console.print(f"duration    {summary.total_duration:.3f} s")
    console.print(f"tokens      {summary.total_tokens}")
    console.print(f"cost        ${summary.total_cost:.6f}, {summary.unpriced_calls} calls unpriced")
    console.print(f"errors      {summary.error_count}, warnings {summary.warning_count}")


PARTS = {
    "Basic metrics collection": basic_collection,
    "Error tracking and categorization": error_tracking,
    "Performance trend analysis": trend_analysis,
    "Context manager": context_manager,
    "Decorator": decorator,
    "Persistence": persistence,
    "System metrics": system_metrics,
    "Session summary": session_summary,
}


def main() -> None:
    with tempfile.TemporaryDirectory() as place, agentgauge.open(place) as gauge:
        agentgauge.set_default(gauge)
        reset_metrics_collector()
        collector = get_metrics_collector()
        if isinstance(collector, DisabledMetricsCollector):
            console.print("recording is switched off (ENABLE_METRICS): there is nothing to show")
            return
        collector.directory = Path(place) / "data" / "metrics"
        try:
            for number, (title, part) in enumerate(PARTS.items(), 1):
                console.rule(f"{number}. {title}", align="left")
                part(collector)
                console.print()
        finally:
            agentgauge.set_default(None)
            reset_metrics_collector()


if __name__ == "__main__":
    main()
