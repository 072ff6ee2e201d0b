"""`agentgauge sql`."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.events import fields
from tests.cli.conftest import Run

Ask = Callable[..., Any]


def test_rows_are_a_list_of_objects_with_exact_amounts_and_utc_times(document: Ask, home: Path) -> None:
    rows = document("sql", "--home", home, "SELECT model, cost_usd, time FROM events WHERE cost_source = 'reported'")
    assert rows == [{"model": "claude-opus-4-5", "cost_usd": "0.0012", "time": "2026-03-02T10:00:00Z"}]


def test_no_rows_are_an_empty_list(document: Ask, home: Path) -> None:
    assert document("sql", "--home", home, "FROM events WHERE kind = 'nothing'") == []


def test_attributes_are_documents(document: Ask, home: Path) -> None:
    rows = document("sql", "--home", home, "SELECT attributes FROM events WHERE attributes IS NOT NULL")
    assert rows == [{"attributes": {"branch": "=main"}}]


def test_the_columns_are_the_events_fields_by_name(document: Ask, home: Path) -> None:
    names = {row["column_name"] for row in document("sql", "--home", home, "DESCRIBE events")}
    assert {field.name for field in fields.ALL} | {"success", "work_item"} <= names
    assert "reason" in {row["column_name"] for row in document("sql", "--home", home, "DESCRIBE losses")}


def test_units_of_work_are_a_view(document: Ask, home: Path) -> None:
    spent = "SELECT sum(cost_usd) AS usd FROM events WHERE kind IN ('llm_call', 'tool_call') AND run IS NOT NULL"
    of_units = "SELECT sum(cost_usd) AS usd FROM units WHERE unit_kind = 'run'"
    assert document("sql", "--home", home, of_units) == document("sql", "--home", home, spent)
    assert {"units"} <= {row["name"] for row in document("sql", "--home", home, "SHOW TABLES")}


def test_values_that_json_does_not_have_are_written_as_it_can(document: Ask, home: Path) -> None:
    (row,) = document(
        "sql",
        "--home",
        home,
        "SELECT 'nan'::DOUBLE n, DATE '2026-01-02' d, [1.50, 2] l, {'a': 1::HUGEINT} s, 'x'::BLOB b",
    )
    assert row == {"n": None, "d": "2026-01-02", "l": ["1.5", "2"], "s": {"a": 1}, "b": "78"}


def test_csv_has_a_header_and_defuses_formulas(run: Run, home: Path) -> None:
    shown = run("sql", "--home", home, "--format", "csv", "SELECT '=1+1' AS text, -5 AS number")
    assert list(csv.reader(io.StringIO(shown.stdout))) == [["text", "number"], ["'=1+1", "-5"]]


def test_a_table_shows_numbers_and_nothing_for_null(run: Run, home: Path) -> None:
    shown = run("sql", "--home", home, "SELECT 'a' AS name, 12 AS n, NULL AS gone").stdout
    assert "a" in shown
    assert "None" not in shown


def test_the_statement_may_come_from_a_file_or_standard_input(run: Run, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "question.sql"
    file.write_text("SELECT 41 + 1 AS answer")
    assert "42" in run("sql", "--home", home, "-f", file).stdout
    assert "42" in run("sql", "--home", home, "-f", "-", input="SELECT 42").stdout


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events",
        "COPY (SELECT 1) TO 'stolen.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO 'stolen.csv'",
        "EXPLAIN (ANALYZE, FORMAT json) COPY (SELECT 1) TO 'stolen.csv'",
        "EXPLAIN /* all */ ANALYZE COPY (SELECT 1) TO 'stolen.csv'",
        "EXPLAIN -- SELECT 1\n ANALYZE COPY (SELECT 1) TO 'stolen.csv'",
        "EXPLAIN DELETE FROM events",
        "INSTALL httpfs",
        "SET threads = 1",
        "ATTACH 'other.db'",
        "SELECT 1; DROP VIEW events",
        "CREATE TABLE mine (a INT)",
        "PRAGMA version",
        "",
    ],
)
def test_what_is_no_single_question_is_refused(
    run: Run, home: Path, statement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("sql", "--home", home, statement)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert not (tmp_path / "stolen.csv").exists()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELEC 1", 'Parser Error: syntax error at or near "SELEC"\n'),
        ("SELECT 1,\n  FROM events\n  WHER x", "(line 3)\n"),
        (
            "SELECT * FROM unit",
            "no view is called 'unit': did you mean units? There are events, losses, repriced, units",
        ),
        ('SELECT * FROM "my table"', "no view is called 'my table'. There are events, losses"),
        ("SELECT modle FROM events", 'column "modle" not found in FROM clause! Candidate bindings: '),
    ],
)
def test_what_fails_is_said_in_one_line(run: Run, home: Path, statement: str, said: str) -> None:
    result = run("sql", "--home", home, statement)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert said in result.stderr
    assert "\\n" not in result.stderr


@pytest.mark.parametrize("how", ["EXPLAIN", "explain analyze", "EXPLAIN (ANALYZE, FORMAT json)", "/* why */ EXPLAIN"])
def test_a_question_may_be_explained(document: Ask, home: Path, how: str) -> None:
    (plan,) = document("sql", "--home", home, f"{how} SELECT count(*) FROM events")
    assert "plan" in plan["explain_key"]


def test_columns_of_one_name_are_told_apart(document: Ask, home: Path) -> None:
    assert document("sql", "--home", home, "SELECT 1 AS a, 2 AS a, 3 AS a_1, 4 AS a") == [
        {"a": 1, "a_2": 2, "a_1": 3, "a_3": 4}
    ]


def test_the_views_are_shown_and_nothing_else(document: Ask, home: Path) -> None:
    shown = [row["name"] for row in document("sql", "--home", home, "SHOW TABLES")]
    assert shown == [
        "agent_metrics",
        "daily_aggregates",
        "events",
        "feature_usage",
        "losses",
        "repriced",
        "system_performance",
        "units",
        "user_satisfaction",
    ]


def test_a_table_of_features_is_asked_with_ids_that_stay(document: Ask, home: Path) -> None:
    with agentgauge.open(home) as gauge:
        gauge.measurement("p", 3.0, feature="search")
        asked = ("sql", "--home", home, "SELECT id, metric_name, value FROM system_performance")
        (first,) = document(*asked)
        assert (type(first["id"]), first["metric_name"], first["value"]) == (int, "p", 3.0)
        gauge.measurement("p", 4.0, feature="search")
        rows = document(*asked)
        assert first in rows
        assert len({row["id"] for row in rows}) == 2


@pytest.mark.parametrize("statement", ["SELEC 1", "SELECT nope FROM events", "SELECT 'a'::INT", "SELECT 1 +"])
def test_an_error_of_duckdb_is_a_message_and_no_traceback(run: Run, home: Path, statement: str) -> None:
    result = run("sql", "--home", home, statement)
    assert result.exit_code == 2
    assert "Error" in result.stderr
    assert "Traceback" not in result.output


def test_no_statement_is_refused(run: Run, home: Path) -> None:
    assert run("sql", "--home", home).exit_code == 2


def test_what_does_not_fit_is_shown_as_a_block_per_row(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = run("sql", "--home", home, "SELECT * FROM events WHERE attributes IS NOT NULL LIMIT 1").stdout
    lines = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert (lines["row"], lines["model"], lines["input_tokens"]) == ("1", "in-house-7b", "3000")
    assert lines["time"] == "2026-03-02T10:00:00Z"
    assert lines["attributes"] == '{"branch":"=main"}'
    assert "cost_usd" not in lines


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_a_table_folds_texts_but_no_heading_number_or_time(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    asked = "SELECT 123456789 AS a_number, TIMESTAMPTZ '2026-03-02 10:00:00Z' AS t, repeat('word ', 30) AS a_long_text"
    shown = run("sql", "--home", home, asked).stdout
    for whole in ("a_number", "a_long_text", "123456789", "2026-03-02T10:00:00Z"):
        assert whole in shown
    assert shown.count("word") == 30
    assert max(map(len, shown.splitlines())) <= columns


def test_lists_documents_and_flags_are_shown_as_json(run: Run, home: Path) -> None:
    shown = run("sql", "--home", home, "SELECT [1, 2] AS l, {'a': NULL} AS s, true AS f").stdout
    assert shown.splitlines()[-1].split() == ["[1,2]", '{"a":null}', "true"]


def test_no_rows_are_said_beside_the_output(run: Run, home: Path) -> None:
    result = run("sql", "--home", home, "FROM events WHERE kind = 'nothing'")
    assert (result.stdout, result.stderr) == ("", "no rows\n")


def test_asking_a_folder_that_is_no_home_leaves_it_as_it_is(run: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    assert run("sql", "--home", tmp_path, "FROM system_performance").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
