"""One CSV file: rows once, columns that grow, ends that were cut, writers in turn."""

from __future__ import annotations

import csv
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgauge.errors import RunFilesError
from agentgauge.runs import csv_file
from agentgauge.runs.csv_file import CsvFile, Row
from agentgauge.runs.csv_rows import content
from tests.components import require

KEY = ("run", "issue")
COLUMNS = (*KEY, "figure", "text")
HEADER = b"run,issue,figure,text\r\n"


def _file(place: Path, columns: tuple[str, ...] = COLUMNS) -> CsvFile:
    return CsvFile(place / "t.csv", columns, KEY)


def _put(file: CsvFile, issue: str, *figures: object, run: str = "r", **more: object) -> None:
    rows: list[Row] = [{"run": run, "issue": issue, "figure": figure, **more} for figure in figures]
    file.put(run, {(run, issue): rows})


def _rows(place: Path) -> list[dict[str, str]]:
    with (place / "t.csv").open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file, strict=True))


def _figures(place: Path) -> list[str]:
    return [row["figure"] for row in _rows(place)]


def test_a_file_begins_with_its_columns(tmp_path: Path) -> None:
    _file(tmp_path).put("r", {})
    assert (tmp_path / "t.csv").read_bytes() == HEADER


@pytest.mark.parametrize("same_object", [True, False])
def test_rows_put_again_are_there_once(tmp_path: Path, same_object: bool) -> None:
    file = _file(tmp_path)
    for _ in range(3):
        _put(file, "1", 10, 11, text="a,\r\nb")
        _put(file, "2", 20)
        file = file if same_object else _file(tmp_path)
    assert _figures(tmp_path) == ["10", "11", "20"]


@pytest.mark.parametrize("same_object", [True, False])
@pytest.mark.parametrize("now", [(12, 11), (10,), (10, 11, 13), ()])
def test_changed_figures_take_the_place_of_the_old(tmp_path: Path, same_object: bool, now: tuple[int, ...]) -> None:
    file = _file(tmp_path)
    _put(file, "0", 1)
    _put(file, "1", 10, 11)
    _put(file, "2", 20)
    file = file if same_object else _file(tmp_path)
    _put(file, "1", *now)
    assert _figures(tmp_path) == ["1", *map(str, now), "20"]
    _put(file, "3", 30)
    _put(file, "2", 21)
    assert _figures(tmp_path) == ["1", *map(str, now), "21", "30"]


def test_rows_of_several_objects_in_turn_are_seen_by_all(tmp_path: Path) -> None:
    one, two = _file(tmp_path), _file(tmp_path)
    for number in range(6):
        _put((one, two)[number % 2], str(number), number, run=f"r{number // 3}")
        _put((two, one)[number % 2], str(number), number, run=f"r{number // 3}")
    _put(one, "1", 9, run="r0")
    _put(two, "1", 9, run="r0")
    assert _figures(tmp_path) == ["0", "9", "2", "3", "4", "5"]


def test_more_runs_than_are_remembered_are_still_written_once(tmp_path: Path) -> None:
    file = _file(tmp_path)
    for _ in range(2):
        for number in range(12):
            _put(file, "1", number, run=f"r{number}")
    assert _figures(tmp_path) == [str(number) for number in range(12)]


def test_ids_that_contain_each_other_or_need_quotes_are_kept_apart(tmp_path: Path) -> None:
    ids = ["a", "aa", 'a"', 'a""', "a,a", "a\r\na", "=a", "ä", "run"]
    for _ in range(2):
        file = _file(tmp_path)
        for run in ids:
            for issue in ids:
                _put(file, issue, 1, run=run)
    assert len(_rows(tmp_path)) == len(ids) ** 2


_TEXT = st.text(st.sampled_from('a",\r\n=é'), max_size=4)


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from("pq"), st.sampled_from("123"), st.lists(_TEXT, max_size=3)),
        max_size=12,
    )
)
def test_whatever_is_put_by_whomever_the_file_has_what_was_put_last(
    puts: list[tuple[bool, str, str, list[str]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        one, other = _file(place), _file(place)
        expected: dict[tuple[str, str], list[str]] = {}
        for by_one, run, issue, texts in puts:
            rows: list[Row] = [{"run": run, "issue": issue, "text": text} for text in texts]
            (one if by_one else other).put(run, {(run, issue): rows})
            expected[run, issue] = [content(text).decode() for text in texts]
        found: dict[tuple[str, str], list[str]] = {key: [] for key in expected}
        for row in _rows(place) if puts else ():
            found[row["run"], row["issue"]].append(row["text"])
        assert found == expected


# Columns


def test_a_new_column_is_empty_in_older_rows(tmp_path: Path) -> None:
    _put(_file(tmp_path), "1", 10, text='q"\n')
    _put(_file(tmp_path, (*COLUMNS, "newer")), "2", 20, newer=5, ours="x")
    assert [(row["text"], row["newer"], row["ours"]) for row in _rows(tmp_path)] == [('q"\n', "", ""), ("", "5", "x")]
    _put(_file(tmp_path), "3", 30)
    assert [*_rows(tmp_path)[2]] == [*COLUMNS, "newer", "ours"]


def test_columns_of_somebody_else_keep_their_place_and_their_cells(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"note,issue,run,figure\nmine,1,r,10\nand mine,1,r,11\nfor 2,2,r,20\n")
    _put(_file(tmp_path), "1", 10, 12)
    _put(_file(tmp_path), "3", 30)
    rows = [(row["note"], row["figure"]) for row in _rows(tmp_path)]
    assert rows == [("mine", "10"), ("and mine", "12"), ("for 2", "20"), ("", "30")]
    assert [*_rows(tmp_path)[0]] == ["note", "issue", "run", "figure", "text"]


def test_a_row_that_differs_only_in_somebody_elses_column_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(b"run,issue,figure,text,note\r\nr,1,10,,checked\r\n")
    before = file.stat().st_ino
    _put(_file(tmp_path), "1", 10)
    assert file.stat().st_ino == before
    assert _rows(tmp_path)[0]["note"] == "checked"


def test_a_byte_order_mark_and_quotes_of_a_spreadsheet_are_no_difference(tmp_path: Path) -> None:
    whole = b'\xef\xbb\xbf"run","issue","figure","text"\r\n"r","1","10",""\r\n'
    (tmp_path / "t.csv").write_bytes(whole)
    file = _file(tmp_path)
    _put(file, "1", 10)
    assert (tmp_path / "t.csv").read_bytes() == whole
    _put(file, "1", 11)
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbfrun,")
    assert _figures(tmp_path) == ["11"]


def test_names_of_columns_that_a_spreadsheet_would_run_are_disarmed_once(tmp_path: Path) -> None:
    for number in range(2):
        for issue in "12":
            _put(_file(tmp_path), issue, number, **{"=cmd": 1, "a,b": 2, "\ud800": 3})
    assert [*_rows(tmp_path)[0]] == [*COLUMNS, "'=cmd", "a,b", "\\ud800"]


def test_a_header_that_names_a_column_twice_keeps_both(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"run,issue,note,note,figure,text\r\nr,1,a,b,10,\r\n")
    _put(_file(tmp_path), "2", 20)
    assert (tmp_path / "t.csv").read_bytes().splitlines() == [
        b"run,issue,note,note,figure,text", b"r,1,a,b,10,", b"r,2,,,20,"
    ]  # fmt: skip


def test_columns_end_somewhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = _file(tmp_path)
    for number in range(csv_file.MAX_COLUMNS + 20):
        _put(file, str(number), number, **{f"key-{number}": number})
    assert len(_rows(tmp_path)[0]) == csv_file.MAX_COLUMNS
    assert len(_rows(tmp_path)) == csv_file.MAX_COLUMNS + 20
    assert [record.message for record in caplog.records if "columns" in record.message][1:] == []
    before = (tmp_path / "t.csv").stat().st_ino
    _put(file, str(number), number, **{f"key-{number}": number})  # what has no column makes no difference
    assert (tmp_path / "t.csv").stat().st_ino == before


def test_a_file_that_is_no_table_of_these_columns_is_named_and_left_alone(tmp_path: Path) -> None:
    for other in (b"run;issue;figure\n", b"something else entirely\n"):
        (tmp_path / "t.csv").write_bytes(other)
        with pytest.raises(RunFilesError, match=r"t\.csv: its first line has no column"):
            _put(_file(tmp_path), "1", 10)
        assert (tmp_path / "t.csv").read_bytes() == other


# Cost


def _bytes_read() -> int:
    """By this process so far, from anything."""
    io = Path("/proc/self/io")
    require(io.exists(), "the system counts what a process reads")
    return int(re.findall(r"rchar: (\d+)", io.read_text())[0])


def test_an_export_reads_its_own_rows_however_long_the_file_is(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(HEADER + b"".join(b"old,%d,1,a text of some length\r\n" % row for row in range(50_000)))
    file = _file(tmp_path)
    _put(file, "1", 10)  # reads all: whether the run is there already
    before = _bytes_read()
    for number in range(2, 20):
        _put(file, str(number), number)
        _put(file, str(number), number)
    assert _bytes_read() - before < path.stat().st_size / 2
    assert len(_rows(tmp_path)) == 50_000 + 19


# Ends that were cut

ROWS = b'r,1,10,"a\r\nb ""c"""\r\nr,2,20,plain\r\n'


@pytest.mark.parametrize("same_object", [True, False])
def test_a_file_cut_at_any_byte_keeps_its_whole_rows_and_gets_the_rest_again(tmp_path: Path, same_object: bool) -> None:
    path = tmp_path / "t.csv"
    whole = HEADER + ROWS
    for length in range(len(whole)):
        path.unlink(missing_ok=True)
        file = _file(tmp_path)
        if same_object:
            path.write_bytes(whole)
            _put(file, "2", 20, text="plain")
        path.write_bytes(whole[:length])
        file = file if same_object else _file(tmp_path)
        _put(file, "3", 30)
        rows = [row for row in _rows(tmp_path) if row["figure"] != "30"]
        complete = whole[:length].count(b'"""\r\n') + whole[:length].count(b"plain\r\n")
        assert len(rows) >= complete, length
        _put(file, "1", 10, text='a\r\nb "c"')
        _put(file, "2", 20, text="plain")
        assert sorted(_figures(tmp_path)) == ["10", "20", "30"], length
        assert {row["text"] for row in _rows(tmp_path)} == {'a\r\nb "c"', "plain", ""}


def test_what_was_cut_off_is_kept_beside_the_file_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "t.csv").write_bytes(HEADER + b'r,1,10,a\r\nq,7,"som')
    _put(_file(tmp_path), "2", 20)
    assert (tmp_path / "t.csv.torn").read_bytes() == b'q,7,"som\n'
    assert _figures(tmp_path) == ["10", "20"]
    assert "ended in a record that was cut (8 bytes)" in caplog.text


def test_a_quote_that_somebody_left_open_is_said_and_takes_no_rows_with_it(tmp_path: Path) -> None:
    whole = HEADER + b'q,7,70,5" screen\r\nq,8,80,x\r\nq,9,90,y\r\n'
    (tmp_path / "t.csv").write_bytes(whole)
    with pytest.raises(RunFilesError, match="a quote in the row at byte 23 is never closed"):
        _put(_file(tmp_path), "1", 10)
    assert (tmp_path / "t.csv").read_bytes() == whole


def test_a_last_row_without_a_line_end_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(HEADER + b"q,7,70,x")
    _put(_file(tmp_path), "2", 20)
    assert (tmp_path / "t.csv").read_bytes() == HEADER + b"q,7,70,x\r\nr,2,20,\r\n"


@pytest.mark.parametrize("left", [HEADER[:-1], HEADER + b"q,7,70,x\r"])
def test_a_file_cut_between_carriage_return_and_line_feed_is_ended_as_it_was_meant(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(left)
    _put(_file(tmp_path), "2", 20)
    assert (tmp_path / "t.csv").read_bytes() == left + b"\nr,2,20,\r\n"


def test_an_error_on_the_way_is_not_taken_for_an_empty_file(tmp_path: Path) -> None:
    file = _file(tmp_path)
    _put(file, "1", 10)
    whole = (tmp_path / "t.csv").read_bytes()
    (tmp_path / "t.csv").write_bytes(whole + b'q,7,70,5" screen\r\nq,8,80,x\r\n')
    with pytest.raises(RunFilesError):
        _put(file, "1", 10, run="other")
    (tmp_path / "t.csv").write_bytes(whole)
    _put(file, "1", 10)
    assert _figures(tmp_path) == ["10"]


def test_zeros_that_a_power_cut_left_at_the_end_are_no_row(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(HEADER + b"q,7,70,x\r\n" + b"\0" * 4096)
    _put(_file(tmp_path), "2", 20)
    assert (tmp_path / "t.csv").read_bytes() == HEADER + b"q,7,70,x\r\nr,2,20,\r\n"


def test_a_file_written_anew_by_somebody_is_read_anew(tmp_path: Path) -> None:
    file = _file(tmp_path)
    _put(file, "1", 10)
    (tmp_path / "t.csv").write_bytes(HEADER + b"other,1,1,a long text that makes this longer than it was\r\n")
    _put(file, "1", 10)
    _put(file, "1", 10)
    assert _figures(tmp_path) == ["1", "10"]
    with (tmp_path / "t.csv").open("r+b") as other:  # the same file, longer, of other content
        other.write(HEADER + b"other,2,2,a text that is longer still than what was in this file before\r\n")
    _put(file, "1", 10)
    assert _figures(tmp_path) == ["2", "10"]
    (tmp_path / "t.csv").unlink()
    _put(file, "1", 10)
    assert _figures(tmp_path) == ["10"]


def test_the_permissions_of_a_file_survive_its_being_copied(tmp_path: Path) -> None:
    file = _file(tmp_path)
    _put(file, "1", 10)
    (tmp_path / "t.csv").chmod(0o664)
    _put(file, "1", 11)
    assert (tmp_path / "t.csv").stat().st_mode & 0o777 == 0o664


def test_a_file_written_anew_is_read_anew_though_it_looks_like_one_that_grew(tmp_path: Path) -> None:
    file, alike = _file(tmp_path), "x" * 100
    _put(file, "1", 10, text=alike)
    _put(file, "2", 20, text=alike)
    with (tmp_path / "t.csv").open("r+b") as other:  # the same inode, as a copy that replaced it may have got
        other.write(HEADER + b"".join(b"r,%d,%d0,%s\r\n" % (issue, issue, alike.encode()) for issue in (2, 1, 3)))
    _put(file, "1", 11, text=alike)
    assert [(row["issue"], row["figure"]) for row in _rows(tmp_path)] == [("2", "20"), ("1", "11"), ("3", "30")]
