"""The files of runs: what is written where, what comes back, and who may be named."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agentgauge.errors import RunFilesError
from agentgauge.runs.csv_tables import COLUMNS
from agentgauge.runs.models import CodeMetrics, IssueMetrics, Status, TokenUsage, ToolUsage, no_usage
from agentgauge.runs.storage import MetricsStorage
from tests.runs.issues import START, TABLES, issue, run, sizes, table


def _same(one: Any, other: Any) -> bool:
    """Equal, NaN to NaN."""
    return repr(one) == repr(other)


def _files(base: Path) -> set[str]:
    return {str(path.relative_to(base)) for path in base.rglob("*") if path.is_file() and path.name != ".lock"}


# The tree


def test_an_issue_gets_its_report_once_it_is_final(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path)
    storage.save_issue_metrics("run-1", issue(status=Status.RUNNING, end_time=None))
    assert _files(tmp_path) == {"runs/run-1/metadata.json", "runs/run-1/issues/issue_3_metrics.json"}
    storage.save_issue_metrics("run-1", issue())
    assert "runs/run-1/issues/issue_3_report.json" in _files(tmp_path)
    storage.save_run_final(run(issue()))
    assert "runs/run-1/final_report.json" in _files(tmp_path)


def test_the_default_is_logs_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    storage = MetricsStorage()
    assert _files(tmp_path) == set()
    storage.save_run_final(run(issue()))
    storage.export_run_to_csv(run(issue()))
    assert (tmp_path / "logs" / "runs" / "run-1" / "final_report.json").exists()
    assert sizes(tmp_path / "logs")["runs"] == 1


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path)
    member = issue(extra={"sprint": "2026-10", "nested": {"grün": [1, None]}})
    whole = run(member, extra={"note": "half \ud800 a pair"})
    storage.save_issue_metrics("run-1", member)
    storage.save_run_final(whole)
    assert _same(storage.load_run("run-1"), whole)
    assert _same(storage.load_issue("run-1", 3), member)


def test_fields_of_a_subclass_come_back_as_extra(tmp_path: Path) -> None:
    @dataclasses.dataclass
    class OurCode(CodeMetrics):
        mutation_score: float = math.nan

    storage = MetricsStorage(tmp_path)
    storage.save_issue_metrics("run-1", issue(code_metrics=OurCode(mutation_score=0.5)))
    loaded = storage.load_issue("run-1", "3").code_metrics
    assert loaded is not None
    assert loaded.extra == {"mutation_score": 0.5}


def test_a_run_that_was_not_finished_is_put_together_from_its_issues(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path)
    first = issue(issue_id="1")
    second = issue(issue_id="2", status=Status.FAILED, start_time=START + timedelta(seconds=1))
    for member in (second, first):
        storage.save_issue_metrics("run-1", member)
    loaded = storage.load_run("run-1")
    assert [*loaded.issues] == ["1", "2"]
    assert loaded.issues_by_status == {"completed": 1, "failed": 1}
    assert (loaded.status, loaded.success_rate, loaded.agent_count, loaded.error_count) == ("running", 50.0, 4, 2)
    assert (loaded.total_tokens, loaded.token_usage.model) == (4600, "deepseek-chat")
    assert loaded.total_cost_usd == pytest.approx(0.000868)
    assert (loaded.tool_usage["bash"].calls, loaded.tool_usage["bash"].failures) == (8, 2)
    assert (loaded.project_id, loaded.config) == ("171", first.config)


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path)
    assert storage.list_runs() == []
    for day, run_id in enumerate(["b", "c", "a"]):
        storage.save_run_final(run(issue(run_id), run_id=run_id, start_time=START + timedelta(days=day)))
    storage.save_issue_metrics("open", issue("open", run_start_time=START + timedelta(days=9), end_time=None))
    listed = storage.list_runs()
    assert [(summary.run_id, summary.is_final) for summary in listed] == [
        ("open", False), ("a", True), ("c", True), ("b", True)
    ]  # fmt: skip
    assert (listed[1].model, listed[1].issue_count, listed[1].success_rate) == ("deepseek-chat", 1, 100.0)
    assert listed.damaged == {}


@pytest.mark.parametrize("is_final", [True, False])
def test_what_tools_cost_is_in_the_cost_of_a_run_that_is_listed(tmp_path: Path, is_final: bool) -> None:
    storage = MetricsStorage(tmp_path)
    member = issue(tool_usage={"search": ToolUsage("search", calls=2, cost_usd=0.5)})
    storage.save_issue_metrics("run-1", member)
    if is_final:
        storage.save_run_final(run(member, tool_usage={"search": ToolUsage("search", calls=3, cost_usd=0.75)}))
    (listed,), loaded = storage.list_runs(), storage.load_run("run-1")
    assert listed.total_cost_usd == loaded.total_cost_usd >= (0.75 if is_final else 0.5)
    storage.export_issue_to_csv("run-1", member)
    assert [row["cost_usd"] for row in table(tmp_path, "tool_usage")] == ["0.5"]


def test_a_final_report_counts_though_its_metadata_is_older(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path)
    storage.save_run_final(run(issue()))
    storage.save_metadata(run(status=Status.RUNNING, end_time=None))
    (summary,) = storage.list_runs()
    assert (summary.status, summary.is_final) == ("completed", True)


# Damage


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is no JSON"),
        ('{"run_id": "run-1"', "is no JSON"),
        ("[]", "holds a list"),
        ("{}", "cannot be understood"),
        ('{"run_id": "run-1", "start_time": "yesterday"}', "RunMetrics.start_time"),
    ],
)
def test_a_damaged_file_is_named_with_what_to_do_and_skipped_in_the_list(
    tmp_path: Path, content: str, said: str
) -> None:
    storage = MetricsStorage(tmp_path)
    for run_id in ("run-1", "run-2"):
        storage.save_run_final(run(run_id=run_id))
    for name in ("final_report.json", "metadata.json"):
        (tmp_path / "runs" / "run-1" / name).write_text(content)
    with pytest.raises(RunFilesError, match=r"final_report\.json .*; the journal still has the events") as refused:
        storage.load_run("run-1")
    assert said in str(refused.value)
    listed = storage.list_runs()
    assert [summary.run_id for summary in listed] == ["run-2"]
    assert said in listed.damaged["run-1"]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path)
    with pytest.raises(RunFilesError, match="there is no run 'gone'"):
        storage.load_run("gone")
    with pytest.raises(RunFilesError, match=r"issue_9_report\.json: there is no such file"):
        storage.load_issue("gone", 9)


def test_a_folder_without_a_file_is_no_run_and_no_damage(tmp_path: Path) -> None:
    (tmp_path / "runs" / "just made" / "issues").mkdir(parents=True)
    (tmp_path / "runs" / "file").touch()
    listed = MetricsStorage(tmp_path).list_runs()
    assert (listed, listed.damaged) == ([], {})


# Ids

ODD = [
    "../../etc/passwd", "..", ".", "/etc/passwd", "C:\\x", "a/b", "a%2Fb", "a\0b", "CON", "con.txt", "%43ON", "NUL",
    "x.", "x", ".x", "~", "%7E", " ", "é", "e\u0301", "\ud800", "a:b", "x" * 300, "x" * 301, "x\n", "3", "run~1",
]  # fmt: skip


def test_odd_ids_stay_inside_their_folder_and_apart(tmp_path: Path) -> None:
    base = tmp_path / "deep" / "logs"
    storage = MetricsStorage(base)
    for id_ in ODD:
        storage.save_issue_metrics(id_, issue(id_, id_))
    assert {path.name for path in tmp_path.iterdir()} == {"deep"}
    assert len([*(base / "runs").iterdir()]) == len(ODD)
    assert len({path.name for path in base.rglob("*_metrics.json")}) == len(ODD)
    for id_ in ODD:
        assert (storage.load_run(id_).run_id, storage.load_issue(id_, id_).issue_id) == (id_, id_)
    assert {summary.run_id for summary in storage.list_runs()} == set(ODD)


def test_ids_of_every_day_are_names_as_they_stand(tmp_path: Path) -> None:
    for id_ in ("run_20251003_150000_project_171", "PROJ-123", "v1.2.3"):
        MetricsStorage(tmp_path).save_run_final(run(run_id=id_))
        assert (tmp_path / "runs" / id_).is_dir()


@pytest.mark.parametrize("id_", ["", None, 3.5, b"run", True])
def test_what_is_no_id_is_refused_by_its_name(tmp_path: Path, id_: Any) -> None:
    storage = MetricsStorage(tmp_path)
    with pytest.raises(RunFilesError, match="run_id"):
        storage.save_issue_metrics(id_, issue())
    with pytest.raises(RunFilesError, match="issue_id"):
        storage.save_issue_metrics("run-1", issue(issue_id=id_))
    with pytest.raises(RunFilesError, match="issue_id"):
        storage.export_issue_to_csv("run-1", issue(issue_id=id_))
    with pytest.raises(ValueError, match="run_id"):
        storage.export_run_to_csv(run(run_id=id_))
    assert _files(tmp_path) == set()


# CSV


def test_all_seven_tables_exist_from_the_first_export(tmp_path: Path) -> None:
    MetricsStorage(tmp_path).export_issue_to_csv("run-1", issue(agents=0, tool_usage={}, pipelines=[]))
    assert {path.name for path in (tmp_path / "csv").glob("*.csv")} == {f"{name}.csv" for name in TABLES}
    assert sizes(tmp_path) == dict.fromkeys(TABLES, 0) | {"issues": 1, "debugging_cycles": 1, "errors": 1}


def test_every_column_is_described() -> None:
    page = (Path(__file__).parents[2] / "docs" / "runs.md").read_text()
    columns = {column for table in COLUMNS.values() for column in table}
    assert {column for column in columns if f"`{column}`" not in page} == set()


def test_rows_say_what_the_issue_says(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path)
    storage.export_run_to_csv(run(issue()))
    (row,) = table(tmp_path, "issues")
    assert (row["run_id"], row["issue_id"], row["status"], row["llm_model"]) == (
        "run-1",
        "3",
        "completed",
        "deepseek-chat",
    )
    assert (row["duration_seconds"], row["cost_usd"], row["total_tokens"]) == ("90", "0.000434", "2300")
    assert (row["lines_added"], row["start_time"]) == ("250", "2026-03-02T09:30:00Z")
    (tool,) = table(tmp_path, "tool_usage")
    assert (tool["success_rate_percent"], tool["mean_duration_seconds"]) == ("75", "0.5")
    (pipeline,) = table(tmp_path, "pipelines")
    assert (json.loads(pipeline["failed_jobs"]), pipeline["queue_time_seconds"]) == (["lint", "e2e"], "")
    (error,) = table(tmp_path, "errors")
    assert error["error_message"] == 'says "no", twice\r\nand =1+1'
    (whole,) = table(tmp_path, "runs")
    assert (whole["success_rate_percent"], whole["llm_temperature"], whole["completed_issues"]) == ("100", "0.7", "1")


def test_a_cost_that_nobody_knows_is_empty_and_not_zero(tmp_path: Path) -> None:
    usages = (
        TokenUsage(10, 1, calls=2, unpriced_calls=2, cost_usd=0.0),
        TokenUsage(calls=2, unpriced_calls=1, cost_usd=0.5),
    )
    for number, usage in enumerate((*usages, no_usage())):
        MetricsStorage(tmp_path).export_issue_to_csv("run-1", issue(issue_id=str(number), token_usage=usage))
    rows = [(row["cost_usd"], row["unpriced_calls"]) for row in table(tmp_path, "issues")]
    assert rows == [("", "2"), ("0.5", "1"), ("0", "0")]


def test_exporting_again_by_any_way_writes_nothing_twice(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path)
    members = [issue(issue_id=str(number)) for number in range(3)]
    for _ in range(2):
        for member in members:
            storage.export_issue_to_csv("run-1", member)
            MetricsStorage(tmp_path).export_issue_to_csv("run-1", member)
        storage.export_run_to_csv(run(*members))
        MetricsStorage(tmp_path).export_run_to_csv(run(*members))
    assert sizes(tmp_path) == {name: 6 if name == "agents" else 1 if name == "runs" else 3 for name in TABLES}


def test_an_issue_exported_with_other_figures_replaces_its_rows_and_no_others(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path)
    storage.export_issue_to_csv("run-1", issue(status=Status.INTERRUPTED))
    storage.export_issue_to_csv("run-2", issue("run-2"))
    storage.export_issue_to_csv("run-1", issue(agents=3))
    assert [row["status"] for row in table(tmp_path, "issues")] == ["completed", "completed"]
    assert [row["run_id"] for row in table(tmp_path, "agents")] == ["run-1"] * 3 + ["run-2"] * 2


def test_a_run_brings_its_ended_issues_and_what_is_outside_them(tmp_path: Path) -> None:
    outside = issue().errors[0]
    whole = run(issue(issue_id="1"), issue(issue_id="2", end_time=None), errors=[outside])
    MetricsStorage(tmp_path).export_run_to_csv(whole)
    assert [row["issue_id"] for row in table(tmp_path, "issues")] == ["1"]
    assert [row["issue_id"] for row in table(tmp_path, "errors")] == ["1", ""]


def test_fields_of_the_user_are_columns(tmp_path: Path) -> None:
    storage = MetricsStorage(tmp_path)
    storage.export_issue_to_csv("run-1", issue(issue_id="1"))
    storage.export_issue_to_csv(
        "run-1", issue(issue_id="2", extra={"sprint": "=S1", "status": "theirs", "tags": ["a"]})
    )
    first, second = table(tmp_path, "issues")
    assert (first["sprint"], second["sprint"], second["tags"]) == ("", "'=S1", '["a"]')
    assert (second["status"], second["extra.status"]) == ("completed", "theirs")


def test_ids_that_a_spreadsheet_would_run_are_disarmed(tmp_path: Path) -> None:
    for _ in range(2):
        MetricsStorage(tmp_path).export_issue_to_csv("=cmd", issue("=cmd", "@1"))
    (row,) = table(tmp_path, "issues")
    assert (row["run_id"], row["issue_id"]) == ("'=cmd", "'@1")


# Switches


@pytest.mark.parametrize(
    "switch", [("ENABLE_METRICS", "false"), ("AGENTGAUGE_DISABLED", "1"), ("ENABLE_METRICS_PERSISTENCE", "false")]
)
def test_switched_off_nothing_is_written_and_what_is_there_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switch: tuple[str, str]
) -> None:
    MetricsStorage(tmp_path).save_run_final(run(issue()))
    before = _files(tmp_path)
    monkeypatch.setenv(*switch)
    storage = MetricsStorage(tmp_path)
    member: IssueMetrics = issue("run-2")
    storage.save_issue_metrics("run-2", member)
    storage.export_issue_to_csv("run-2", member)
    storage.save_run_final(run(run_id="run-2"))
    storage.export_run_to_csv(run(run_id="run-2"))
    assert _files(tmp_path) == before
    assert [summary.run_id for summary in storage.list_runs()] == ["run-1"]
