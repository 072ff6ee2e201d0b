"""Identity: the same log gives the same ids, however often its lines are repeated and wherever it lies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.integrations.agent_logs import Source, read
from tests.integrations.logs import DEMO, EXCERPTS, LONG_AFTER

LOGS: list[tuple[Source, Path, int]] = [
    ("pi", DEMO, 40),
    ("claude-code", EXCERPTS / "ccusage_claude_alpha.jsonl", 3),
    ("claude-code", EXCERPTS / "daaain_representative_messages.jsonl", 12),
    ("claude-code", EXCERPTS / "daaain_edge_cases.jsonl", 10),
    ("codex", EXCERPTS / "ccusage_codex_alpha.jsonl", 3),
]


def identities(source: Source, path: Path) -> list[str | None]:
    return [event.source_id for event in read(source, path, now=LONG_AFTER).events]


@pytest.mark.parametrize(("source", "path", "_"), LOGS, ids=[path.name for _, path, _ in LOGS])
def test_another_path_gives_the_same_ids_and_no_id_twice(source: Source, path: Path, _: int, tmp_path: Path) -> None:
    copy = Path(shutil.copy(path, tmp_path / "elsewhere.jsonl"))
    own = identities(source, path)
    assert own == identities(source, copy)
    assert len(own) == len(set(own))
    assert None not in own


@given(data=st.data())
def test_repeated_lines_add_no_event_and_change_no_usage(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source, path, kept = data.draw(st.sampled_from(LOGS))
    lines = path.read_bytes().splitlines(keepends=True)[:kept]
    repeats = data.draw(st.lists(st.tuples(st.integers(0, kept - 1), st.integers(0, kept)), max_size=8))
    repeated = list(lines)
    for after, of in sorted(((max(pair), pair[0]) for pair in repeats), reverse=True):
        repeated.insert(after + 1, lines[of])
    folder = tmp_path_factory.mktemp("logs")
    plain, doubled = folder / "plain.jsonl", folder / "doubled.jsonl"
    plain.write_bytes(b"".join(lines))
    doubled.write_bytes(b"".join(repeated) * data.draw(st.integers(1, 3)))
    assert read(source, doubled, now=LONG_AFTER).events == read(source, plain, now=LONG_AFTER).events


def test_sessions_with_the_same_numbers_have_different_ids() -> None:
    readings = [
        set(identities("claude-code", EXCERPTS / name))
        for name in ("daaain_representative_messages.jsonl", "daaain_edge_cases.jsonl", "ccusage_claude_alpha.jsonl")
    ]
    assert len(set.union(*readings)) == sum(map(len, readings))
