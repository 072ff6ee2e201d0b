"""What files say of runs counts as far as it can be read, and what cannot is named."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

import agentgauge
from agentgauge.recorder import Gauge
from agentgauge.runs import MetricsAnalyzer, MetricsStorage
from agentgauge.runs.models import IssueMetrics, Status
from tests.runs.analyzing import config, save_run


@pytest.fixture
def gauge(tmp_path: Path) -> Iterator[Gauge]:
    with agentgauge.open(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def analyzer(logs: Path, gauge: Gauge) -> MetricsAnalyzer:
    return MetricsAnalyzer(logs, gauge=gauge)


def test_an_unfinished_run_is_read_from_its_metadata_and_issues(logs: Path, gauge: Gauge) -> None:
    storage = MetricsStorage(logs)
    save_run(storage, "r-1", {1: True, 2: False})
    issues = storage.load_run("r-1").issues
    for issue in issues.values():
        storage.save_issue_metrics("r-1", issue)
    (logs / "runs" / "r-1" / "final_report.json").unlink()
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert (found["total_issues_processed"], found["avg_success_rate"]) == (2, 50.0)


def save_with_issues(logs: Path, run_id: str) -> Path:
    """A run of eight issues, half of them solved, each in a file too; its folder."""
    storage = MetricsStorage(logs)
    save_run(storage, run_id, {i: i % 2 == 0 for i in range(8)})
    for issue in storage.load_run(run_id).issues.values():
        storage.save_issue_metrics(run_id, issue)
    return logs / "runs" / run_id


def test_a_run_without_a_file_that_says_what_it_was_is_left_out_and_named(logs: Path, gauge: Gauge) -> None:
    storage = MetricsStorage(logs)
    for run_id in ("r-1", "r-2", "r-3"):
        save_run(storage, run_id, {1: True})
    broken = logs / "runs" / "r-2"
    for name in ("final_report.json", "metadata.json"):
        (broken / name).write_text("{")
    odd = logs / "runs" / "r-3" / "final_report.json"
    odd.write_text(json.dumps(json.loads(odd.read_text()) | {"pipeline_count": "many"}))
    (logs / "runs" / "empty").mkdir()
    found = analyzer(logs, gauge).compare_llm_models()
    assert found["model-a"]["total_runs"] == 1
    assert set(found.damaged) == {str(broken), str(odd.parent)}
    assert "metadata.json is no JSON" in found.damaged[str(broken)]
    report = analyzer(logs, gauge).generate_comparison_report()
    assert "Could not be read, and in no figure: 2 runs." in report
    assert "r-2" in report


def test_metadata_and_issues_stand_in_for_a_damaged_final_report(logs: Path, gauge: Gauge) -> None:
    final = save_with_issues(logs, "r-1") / "final_report.json"
    whole = analyzer(logs, gauge).compare_llm_models()["model-a"]
    final.write_text(final.read_text()[:200])
    found = analyzer(logs, gauge).compare_llm_models()
    assert found["model-a"] == pytest.approx(whole, nan_ok=True)
    assert set(found.damaged) == {str(final)}


def test_an_issue_whose_file_is_damaged_has_the_outcome_that_the_run_counts(logs: Path, gauge: Gauge) -> None:
    folder = save_with_issues(logs, "r-1")
    (folder / "final_report.json").unlink()
    damaged = folder / "issues" / "issue_0_metrics.json"
    damaged.write_text(damaged.read_text()[:100])
    asked = analyzer(logs, gauge)
    found = asked.compare_llm_models()["model-a"]
    assert (found["total_issues_processed"], found["avg_success_rate"]) == (8, 50.0)
    assert found["total_cost"] == pytest.approx(0.80)
    assert math.isnan(found["seconds_per_resolved_issue"])  # nobody knows how long the damaged one took
    assert set(asked.damaged) == {str(damaged)}
    assert "1 file, without which its run counts" in " ".join(asked.generate_comparison_report().split())


def test_a_run_of_which_only_metadata_is_left_has_its_counts(logs: Path, gauge: Gauge) -> None:
    storage = MetricsStorage(logs)
    save_run(storage, "r-1", {1: True, 2: True, 3: False})
    (logs / "runs" / "r-1" / "final_report.json").unlink()
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert (found["total_issues_processed"], found["total_issues_resolved"]) == (3, 2)
    assert found["cost_per_resolved_issue"] == pytest.approx(0.15)


def test_issues_that_a_final_report_has_no_room_for_are_read_from_their_files(logs: Path, gauge: Gauge) -> None:
    """It lists the newest 500; here it is cut to two."""
    final = save_with_issues(logs, "r-1") / "final_report.json"
    whole = analyzer(logs, gauge).compare_llm_models()["model-a"]
    document = json.loads(final.read_text())
    document["issues"] = dict(list(document["issues"].items())[-2:])
    final.write_text(json.dumps(document))
    assert analyzer(logs, gauge).compare_llm_models()["model-a"] == pytest.approx(whole, nan_ok=True)


@pytest.mark.parametrize(
    "stated",
    [
        {"run_id": None},
        {"run_id": ["r"]},
        {"project_id": 7.5},
        {"duration_seconds": -1},
        {"duration_seconds": 1e300},
        {"pipeline_count": -1, "failed_pipelines": 0},
        {"error_count": "3"},
        {"token_usage": {"calls": "3", "cost_usd": 1.0}},
        {"token_usage": {"calls": 1, "cost_usd": -1.0}},
        {"issues_by_status": {"completed": "four"}},
        {"issues": [1]},
        {"config": {"llm": {"temperature": "hot"}}},
    ],
)
def test_values_that_are_no_figures_are_in_none(stated: dict[str, object], logs: Path, gauge: Gauge) -> None:
    storage = MetricsStorage(logs)
    for run_id in ("good", "odd"):
        save_run(storage, run_id, {1: True})
    odd = logs / "runs" / "odd"
    (odd / "metadata.json").unlink()
    final = odd / "final_report.json"
    final.write_text(json.dumps(json.loads(final.read_text()) | stated))
    asked = analyzer(logs, gauge)
    assert set(asked.damaged) == {str(odd)}
    assert asked.run_count == 1
    assert "good" in asked.generate_comparison_report()


def test_a_file_that_states_no_cost_has_no_known_one(logs: Path, gauge: Gauge) -> None:
    storage = MetricsStorage(logs)
    save_run(storage, "r-1", {1: True}, cost=math.nan)
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert math.isnan(found["avg_cost"])
    assert found["runs_without_known_cost"] == 1


def test_saved_issues_of_a_run_that_is_unknown_otherwise_are_read(logs: Path, gauge: Gauge) -> None:
    MetricsStorage(logs).save_issue_metrics("r-1", IssueMetrics("1", "r-1", config=config(), status=Status.FAILED))
    found = analyzer(logs, gauge).compare_llm_models()["model-a"]
    assert found["avg_success_rate"] == 0.0
