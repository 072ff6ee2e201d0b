"""Who and what an event belongs to goes where the work goes: into blocks, tasks, threads, pools and processes."""

from __future__ import annotations

import asyncio
import functools
import gc
import multiprocessing
import pickle
import threading
import types
from collections.abc import AsyncGenerator, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.errors import SettingsError
from agentgauge.events import Event
from agentgauge.events.codec import decode_line
from agentgauge.journal.memory import MemoryJournal
from agentgauge.recorder import Gauge
from tests.recorder.reading import events, only


def test_scopes_nest_and_end(gauge: Gauge, home: Path) -> None:
    with gauge.scope(run="r1", agent="a1"):
        with gauge.scope(agent="a2", ticket="T"):
            gauge.task("inside")
        gauge.task("between")
    gauge.task("outside")
    assert [(event.run, event.agent, event.ticket) for event in events(home)] == [
        ("r1", "a2", "T"),
        ("r1", "a1", None),
        (None, None, None),
    ]


def test_an_event_may_name_its_own_scope(gauge: Gauge, home: Path) -> None:
    with gauge.scope(run="r1", agent="a1"):
        gauge.llm_call("m", agent="a2", issue=12)
        gauge.llm_call("m")
    own, inherited = events(home)
    assert (own.run, own.agent, own.issue) == ("r1", "a2", "12")
    assert (inherited.agent, inherited.issue) == ("a1", None)


def test_the_scope_of_the_gauge_holds_for_every_event(home: Path) -> None:
    with agentgauge.open(home, "shop", team="t1", session=None) as gauge:
        gauge.task("t")
        gauge.task("t", project="other")
    assert [(event.project, event.team, event.session) for event in events(home)] == [
        ("shop", "t1", None),
        ("other", "t1", None),
    ]


def test_none_leaves_the_enclosing_scope(gauge: Gauge, home: Path) -> None:
    with gauge.scope(run="r1"):
        gauge.task("t", run=None)
    assert only(home).run == "r1"


def test_whole_numbers_and_texts_that_look_alike_are_one(gauge: Gauge, home: Path) -> None:
    for issue in (1, "1"):
        with gauge.scope(issue=issue):
            gauge.task("t")
    assert [event.issue for event in events(home)] == ["1", "1"]


def test_a_mistyped_scope_is_left_out_and_counted_and_the_others_hold(gauge: Gauge, home: Path) -> None:
    with gauge.scope(run="r1", tciket="PROJ-456", agent=["no text"]):
        gauge.task("t")
    assert (only(home).run, only(home).ticket, only(home).agent) == ("r1", None, None)
    assert gauge.health().altered == {"scope left out": 2}
    assert gauge.health().refused == {}


def test_a_mistyped_keyword_is_answered_with_what_was_meant(gauge: Gauge, caplog: pytest.LogCaptureFixture) -> None:
    gauge.llm_call("gpt-4o", inputtokens=10)  # type: ignore[call-arg]
    assert "did you mean input_tokens?" in caplog.text
    assert gauge.health().refused == {"unknown scope": 1}


def test_two_gauges_have_scopes_of_their_own(home: Path, tmp_path: Path) -> None:
    with agentgauge.open(home) as first, agentgauge.open(tmp_path / "other") as second:
        with first.scope(run="r1"), second.scope(run="r2"):
            first.task("t")
            second.task("t")
        assert only(home).run == "r1"
        assert only(tmp_path / "other").run == "r2"


def test_asyncio_tasks_inherit_and_do_not_leak(gauge: Gauge, home: Path) -> None:
    async def agent(name: str) -> None:
        with gauge.scope(agent=name):
            await asyncio.sleep(0)
            gauge.task("t")

    async def main() -> None:
        with gauge.scope(run="r1"):
            await asyncio.gather(*(agent(f"a{i}") for i in range(10)))
            gauge.task("end")

    asyncio.run(main())
    *inside, end = events(home)
    assert sorted((event.run, event.agent) for event in inside) == [("r1", f"a{i}") for i in range(10)]
    assert (end.run, end.agent) == ("r1", None)


def test_a_thread_starts_without_scope_and_a_bound_function_brings_it(gauge: Gauge, home: Path) -> None:
    def work(name: str) -> str:
        gauge.task(name)
        return name.upper()

    with gauge.scope(run="r1"):
        for target in (work, gauge.bind(work)):
            thread = threading.Thread(target=target, args=("t",))
            thread.start()
            thread.join()
    with ThreadPoolExecutor(1) as pool:
        with gauge.scope(run="r2"):
            bound = gauge.bind(work)
        assert pool.submit(bound, "pooled").result() == "POOLED"
        pool.submit(work, "after").result()
    assert [event.run for event in events(home)] == [None, "r1", "r2", None]


def test_a_bound_coroutine_runs_in_its_scope(gauge: Gauge, home: Path) -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        gauge.task("t")
        return 7

    with gauge.scope(run="r1"):
        bound = gauge.bind(work)
    assert asyncio.run(bound()) == 7  # type: ignore[arg-type]
    assert only(home).run == "r1"


async def _later(gauge: Gauge) -> int:
    await asyncio.sleep(0)
    gauge.task("t")
    return 7


@types.coroutine
def _old_style(gauge: Gauge) -> Generator[Any, Any, int]:
    return (yield from _later(gauge).__await__())


class _Later:
    async def __call__(self, gauge: Gauge) -> int:
        return await _later(gauge)


class _Promise:
    def __init__(self, gauge: Gauge) -> None:
        self.gauge = gauge

    def __await__(self) -> Generator[Any, Any, int]:
        return _later(self.gauge).__await__()


@pytest.mark.parametrize(
    "form",
    [_later, functools.partial(_later), _Later(), lambda gauge: _later(gauge), _Promise, _old_style],
    ids=["coroutine function", "partial", "async __call__", "plain function", "awaitable", "types.coroutine"],
)
def test_what_a_bound_function_leaves_to_await_runs_in_its_scope(gauge: Gauge, home: Path, form: Any) -> None:
    async def main() -> int:
        with gauge.scope(run="r1"):
            bound = gauge.bind(form)
        with gauge.scope(run="r2"):
            result: int = await bound(gauge)
            gauge.task("after")
        return result

    assert asyncio.run(main()) == 7
    assert [event.run for event in events(home)] == ["r1", "r2"]


def test_a_bound_generator_runs_in_its_scope_and_its_consumer_does_not(gauge: Gauge, home: Path) -> None:
    def numbers(first: int) -> Generator[int, int, str]:
        given = yield first
        with gauge.scope(agent="a1"):
            try:
                yield given
            except KeyError:
                gauge.task("inside", attributes={"given": given})
        gauge.task("end")
        return "done"

    with gauge.scope(run="r1"):
        bound = gauge.bind(functools.partial(numbers, 1))
    generator = bound()
    assert next(generator) == 1
    assert generator.send(5) == 5
    gauge.task("consumer")
    with pytest.raises(StopIteration) as stopped:
        generator.throw(KeyError())
    assert stopped.value.value == "done"
    assert [(event.name, event.run, event.agent) for event in events(home)] == [
        ("consumer", None, None),
        ("inside", "r1", "a1"),
        ("end", "r1", None),
    ]


def test_a_bound_generator_that_is_closed_ends_in_its_scope(gauge: Gauge, home: Path) -> None:
    def numbers() -> Iterator[int]:
        try:
            yield 1
        finally:
            gauge.task("closed")

    with gauge.scope(run="r1"):
        bound = gauge.bind(numbers)
    for _ in bound():
        break
    gc.collect()
    assert only(home).run == "r1"


def test_a_bound_async_generator_runs_in_its_scope_and_its_consumer_does_not(gauge: Gauge, home: Path) -> None:
    async def numbers() -> AsyncGenerator[int, int]:
        with gauge.scope(agent="a1"):
            await asyncio.sleep(0)
            given = yield 1
            try:
                yield given
            finally:
                gauge.task("closed")

    async def main() -> None:
        with gauge.scope(run="r1"):
            bound = gauge.bind(numbers)
        generator = bound()
        assert await anext(generator) == 1
        assert await generator.asend(5) == 5
        gauge.task("consumer")
        await generator.aclose()
        assert [number async for number in bound()] == [1, None]

    asyncio.run(main())
    assert [(event.name, event.run, event.agent) for event in events(home)] == [
        ("consumer", None, None),
        ("closed", "r1", "a1"),
        ("closed", "r1", "a1"),
    ]


def test_a_future_that_a_bound_function_returns_is_given_as_it_is(gauge: Gauge) -> None:
    async def main() -> None:
        bound = gauge.bind(asyncio.ensure_future)
        future = bound(_later(gauge))
        assert isinstance(future, asyncio.Future)
        assert await future == 7

    asyncio.run(main())


def test_a_scope_left_in_another_context_raises_nothing(gauge: Gauge, home: Path) -> None:
    async def numbers() -> AsyncGenerator[int, None]:
        with gauge.scope(run="r1"):
            yield 1

    async def main() -> None:
        generator = numbers()
        await anext(generator)
        await asyncio.create_task(generator.aclose())  # type: ignore[arg-type]

    asyncio.run(main())


def test_a_scope_that_is_refused_is_named_and_not_repeated(gauge: Gauge, home: Path) -> None:
    """What the journal says of losses is not reached by forgetting a person."""
    with gauge.scope(user="Ada Lovelace\ud800", run="r1"):
        gauge.task("t")
    gauge.flush()
    assert gauge.health().altered == {"scope left out": 1}
    written = b"".join(path.read_bytes() for path in home.rglob("*.seg"))
    assert b"scope user cannot be written" in written
    assert b"Ada" not in written


def test_an_id_that_is_no_text_leaves_the_rest_of_the_scope(gauge: Gauge, home: Path) -> None:
    with gauge.scope(run="r1", parent_id="\ud800"):
        gauge.task("t")
    assert (only(home).run, only(home).parent_id) == ("r1", None)
    assert gauge.health().altered == {"scope left out": 1}
    with pytest.raises(SettingsError, match="parent_id cannot be written"):
        agentgauge.open(home, parent_id="\ud800")


def test_a_name_of_the_users_own_is_an_attribute_of_all_that_is_recorded_in_the_block(gauge: Gauge, home: Path) -> None:
    with gauge.scope(experiment="a", issue="X-1", temperature=0.2):
        gauge.llm_call("gpt-4o", input_tokens=1)
        with gauge.span("fix"):
            gauge.tool_call("grep", attributes={"file": "cart.py", "temperature": 0.7})
    gauge.task("t")
    call, tool, span, task = sorted(
        events(home), key=lambda event: (event.kind == "task", event.kind, event.name == "t")
    )
    assert call.attributes == span.attributes == {"experiment": "a", "temperature": 0.2}
    assert tool.attributes == {"experiment": "a", "temperature": 0.7, "file": "cart.py"}
    assert (call.issue, tool.issue, span.issue) == ("X-1", "X-1", "X-1")
    assert (task.attributes, task.issue) == (None, None)
    assert gauge.health().altered == {}


def test_attributes_of_nested_scopes_add_up_and_the_inner_one_wins(gauge: Gauge, home: Path) -> None:
    with gauge.scope(experiment="a", wave=1), gauge.scope(experiment="b", run="r1"):
        gauge.task("t", agent="coder")
    assert only(home).attributes == {"experiment": "b", "wave": 1}
    assert (only(home).run, only(home).agent) == ("r1", "coder")


def test_attributes_of_a_scope_go_to_a_pool_and_to_whole_events_and_through_redaction(home: Path) -> None:
    with agentgauge.open(home, redact=lambda attributes: {**attributes, "secret": "***"}) as gauge:
        with gauge.scope(experiment="a", secret="word"), ThreadPoolExecutor() as pool:
            pool.submit(gauge.bind(gauge.task), "t").result()
            gauge.record(Event(kind="task", name="u", time=datetime.now(UTC), attributes={"own": 1}))
    first, second = sorted(events(home), key=lambda event: str(event.name))
    assert first.attributes == {"experiment": "a", "secret": "***"}
    assert second.attributes == {"experiment": "a", "secret": "***", "own": 1}


def test_attributes_of_a_scope_are_pickled_with_a_bound_function(gauge: Gauge, home: Path) -> None:
    with gauge.scope(experiment="a", run="r1"):
        carried = pickle.dumps(gauge.bind(gauge.task))
    pickle.loads(carried)("t")
    assert (only(home).attributes, only(home).run) == ({"experiment": "a"}, "r1")


def test_an_attribute_that_json_cannot_hold_is_left_out_of_a_scope_and_counted(gauge: Gauge, home: Path) -> None:
    with gauge.scope(experiment=object(), wave=1):  # type: ignore[arg-type]
        gauge.task("t")
    assert only(home).attributes == {"wave": 1}
    assert gauge.health().altered == {"scope left out": 1}


def test_a_field_of_an_event_is_no_attribute_of_a_scope(gauge: Gauge, home: Path) -> None:
    with gauge.scope(model="gpt-4o", name="t"):
        gauge.task("t")
    assert only(home).attributes is None
    assert gauge.health().altered == {"scope left out": 2}


def _work(number: int) -> int:
    """Runs in another process, which made this module anew: it has no gauge but the one that came with the function."""
    return number * 2


def _record(gauge: Gauge, number: int) -> None:
    gauge.measurement("n", number)
    gauge.flush()


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_bound_method_goes_to_a_pool_of_processes(gauge: Gauge, home: Path, start: str) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(start)) as pool:
        with gauge.scope(run="r1"):
            bound = gauge.bind(_record)
            list(pool.map(bound, [gauge] * 6, range(6)))
    found = events(home)
    assert sorted(event.value for event in found if event.value is not None) == [0, 1, 2, 3, 4, 5]
    assert len({(event.segment, event.n) for event in found}) == 6
    assert len({event.segment for event in found}) <= 2, "each task of a pool opened a journal of its own"


def _task_of_gauge(gauge: Gauge) -> None:
    gauge.task("child")


def test_a_pickled_gauge_records_into_the_same_home_with_its_scope(home: Path) -> None:
    with agentgauge.open(home, "shop", agent="a1") as gauge:
        child = multiprocessing.get_context("spawn").Process(target=_task_of_gauge, args=(gauge,))
        child.start()
        child.join()
        gauge.task("parent")
    assert sorted((event.name, event.project, event.agent) for event in events(home)) == [
        ("child", "shop", "a1"),
        ("parent", "shop", "a1"),
    ]


def test_a_bound_function_keeps_its_scope_when_pickled(gauge: Gauge) -> None:
    with gauge.scope(run="r1"):
        bound = gauge.bind(_work)
    again = pickle.loads(pickle.dumps(bound))
    assert again(4) == 8
    assert again._scope.items == {"run": "r1"}
    again._gauge.close()


def test_a_gauge_made_from_a_sink_says_that_it_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match=r"agentgauge\.open"):
        pickle.dumps(Gauge(MemoryJournal()))


def test_many_scopes_take_no_more_memory_than_the_cache(gauge: Gauge) -> None:
    from agentgauge.recorder import scope

    for number in range(scope._CACHED + 100):
        gauge.task("t", ticket=number)
    assert scope._narrowed.cache_info().currsize <= scope._CACHED


def test_text_of_any_language_comes_back(gauge: Gauge, home: Path) -> None:
    text = 'снег ❄ "quoted" \\ \x00 \n line'
    with gauge.scope(run=text):
        gauge.llm_call("m")
        gauge.task(text)
    call, task = events(home)
    assert (call.run, task.run, task.name) == (text, text, text)
    assert b"\x00" not in b"".join(path.read_bytes().rstrip(b"\0") for path in home.rglob("*.seg"))


def test_a_memory_gauge_touches_no_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_METRICS_PERSISTENCE", "false")
    with agentgauge.open(home) as gauge:
        gauge.task("t", run="r")
        assert isinstance(gauge._sink, MemoryJournal)
        assert decode_line(gauge._sink.lines()).run == "r"
    assert not home.exists()
