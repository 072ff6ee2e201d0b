"""Replicas of journals: each line lands once, whatever is sent again, cut short, dropped or restarted."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgauge.errors import BodyRefused, RangeConflict, RangeRefused, ServerBusy
from agentgauge.journal import layout
from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.ends import SegmentEnds
from agentgauge.journal.scanner import is_dead
from agentgauge.lake import Lake
from agentgauge.service.backup import back_up, restore
from agentgauge.service.ingest.replicas import MARKS_KEPT_S, Replicas
from agentgauge.service.security.principal import LOCAL, Principal
from agentgauge.settings import resolve_home
from agentgauge.settings.server import get_server_settings
from tests.service.ingest.places import (
    BANK,
    BOOK,
    SHOP,
    SHOP_AND_BANK,
    Agent,
    compact,
    losses,
    names,
    rows,
    settings_of,
)


class Link:
    """One agent and the server that it sends to; every put is of a server that has just been started."""

    def __init__(self, folder: Path, principal: Principal = LOCAL, **scope: str) -> None:
        self.home = folder / "server"
        self.agent = Agent(folder / "agent", **scope)
        self.principal = principal

    def put(self, offset: int, data: bytes, *, closed: bool = False, principal: Principal | None = None) -> int:
        header, sender = self.agent.header, principal or self.principal
        replicas = Replicas(settings_of(self.home))
        return replicas.put(sender, header.journal, header.segment, offset, data, closed=closed).end

    @property
    def end(self) -> int:
        header = self.agent.header
        return Replicas(settings_of(self.home)).mark(self.principal, header.journal, header.segment).end

    def segments(self) -> list[Path]:
        return sorted((self.home / "journal").glob("*.seg"))


@pytest.fixture
def link(tmp_path: Path) -> Link:
    return Link(tmp_path)


def test_lines_keep_their_identity_and_land_once(link: Link) -> None:
    data = link.agent.record("a", "b")
    assert link.put(0, data) == len(data) == link.end
    there = rows(link.home, "name, segment, n")
    assert [name for name, _, _ in there] == ["a", "b"]
    assert {segment for _, segment, _ in there} == {link.agent.header.segment}
    compact(link.home)
    more = link.agent.record("c")
    link.put(len(data), more[len(data) :], closed=True)
    compact(link.home)
    assert names(link.home) == ["a", "b", "c"]
    assert losses(link.home) == []


def test_a_replica_has_the_bytes_of_its_source_at_the_same_offsets(link: Link) -> None:
    data = link.agent.record("a", "b", "c")
    cut = data.index(b"\n", len(data) // 2) + 1
    link.put(0, data[:cut])
    link.put(cut, data[cut:])
    (replica,) = link.segments()
    assert replica.read_bytes() == data


def test_what_is_sent_again_changes_nothing_and_may_go_on_beyond(link: Link) -> None:
    data = link.agent.record("a")
    link.put(0, data)
    assert link.put(0, data) == len(data)
    more = link.agent.record("b")
    assert link.put(0, more) == len(more)
    assert names(link.home) == ["a", "b"]


def test_a_gap_and_other_bytes_are_refused_with_where_to_go_on(link: Link) -> None:
    data = link.agent.record("a")
    link.put(0, data)
    for offset, sent in ((len(data) + 1, b""), (0, data.replace(b"a", b"b"))):
        with pytest.raises(RangeConflict) as refused:
            link.put(offset, sent)
        assert refused.value.end == len(data)
    assert names(link.home) == ["a"]


def test_a_replica_is_alive_until_it_is_closed_although_nobody_holds_it(link: Link) -> None:
    data = link.agent.record("a")
    link.put(0, data)
    (replica,) = link.segments()
    assert not is_dead(replica)
    compact(link.home)
    assert link.segments() == [replica]
    link.put(len(data), b"", closed=True)
    assert is_dead(replica)


def test_how_far_a_segment_was_taken_is_known_after_it_has_landed_and_was_dropped(link: Link) -> None:
    data = link.agent.record("a", "b")
    link.put(0, data, closed=True)
    compact(link.home)
    assert link.segments() == []
    assert link.end == len(data)
    assert link.put(0, data, closed=True) == len(data)
    assert link.segments() == []
    with pytest.raises(RangeConflict, match="closed"):
        link.put(len(data), link.agent.record("c")[len(data) :])
    assert names(link.home) == ["a", "b"]


def test_a_segment_is_not_closed_short_of_what_is_here(link: Link) -> None:
    data = link.agent.record("a", "b")
    link.put(0, data)
    cut = data.rindex(b"\n", 0, -1) + 1
    with pytest.raises(RangeConflict):
        link.put(0, data[:cut], closed=True)


def test_bytes_that_a_crash_left_behind_the_mark_are_there_for_nobody_and_written_again(link: Link) -> None:
    data = link.agent.record("a")
    link.put(0, data)
    more = link.agent.record("b", "c")
    (replica,) = link.segments()
    with replica.open("ab") as file:  # as a write cut short, whose blocks were kept in another order
        file.write(bytes(len(more) - len(data) - 40) + more[-40:])
    assert names(link.home) == ["a"]
    compact(link.home)
    assert link.end == len(data)
    link.put(len(data), more[len(data) :], closed=True)
    compact(link.home)
    assert names(link.home) == ["a", "b", "c"]
    assert losses(link.home) == []


def test_the_version_of_the_data_changes_with_what_readers_may_see(link: Link) -> None:
    data = link.agent.record("a")
    link.put(0, data)
    ends = SegmentEnds(JournalDirectory(link.home))
    (replica,) = link.segments()
    with replica.open("ab") as file:
        file.write(data)
    assert ends.look(dict) == {replica.name: len(data)}
    more = link.agent.record("b")
    link.put(0, more)
    assert ends.look(dict) == {replica.name: len(more)}


def test_forgotten_events_do_not_come_back_by_being_sent_again(link: Link) -> None:
    link.agent.gauge.task("a", user="kim")
    data = link.agent.record("b")
    link.put(0, data)
    compact(link.home)
    Lake(settings_of(link.home).home, BOOK).forget(user="kim")
    assert link.put(0, data) == len(data)
    more = link.agent.record("c")
    link.put(0, more, closed=True)
    compact(link.home)
    assert names(link.home) == ["b", "c"]


def test_a_restored_server_goes_on_where_the_backup_stopped(link: Link, tmp_path: Path) -> None:
    data = link.agent.record("a", "b")
    link.put(0, data)
    compact(link.home)
    back_up(get_server_settings(link.home, {}), tmp_path / "kept")
    more = link.agent.record("c")
    link.put(len(data), more[len(data) :])
    restore(tmp_path / "kept", resolve_home(tmp_path / "again"))
    link.home = tmp_path / "again"
    assert names(link.home) == ["a", "b"]
    with pytest.raises(RangeConflict) as refused:
        link.put(len(more), b"")
    assert refused.value.end == len(data)
    link.put(len(data), more[len(data) :], closed=True)
    compact(link.home)
    assert link.put(0, more, closed=True) == len(more)
    assert (names(link.home), losses(link.home)) == (["a", "b", "c"], [])


def test_events_without_a_project_have_the_senders_and_ids_are_its_own(tmp_path: Path) -> None:
    shop, bank = Link(tmp_path / "1", SHOP), Link(tmp_path / "2", BANK)
    bank.home = shop.home
    for link, name in ((shop, "a"), (bank, "b")):
        link.agent.gauge.task(name, source_id="1", attributes={"project": "none", "source_id": "2"})
        link.put(0, link.agent.record())
    compact(shop.home)
    expected = [("a", "shop", "shop/1", "2"), ("b", "bank", "bank/1", "2")]
    assert rows(shop.home, "name, project, source_id, attributes->>'source_id'") == expected


def test_no_sender_writes_to_or_learns_of_a_journal_of_other_projects(tmp_path: Path) -> None:
    link = Link(tmp_path, SHOP)
    data = link.agent.record("a")
    link.put(0, data)
    header = link.agent.header
    assert Replicas(settings_of(link.home)).mark(BANK, header.journal, header.segment).end == 0


def test_a_key_that_takes_anothers_place_goes_on_where_that_one_stopped(tmp_path: Path) -> None:
    link = Link(tmp_path, SHOP)
    data = link.agent.record("a")
    link.put(0, data)
    newer = Principal("key newer", SHOP.scopes, SHOP.projects)
    assert link.put(0, data, principal=newer) == len(data)
    assert names(link.home) == ["a"]


def test_a_line_of_another_project_is_refused_with_its_bytes_and_the_rest_taken_once_they_are_blanked(
    tmp_path: Path,
) -> None:
    link = Link(tmp_path, SHOP)
    begun = link.agent.record("a")
    link.agent.gauge.task("b", project="bank")
    refusing = link.agent.record()
    data = link.agent.record("c")
    with pytest.raises(RangeRefused, match="foreign project") as refused:
        link.put(0, data)
    start, end = refused.value.start, refused.value.end
    assert (start, end) == (len(begun), len(refusing))
    link.put(0, data[:start] + bytes(end - start) + data[end:], closed=True)
    assert names(link.home) == ["a", "c"]
    assert losses(link.home) == [("torn record", 1)]


def test_a_sender_of_several_projects_has_to_have_named_one(tmp_path: Path) -> None:
    link = Link(tmp_path, SHOP_AND_BANK)
    with pytest.raises(RangeRefused, match="missing project"):
        link.put(0, link.agent.record("a"))


def _framed(**members: object) -> bytes:
    return layout.frame(json.dumps({"v": 1, **members}, separators=(",", ":")).encode()[:-1])


_TASK = {"s": "5be0ad1c9f27-000000", "n": 1, "time": 1_700_000_000_000_000, "kind": "task", "name": "x"}
_FORGED = {
    "no frame": b"{}\n",
    "no newline": _framed(**_TASK)[:-1],
    "wrong checksum": _framed(**_TASK).replace(b"task", b"tusk"),
    "a rule broken": _framed(**{**_TASK, "kind": "nothing"}),
    "a name twice": layout.frame(
        b'{"v":1,"kind":"task","name":"x","name":"y","s":"5be0ad1c9f27-000000","n":1,"time":1'
    ),
    "a number too large": _framed(**{**_TASK, "n": 1 << 70}),
    "no calendar's time": _framed(**{**_TASK, "time": 1 << 62}),
    "no identity": _framed(**{**_TASK, "s": None}),
    "a return inside": layout.frame(b'{"v":1,\r"loss":"x","count":1,"time":1'),
    "a newer version": layout.frame(b'{"v":2,"x":1'),
    "another header": layout.frame(b'{"v":1,"header":{}'),
    "a loss of nothing": _framed(loss="x", count=-1, time=1),
    "too long": _framed(**{**_TASK, "attributes": {"x": "y" * (1 << 20)}}),
    "nested too deep": layout.frame(
        _framed(**_TASK)[: -layout.TRAILER_BYTES] + b',"attributes":' + b'{"a":' * 500 + b"1" + b"}" * 500
    ),
}


@pytest.mark.parametrize("line", _FORGED.values(), ids=_FORGED.keys())
def test_what_readers_would_stumble_over_is_refused(link: Link, line: bytes) -> None:
    data = link.agent.record("a")
    with pytest.raises(RangeRefused) as refused:
        link.put(0, data + line)
    assert refused.value.start == len(data)
    assert link.end == 0
    link.put(0, data)
    assert names(link.home) == ["a"]


def test_a_segment_begins_with_its_own_header(link: Link) -> None:
    data = link.agent.record("a")
    header = link.agent.header
    line = layout.header_line(header)
    other = layout.header_line(layout.Header(**{**_members(header), "journal": "0" * 32}))
    tiny = layout.header_line(layout.Header(**{**_members(header), "size": 100}))
    for sent in (data[len(line) :], other, tiny, bytes(10) + data):
        with pytest.raises(RangeRefused):
            link.put(0, sent)


def _members(header: layout.Header) -> dict[str, object]:
    return {name: getattr(header, name) for name in header.__struct_fields__}


def test_a_segment_or_journal_of_an_impossible_name_is_refused(link: Link) -> None:
    replicas = Replicas(settings_of(link.home))
    for journal, segment in (("../..", "5be0ad1c9f27-000000"), ("0" * 32, "..")):
        with pytest.raises(BodyRefused):
            replicas.put(LOCAL, journal, segment, 0, b"")


def test_a_full_journal_takes_no_more_and_says_when_to_come_back(link: Link) -> None:
    data = link.agent.record("a")
    header = link.agent.header
    full = Replicas(msgspec.structs.replace(settings_of(link.home), journal_max_bytes=len(data) - 1))
    with pytest.raises(ServerBusy, match="journal full"):
        full.put(LOCAL, header.journal, header.segment, 0, data)
    assert link.end == 0


def test_marks_of_what_landed_long_ago_are_removed(link: Link) -> None:
    data = link.agent.record("a")
    link.put(0, data, closed=True)
    compact(link.home)
    header = link.agent.header
    (mark,) = (link.home / "replicas").glob("*.mark")
    later = Replicas(settings_of(link.home), clock=lambda: mark.stat().st_mtime + MARKS_KEPT_S + 1)
    newer = layout.header_line(layout.Header(**{**_members(header), "segment": f"{header.segment[:-1]}9"}))
    later.put(LOCAL, header.journal, f"{header.segment[:-1]}9", 0, newer, closed=True)
    assert not mark.exists()


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 13)), max_size=6))
def test_any_cutting_and_repeating_lands_each_line_once(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, int]]
) -> None:
    link = Link(tmp_path_factory.mktemp("link"))
    expected = [f"{number:02}" for number in range(12)]
    whole = link.agent.record(*expected)
    ends = [0, *(at + 1 for at in range(len(whole)) if whole[at : at + 1] == b"\n")]
    for first, lines in parts:
        start, end = ends[first], ends[min(first + lines, 13)]
        known = link.end
        if start <= known:
            assert link.put(start, whole[start:end]) == max(known, end)
        else:
            with pytest.raises(RangeConflict):
                link.put(start, whole[start:end])
    link.put(link.end, whole[link.end :], closed=True)
    assert names(link.home) == expected
