"""Files: which are found, how they may be encoded, what is broken, what is another kind of file, what is not over."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.errors import ImportFormatError
from agentgauge.events.codec import encode_event
from agentgauge.events.validation import check
from agentgauge.integrations.agent_logs import Source, expand, read
from tests.integrations.logs import (
    EXCERPTS,
    LONG_AFTER,
    START,
    answer,
    codex,
    events,
    log,
    of_kind,
    prompt,
    result,
    tool,
)

DAMAGED: list[tuple[Source, str]] = [
    ("claude-code", "daaain_representative_messages.jsonl"),
    ("claude-code", "claude_code_action_sample-turns.json"),
    ("codex", "ccusage_codex_alpha.jsonl"),
]
SHRAPNEL = [b"", b"null", b"-1", b"1e999", b"9" * 30, b'"', b"{", b"]", b"\n", b"\\ud800", b"\xff", b"true", b"[[]]"]
SETTLED = START + timedelta(minutes=11)


def test_folders_are_searched_for_logs_and_each_file_is_taken_once(tmp_path: Path) -> None:
    session = log(tmp_path, [], "a/session.jsonl")
    agent = log(tmp_path, [], "a/session/subagents/agent-1.jsonl")
    printed = log(tmp_path, [], "b/run.json")
    log(tmp_path, [], "a/session/subagents/agent-1.meta.json")
    log(tmp_path, [], "a/notes.txt")
    assert expand([tmp_path, session, tmp_path / "a" / "*.jsonl"]) == sorted([session, agent, printed])


def test_a_home_directory_and_a_recursive_pattern_are_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = log(tmp_path, [], ".codex/sessions/2026/03/05/rollout-1.jsonl")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expand(["~/.codex/sessions/**/*.jsonl"]) == [session]


def test_a_path_that_names_nothing_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ImportFormatError, match=r"nowhere: no such file or folder"):
        expand([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    ("source", "excerpt", "described"),
    [
        ("codex", "daaain_representative_messages.jsonl", "a log of claude-code"),
        ("pi", "ccusage_codex_alpha.jsonl", "a log of codex"),
        ("claude-code", "ccusage_codex_alpha.jsonl", "a log of codex"),
        ("pi", "SOURCES.md", "something that is not JSON lines"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_it_looks_like(
    source: Source, excerpt: str, described: str
) -> None:
    with pytest.raises(ImportFormatError, match=described):
        read(source, EXCERPTS / excerpt, now=LONG_AFTER)


def test_utf16_and_other_json_are_named_as_such(tmp_path: Path) -> None:
    wide = tmp_path / "wide.jsonl"
    wide.write_text('{"type": "user"}\n', encoding="utf-16")
    with pytest.raises(ImportFormatError, match="UTF-16"):
        read("claude-code", wide, now=LONG_AFTER)
    with pytest.raises(ImportFormatError, match="JSON with keys price, product"):
        read("pi", log(tmp_path, [{"product": "tea", "price": 3}]), now=LONG_AFTER)


def test_an_empty_file_has_no_events(tmp_path: Path) -> None:
    assert read("codex", log(tmp_path, []), now=LONG_AFTER).events == ()


def test_byte_order_mark_windows_lines_and_blank_lines_change_nothing(tmp_path: Path) -> None:
    lines = [prompt(0, "u1"), answer(2, "m1"), prompt(3, "u2")]
    plain = log(tmp_path, lines, "plain.jsonl")
    windows = tmp_path / "windows.jsonl"
    windows.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert read("claude-code", windows, now=LONG_AFTER).events == read("claude-code", plain, now=LONG_AFTER).events


def test_a_line_of_many_megabytes_is_read_and_its_text_not_kept(tmp_path: Path) -> None:
    long = answer(2, "m1", {"type": "text", "text": "x" * 8_000_000})
    (call,) = events("claude-code", log(tmp_path, [prompt(0, "u1"), long]), "llm_call")
    assert call.output_tokens == 5


def test_broken_lines_are_named_with_their_place_and_never_their_text(tmp_path: Path) -> None:
    bad = answer(2, "m1", usage={"input_tokens": -1, "output_tokens": 1})
    path = log(tmp_path, [prompt(0, "u1"), '{"secret', bad, answer(3, "m2")])
    reading = read("claude-code", path, now=LONG_AFTER)
    assert [line.line_number for line in reading.broken] == [2, 3]
    first, second = reading.broken
    assert path.read_bytes()[first.byte_offset :].startswith(b'{"secret')
    assert second.reason == "Expected `int` >= 0 - at `$.usage.input_tokens`"
    assert first.file == path
    assert "secret" not in first.reason
    assert len(of_kind(reading, "llm_call")) == 1


def test_each_broken_line_is_counted_also_where_the_same_bytes_were_broken_before(tmp_path: Path) -> None:
    bad = answer(2, "m1", usage={"input_tokens": -1, "output_tokens": 1})
    good = answer(3, "m2")
    path = log(tmp_path, ['{"torn', prompt(0, "u1"), bad, '{"torn', good, good, bad])
    reading = read("claude-code", path, now=LONG_AFTER)
    assert [line.line_number for line in reading.broken] == [1, 3, 4, 7]
    assert reading.lines == 7
    assert len(of_kind(reading, "llm_call")) == 1


def test_entries_of_types_not_known_here_are_passed_over(tmp_path: Path) -> None:
    lines = [
        {"type": "file-history-snapshot", "messageId": "x", "snapshot": {}},
        {"type": "a-type-of-next-year", "message": 42},
        prompt(0, "u1"),
        answer(1, "m1"),
    ]
    reading = read("claude-code", log(tmp_path, lines), now=LONG_AFTER)
    assert not reading.broken
    assert len(of_kind(reading, "llm_call")) == 1


def test_nesting_without_end_and_impossible_times_break_their_line_only(tmp_path: Path) -> None:
    lines = [
        prompt(0, "u1"),
        '{"type": "user", "message": ' + "[" * 100_000 + "]" * 100_000 + "}",
        {**answer(1, "m1"), "timestamp": "0001-01-01T00:00:00+14:00"},
        {**answer(1, "m1"), "timestamp": "yesterday"},
        {"type": ["user"]},
        answer(2, "m1"),
    ]
    reading = read("claude-code", log(tmp_path, lines), now=LONG_AFTER)
    assert [line.line_number for line in reading.broken] == [2, 3, 4, 5]
    assert len(of_kind(reading, "llm_call")) == 1


@given(data=st.data())
def test_damage_of_any_kind_breaks_lines_and_nothing_else(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Bytes cut out, put in or exchanged: the rest is read, and every event keeps the rules of its kind."""
    source, name = data.draw(st.sampled_from(DAMAGED))
    content = bytearray((EXCERPTS / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(content) - 1))
        cut = data.draw(st.integers(0, 40))
        content[start : start + cut] = data.draw(st.sampled_from(SHRAPNEL) | st.binary(max_size=8))
    path = tmp_path_factory.mktemp("logs") / name
    path.write_bytes(content)
    try:
        reading = read(source, path, now=LONG_AFTER)
    except ImportFormatError:
        return  # nothing of the log is left to recognise
    for event in reading.events:
        check(event)
        assert encode_event(event, "segment", 1)


def test_elements_of_an_array_are_placed_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "printed.json"
    path.write_text('[\n  {"type": "system",\n   "session_id": "s"},\n  42\n]\n')
    (broken,) = read("claude-code", path, now=LONG_AFTER).broken
    assert (broken.line_number, path.read_bytes()[broken.byte_offset :][:2]) == (4, b"42")


def running() -> list[dict[str, object]]:
    return [
        prompt(0, "u1"),
        answer(2, "m1", stop="end_turn"),
        prompt(10, "u2"),
        answer(12, "m2", tool("Bash", "t1"), stop="tool_use"),
        result(15, "t1"),
        answer(18, "m3", tool("Bash", "t2"), stop=None, usage={"input_tokens": 10, "output_tokens": 1}),
    ]


def test_a_running_session_keeps_back_what_may_still_change(tmp_path: Path) -> None:
    reading = read("claude-code", log(tmp_path, running()), now=START + timedelta(minutes=1))
    assert reading.unsettled == 3  # the second turn, the call without stop reason, the tool without result
    assert [task.outcome for task in of_kind(reading, "task")] == ["success"]
    assert len(of_kind(reading, "llm_call")) == 2
    assert len(of_kind(reading, "tool_call")) == 1


def test_a_later_import_of_a_running_session_adds_what_was_kept_back(tmp_path: Path) -> None:
    early = read("claude-code", log(tmp_path, running()), now=START + timedelta(minutes=1))
    finished = [
        *running(),
        answer(19, "m3", tool("Bash", "t2"), stop="tool_use", usage={"input_tokens": 10, "output_tokens": 90}),
        result(20, "t2"),
        answer(25, "m4"),
    ]
    late = read("claude-code", log(tmp_path, finished), now=SETTLED)
    by_id = {event.source_id: event for event in late.events}
    # Nothing that was imported early has changed; `arrived` is the import's own time.
    for event in early.events:
        assert by_id[event.source_id].time == event.time
        assert by_id[event.source_id].usage == event.usage
        assert by_id[event.source_id].outcome == event.outcome
    assert late.unsettled == 0
    assert [task.outcome for task in of_kind(late, "task")] == ["success", "success"]


def test_a_silent_session_is_taken_as_it_is(tmp_path: Path) -> None:
    reading = read("claude-code", log(tmp_path, running()), now=SETTLED)
    assert reading.unsettled == 0
    assert [task.outcome for task in of_kind(reading, "task")] == ["success", "interrupted"]


def test_a_turn_that_the_log_ends_is_settled_at_once(tmp_path: Path) -> None:
    lines = [
        codex(0, "session_meta", id="0199aaaa-session-one"),
        codex(1, "event_msg", kind="task_started", turn_id="t1"),
        codex(4, "event_msg", kind="task_complete", turn_id="t1"),
    ]
    reading = read("codex", log(tmp_path, lines), now=START + timedelta(seconds=5))
    assert reading.unsettled == 0
    assert len(of_kind(reading, "task")) == 1


def test_a_last_line_that_is_being_written_is_not_broken(tmp_path: Path) -> None:
    path = log(tmp_path, [prompt(0, "u1"), answer(2, "m1")])
    with path.open("a") as stream:
        stream.write('{"type": "assist')
    young, old = (read("claude-code", path, now=now) for now in (START + timedelta(minutes=1), SETTLED))
    assert (len(young.broken), young.unsettled) == (0, 2)
    assert (len(old.broken), old.unsettled) == (1, 0)
