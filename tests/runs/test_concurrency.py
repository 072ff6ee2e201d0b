"""Several issues and agents at once, in threads and in asyncio: nothing is mixed, nothing lost."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import agentgauge
from agentgauge.runs import MetricsCollector, MetricsContext
from agentgauge.runs.models import Status

_ISSUES = range(1, 9)


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[MetricsCollector]:
    with agentgauge.open(tmp_path / "home") as gauge:
        yield MetricsCollector("r-1", gauge=gauge)


def _check(collector: MetricsCollector) -> None:
    """Each issue has what its own worker did: `issue` calls of `issue` tokens by each of two agents."""
    for issue in _ISSUES:
        shown = collector.get_issue_metrics(issue)
        assert [(agent.agent_type, agent.token_usage.input_tokens) for agent in shown.agents] == [
            ("outer", issue), ("inner", issue * issue)
        ]  # fmt: skip
        assert shown.agents[1].parent_agent_id == shown.agents[0].agent_id
        assert shown.tool_usage["bash"].calls == issue
    assert collector.gauge.health().altered == {}
    assert collector.gauge.health().refused == {}


def test_threads_do_not_mix_their_issues_and_agents(collector: MetricsCollector) -> None:
    together = threading.Barrier(len(_ISSUES))

    def work(issue: int) -> None:
        collector.start_issue(issue)
        together.wait()
        collector.start_agent("outer")
        collector.start_agent("inner")
        together.wait()
        for _ in range(issue):
            collector.record_token_usage(issue, 0)
            collector.end_tool_call(collector.start_tool_call("bash"))
        together.wait()
        collector.finalize_agent()
        collector.record_token_usage(issue, 0)
        collector.finalize_agent()
        collector.finalize_issue(issue, Status.COMPLETED)

    with ThreadPoolExecutor(len(_ISSUES)) as pool:
        list(pool.map(work, _ISSUES))
    _check(collector)


def test_asyncio_tasks_do_not_mix_their_issues_and_agents(collector: MetricsCollector) -> None:
    context = MetricsContext(collector)

    async def work(issue: int) -> None:
        async with context.track_issue(issue):
            async with context.track_agent("outer"):
                async with context.track_agent("inner"):
                    for _ in range(issue):
                        await asyncio.sleep(0)
                        collector.record_token_usage(issue, 0)
                        async with context.track_tool_call("bash"):
                            await asyncio.sleep(0)
                collector.record_token_usage(issue, 0)

    async def all_of_them() -> None:
        await asyncio.gather(*(work(issue) for issue in _ISSUES))

    asyncio.run(all_of_them())
    _check(collector)


def test_a_task_started_inside_an_agent_belongs_to_it(collector: MetricsCollector) -> None:
    async def helper() -> None:
        await asyncio.sleep(0)
        collector.record_token_usage(7, 0)

    async def work(issue: int) -> None:
        collector.start_issue(issue)
        collector.start_agent("coding")
        await asyncio.gather(helper(), helper())
        collector.finalize_agent()

    async def both() -> None:
        await asyncio.gather(work(3), work(4))

    asyncio.run(both())
    assert [collector.get_issue_metrics(issue).agents[0].token_usage.calls for issue in (3, 4)] == [2, 2]


def test_a_thread_that_started_nothing_works_for_the_only_agent_open(collector: MetricsCollector) -> None:
    collector.start_issue(3)
    collector.start_agent("coding")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: collector.record_token_usage(n, 0), range(4)))
    assert collector.get_issue_metrics(3).agents[0].token_usage.calls == 4


def test_a_thread_at_work_on_one_issue_never_records_into_the_only_agent_of_another(
    collector: MetricsCollector,
) -> None:
    collector.start_agent("coding", 3)

    def elsewhere() -> None:
        collector.start_issue(4)
        collector.record_token_usage(7, 0)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert collector.get_issue_metrics(3).token_usage.calls == 0
    assert collector.get_issue_metrics(4).token_usage.calls == 1
    assert collector.gauge.health().altered == {"no agent open": 1}


def test_an_agent_started_in_one_thread_may_be_finalized_in_another(collector: MetricsCollector) -> None:
    agent_id = collector.start_agent("coding", 3)
    thread = threading.Thread(target=collector.finalize_agent, kwargs={"agent_id": agent_id})
    thread.start()
    thread.join()
    assert collector.get_issue_metrics(3).agents[0].success
    collector.record_token_usage(7, 0)
    assert collector.gauge.health().altered == {"no agent open": 1}


def test_attempts_started_at_once_are_numbered_apart(collector: MetricsCollector) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: collector.start_agent("coding", 3), range(40)))
    attempts = [agent.attempt for agent in collector.get_issue_metrics(3).agents]
    assert sorted(attempts) == list(range(1, 41))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_forked_child_records_into_the_run_though_a_thread_of_the_parent_is_looking_at_it(
    collector: MetricsCollector,
) -> None:
    looking, done = threading.Event(), threading.Event()

    def look() -> None:
        with collector._stream._lock:
            looking.set()
            done.wait()

    thread = threading.Thread(target=look)
    thread.start()
    looking.wait()
    child = os.fork()
    if child == 0:
        collector.start_issue(3)
        collector.finalize_issue(3)
        os._exit(0 if collector.get_issue_metrics(3).success else 1)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert MetricsCollector.recover("r-1", gauge=collector.gauge).get_issue_metrics(3).success
