"""Lines of JSON: whatever an event holds is read back, and whatever bytes there are, reading goes on."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from agentgauge.sessions import EventType, MetricsEvent, TokenUsage
from agentgauge.sessions.lines import Corrupted, line_of, read_lines
from tests.sessions.making import LINES

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_counts = st.integers(0, 2**53)
_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def _usages(draw: st.DrawFn) -> TokenUsage:
    total, output = draw(_counts), draw(_counts)
    read = draw(st.integers(0, total))
    return TokenUsage(
        input_tokens=total,
        output_tokens=output,
        cost_usd=draw(st.none() | st.floats(0, 1e6)),
        cache_read_tokens=read,
        cache_write_5m_tokens=draw(st.integers(0, total - read)),
        reasoning_tokens=draw(st.integers(0, output)),
    )


_events = st.builds(
    MetricsEvent,
    event_type=st.sampled_from(EventType),
    timestamp=st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC) | st.none()),  # noqa: DTZ001
    agent_role=_texts,
    operation=_texts,
    usage=_usages(),
    model=_texts,
    provider=_texts,
    duration_ms=_counts,
    session_id=st.none() | _texts,
    ticket_id=st.none() | _texts,
    metadata=st.dictionaries(_texts, _values, max_size=4),
    user=st.none() | _texts,
    outcome=st.sampled_from([None, "success", "timeout"]),
)


def _read(content: bytes) -> tuple[list[MetricsEvent], Corrupted]:
    corrupted = Corrupted()
    return list(read_lines(io.BytesIO(content), len(content), corrupted)), corrupted


@given(st.lists(_events, max_size=4))
def test_an_event_is_read_back_as_it_was(events: list[MetricsEvent]) -> None:
    content = b"".join(line_of(event) for event in events)
    read, corrupted = _read(content)
    assert (read, corrupted.count) == (events, 0)
    assert b"".join(line_of(event) for event in read) == content


@given(
    st.binary(max_size=300)
    | st.text(max_size=100).map(lambda text: f'{LINES[0][:-2]}"{text}"'.encode("utf-8", "replace"))
)
def test_bytes_of_any_kind_cost_no_other_line(junk: bytes) -> None:
    read, corrupted = _read(f"{LINES[0]}\n".encode() + junk + f"\n{LINES[1]}\n".encode())
    assert [read[0].agent_role, read[-1].agent_role] == ["interview", "review"]
    lines = [line for line in junk.split(b"\n") if line.strip()]
    assert len(read) - 2 + corrupted.count == len(lines)


def test_nothing_is_read_beyond_the_end_that_was_given() -> None:
    content = f"{LINES[0]}\n{LINES[1]}\n".encode()
    corrupted = Corrupted()
    (read,) = read_lines(io.BytesIO(content), content.index(b"\n") + 1, corrupted)
    assert (read.agent_role, corrupted.count) == ("interview", 0)
