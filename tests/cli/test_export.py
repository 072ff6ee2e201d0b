"""`agentgauge export`."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import duckdb
import msgspec
import pytest

from agentgauge.events.plain import csv_cell
from agentgauge.files import appearing
from tests.cli.conftest import Run


def test_json_lines_leave_out_what_an_event_does_not_have(run: Run, home: Path) -> None:
    events = [msgspec.json.decode(line) for line in run("export", "--home", home).stdout.splitlines()]
    assert len(events) == 6
    assert all(value is not None for event in events for value in event.values())
    (tool, *_) = [event for event in events if event["kind"] == "tool_call"]
    assert "input_tokens" not in tool
    (call,) = [event for event in events if event.get("cost_source") == "reported"]
    assert (call["cost_usd"], call["cache_read_tokens"]) == ("0.0012", 0)


def test_every_form_holds_the_same_money(run: Run, home: Path, tmp_path: Path) -> None:
    for form in ("jsonl", "csv", "parquet"):
        result = run("export", form, "--home", home, "--out", tmp_path / f"events.{form}")
        assert (result.exit_code, result.stdout) == (0, "")
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    json_total = sum(Decimal(msgspec.json.decode(line).get("cost_usd", "0")) for line in lines)
    with (tmp_path / "events.csv").open(newline="") as file:
        csv_total = sum(Decimal(row["cost_usd"] or "0") for row in csv.DictReader(file))
    parquet = str(tmp_path / "events.parquet")
    (parquet_total, typed), = duckdb.connect().execute(
        "SELECT sum(cost_usd), any_value(typeof(cost_usd)) FROM read_parquet(?)", [parquet]
    ).fetchall()  # fmt: skip
    assert json_total == csv_total == parquet_total == Decimal("3.2762")
    assert typed == "DECIMAL(18,12)"


@pytest.mark.parametrize("asked", [("--json",), ("--format", "json"), ("json",), ("json", "--json")])
def test_one_json_list_holds_the_events_of_the_lines(run: Run, home: Path, asked: tuple[str, ...]) -> None:
    lines = [msgspec.json.decode(line) for line in run("export", "--home", home).stdout.splitlines()]
    assert msgspec.json.decode(run("export", "--home", home, *asked).stdout) == lines


def test_no_events_are_an_empty_json_list(run: Run, tmp_path: Path) -> None:
    assert msgspec.json.decode(run("export", "--home", tmp_path / "new", "--json").stdout) == []


def test_the_form_may_be_an_option(run: Run, home: Path) -> None:
    asked = [run("export", "--home", home, *form).stdout for form in (("csv",), ("--format", "csv"))]
    assert asked[0] == asked[1] != ""


def test_events_are_exported_where_no_other_command_is_named(run: Run, home: Path) -> None:
    assert run("export", "events", "csv", "--home", home).stdout == run("export", "--home", home, "csv").stdout != ""
    shown = run("export", "--help").stdout
    assert all(f"\n  {name} " in shown for name in ("events", "sqlite"))


@pytest.mark.parametrize("asked", [("csv", "--format", "parquet"), ("csv", "--json"), ("--format", "jsonl", "--json")])
def test_two_forms_at_once_are_refused(run: Run, home: Path, asked: tuple[str, ...]) -> None:
    result = run("export", "--home", home, *asked)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "one form" in result.stderr


def test_a_window_bounds_every_form(run: Run, home: Path, tmp_path: Path) -> None:
    later = ("--home", home, "--since", "2026-03-03", "--until", "2026-03-04", "--tz", "UTC")
    assert run("export", *later).stdout == ""
    assert run("export", *later, "csv").stdout.count("\n") == 1
    run("export", *later, "parquet", "--out", tmp_path / "none.parquet")
    (rows,) = (
        duckdb.connect().execute("SELECT count(*) FROM read_parquet(?)", [str(tmp_path / "none.parquet")]).fetchall()
    )
    assert rows == (0,)


def test_parquet_can_go_to_a_pipe(run: Run, home: Path) -> None:
    assert run("export", "--home", home, "parquet").stdout_bytes.startswith(b"PAR1")


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_file_that_cannot_be_written_is_an_error_and_leaves_nothing(
    run: Run, home: Path, tmp_path: Path, form: str
) -> None:
    result = run("export", form, "--home", home, "--out", tmp_path / "gone" / "events")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")


def _write_half(file: Path) -> None:
    with appearing(file) as temporary:
        temporary.write_text("half")
        raise RuntimeError("power")


def test_a_file_keeps_its_old_content_when_writing_fails(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("old")
    with pytest.raises(RuntimeError, match="power"):
        _write_half(file)
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["events.csv"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert csv_cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


def test_numbers_stay_numbers_in_csv() -> None:
    assert csv_cell(-5) == -5
    assert csv_cell(Decimal("-0.000000000001")) == "-0.000000000001"
    assert csv_cell(Decimal("0E-12")) == "0"


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_that_cannot_be_written_is_named_as_it_was_given(
    run: Run, home: Path, tmp_path: Path, form: str
) -> None:
    for out, why in ((tmp_path / "nowhere" / "x.csv", "there is no folder"), (tmp_path, "it is a folder")):
        result = run("export", form, "--home", home, "--out", out)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"error: --out {out}: {why}" in result.stderr
        assert ".tmp" not in result.stderr
