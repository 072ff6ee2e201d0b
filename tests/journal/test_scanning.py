"""A scan hands out every whole record and no other, and says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentgauge.journal import layout
from agentgauge.journal.layout import BLOCK, LossLine
from agentgauge.journal.scanner import Scan, scan
from tests.journal.records import header, line

LINES = [line(i, "x" * (i % 3)) for i in range(6)]


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    return tmp_path / "host-1-abc-000000.seg"


def whole(found: Scan) -> list[bytes]:
    return found.lines.splitlines(keepends=True)


@pytest.mark.parametrize("dead", [True, False])
def test_whole_lines_come_back_without_header_and_losses(segment: Path, dead: bool) -> None:
    loss = layout.loss_line(LossLine("negative tokens", 3, 17, "input_tokens is -1"))
    data = header() + LINES[0] + LINES[1] + loss + LINES[2]
    found = scan(written(segment, data), dead=dead)
    assert whole(found) == LINES[:3]
    assert (found.records, found.start, found.end, found.newest_schema) == (3, 0, len(data), 1)
    (told,) = found.losses
    assert (told.reason, told.count, told.time, told.file) == ("negative tokens", 3, 17, segment.name)
    assert data[told.offset :].startswith(loss)


def test_a_segment_cut_at_any_byte_keeps_every_record_before_the_cut(segment: Path) -> None:
    data = header() + b"".join(LINES)
    ends = [data.index(text) + len(text) for text in LINES]
    for cut in range(len(data) + 1):
        found = scan(written(segment, data[:cut] + bytes(64)), dead=True)
        kept = sum(end <= cut for end in ends)
        assert whole(found) == LINES[:kept]
        assert found.end == cut + 64
        inside = cut not in (0, len(header()), *ends)
        assert [(loss.reason, loss.count) for loss in found.losses] == [("torn record", 1)] * inside


def test_a_live_segment_cut_at_any_byte_is_covered_up_to_its_last_whole_line(segment: Path) -> None:
    data = header() + b"".join(LINES)
    for cut in range(len(header()), len(data) + 1):
        found = scan(written(segment, data[:cut] + bytes(64)), dead=False)
        assert found.losses == ()
        assert data[: found.end] == header() + found.lines
        rest = scan(written(segment, data + bytes(64)), found.end, dead=False)
        assert whole(found) + whole(rest) == LINES


@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_costs_at_most_the_record_it_is_in(segment: Path, bit: int) -> None:
    lines = LINES[:3]
    data = header() + b"".join(lines)
    first = len(header())
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << bit
        found = scan(written(segment, bytes(damaged)), dead=True)
        kept = whole(found)
        assert all(text in lines for text in kept)
        hit = sum(data.index(text) + len(text) <= at for text in lines) if at >= first else None
        assert kept == [text for i, text in enumerate(lines) if i != hit]
        assert sum(loss.count for loss in found.losses) == 1


def test_damage_in_front_of_whole_lines_is_reported_in_a_live_segment_too(segment: Path) -> None:
    damaged = bytearray(LINES[1])
    damaged[20] ^= 1
    found = scan(written(segment, header() + LINES[0] + bytes(damaged) + LINES[2] + bytes(100)), dead=False)
    assert whole(found) == [LINES[0], LINES[2]]
    (loss,) = found.losses
    assert (loss.reason, loss.offset) == ("corrupt record", len(header() + LINES[0]))


def test_a_hole_of_nuls_costs_only_what_was_in_it(segment: Path) -> None:
    data = bytearray(header() + b"".join(LINES))
    start = data.index(LINES[2]) + 10
    end = data.index(LINES[4]) - 5
    data[start:end] = bytes(end - start)
    found = scan(written(segment, bytes(data)), dead=True)
    assert whole(found) == [*LINES[:2], *LINES[4:]]
    assert [(loss.reason, loss.count) for loss in found.losses] == [("torn record", 1)]
    assert found.losses[0].offset == len(header() + LINES[0] + LINES[1])


@pytest.mark.parametrize("dead", [True, False])
def test_lines_of_a_newer_schema_end_the_range_in_front_of_them(segment: Path, dead: bool) -> None:
    newer = layout.frame(b'{"v":2,"s":"abc-000000","n":9,"shape":{}')
    data = header() + LINES[0] + newer + LINES[1]
    found = scan(written(segment, data), dead=dead)
    assert whole(found) == LINES[:1]
    assert (found.end, found.newest_schema) == (len(header() + LINES[0]), 2)
    again = scan(segment, found.end, dead=dead)
    assert (again.records, again.end, again.newest_schema) == (0, found.end, 2)


def test_a_newer_schema_behind_damage_is_not_passed_over(segment: Path) -> None:
    newer = layout.frame(b'{"v":12,"s":"abc-000000","n":9')
    found = scan(written(segment, header() + b"garbage\n" + LINES[0] + newer + LINES[1]), dead=True)
    assert (whole(found), found.newest_schema) == (LINES[:1], 12)
    assert found.end == segment.read_bytes().index(newer)


@pytest.mark.parametrize("dead", [True, False])
@pytest.mark.parametrize("limit", [1, 50, 90, 200, 10_000])
def test_ranges_of_any_limit_join_to_the_whole(segment: Path, dead: bool, limit: int) -> None:
    data = header() + b"".join(LINES)
    written(segment, data)
    position, kept = 0, b""
    while position < len(data):
        found = scan(segment, position, dead=dead, limit_bytes=limit)
        assert found.start == position < found.end
        position, kept = found.end, kept + found.lines
    assert kept == b"".join(LINES)


def test_a_range_read_again_with_its_own_length_is_the_same(segment: Path) -> None:
    written(segment, header() + b"".join(LINES) + bytes(500))
    first = scan(segment, 0, dead=False)
    with segment.open("r+b") as file:
        file.seek(first.end)
        file.write(line(99))
    assert scan(segment, 0, dead=False, limit_bytes=first.end) == first


def test_the_reserve_of_a_dead_segment_is_read_and_that_of_a_live_one_is_not(segment: Path) -> None:
    size = 3 * BLOCK
    loss = layout.loss_line(LossLine("disk full", 8, 17))
    body = header(size) + LINES[0]
    data = body + bytes(size - BLOCK - len(body)) + loss + bytes(BLOCK - len(loss))
    live = scan(written(segment, data), dead=False)
    assert (whole(live), live.losses, live.end) == (LINES[:1], (), len(body))
    dead = scan(segment, dead=True)
    assert (whole(dead), dead.end) == (LINES[:1], size)
    assert [(found.reason, found.count, found.offset) for found in dead.losses] == [("disk full", 8, size - BLOCK)]
    rest = scan(segment, live.end, dead=True)
    assert (rest.records, rest.losses, rest.end) == (0, dead.losses, size)


@pytest.mark.parametrize("dead", [True, False])
@pytest.mark.parametrize("data", [b"", bytes(100), header(), header() + bytes(3)])
def test_an_empty_segment_is_no_loss(segment: Path, data: bytes, dead: bool) -> None:
    found = scan(written(segment, data), dead=dead)
    assert (found.lines, found.records, found.losses) == (b"", 0, ())


def test_a_record_inside_a_records_attributes_is_not_taken_for_one(segment: Path) -> None:
    inner = LINES[0][:-1]
    nested = layout.frame(b'{"v":1,"s":"abc-000000","n":1,"attributes":{"a":' + inner + b"}")
    damaged = bytearray(nested)
    damaged[30] ^= 1
    found = scan(written(segment, header() + bytes(damaged) + LINES[1]), dead=True)
    assert whole(found) == LINES[1:2]
