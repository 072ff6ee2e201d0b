"""The analyzer's samples of document 000 run as they stand, import root aside, with runs and without any."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import agentgauge
from tests.runs.analyzing import config, record_run

IMPORT_ROOT = "src.infrastructure.metrics", "agentgauge.runs"

MODELS = """
from src.infrastructure.metrics.analyzer import MetricsAnalyzer

analyzer = MetricsAnalyzer()

# Compare models
comparison = analyzer.compare_llm_models()

for model, stats in comparison.items():
    print(f"{model}:")
    print(f"  Success Rate: {stats['avg_success_rate']:.2f}%")
    print(f"  Avg Cost: ${stats['avg_cost']:.4f}")
    print(f"  Total Issues: {stats['total_issues_processed']}")
"""

BEST = """
best_config = analyzer.find_best_configuration()

print("Best Configuration:")
print(f"  Run ID: {best_config['best_run']['run_id']}")
print(f"  Model: {best_config['best_run']['config']['llm_model']}")
print(f"  Temperature: {best_config['best_run']['config']['llm_temperature']}")
print(f"  Score: {best_config['best_run']['score']:.2f}/100")
"""

REPORT = """
report = analyzer.generate_comparison_report(
    output_file=Path("logs/analysis_report.txt")
)
print(report)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the samples run, with a recorder of its own."""
    monkeypatch.chdir(tmp_path)
    with agentgauge.open(tmp_path / "home") as gauge:
        agentgauge.set_default(gauge)
        yield tmp_path
        agentgauge.set_default(None)


def run_samples() -> None:
    exec((MODELS + BEST + REPORT).replace(*IMPORT_ROOT), {"Path": Path})  # noqa: S102 - the document's own text


def test_the_samples_say_what_runs_came_to(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gauge = agentgauge.default()
    record_run(gauge, "run_1", {i: i < 18 for i in range(20)}, made_with=config("deepseek-chat", 0.7), cost="0.02")
    record_run(gauge, "run_2", {i: i < 5 for i in range(20)}, made_with=config("gpt-4", 0.2), cost="0.30")
    run_samples()
    shown = capsys.readouterr().out
    assert "deepseek-chat:\n  Success Rate: 90.00%\n  Avg Cost: $0.4000\n  Total Issues: 20\n" in shown
    assert "gpt-4:\n  Success Rate: 25.00%\n  Avg Cost: $6.0000\n  Total Issues: 20\n" in shown
    assert "Best Configuration:\n  Run ID: run_1\n  Model: deepseek-chat\n  Temperature: 0.7\n" in shown
    assert re.search(r"  Score: \d\d\.\d\d/100\n", shown)
    assert (folder / "logs" / "analysis_report.txt").read_text(encoding="utf-8") in shown


def test_the_samples_run_where_there_are_no_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_samples()
    shown = capsys.readouterr().out
    assert "  Run ID: None\n  Model: None\n  Temperature: None\n  Score: nan/100\n" in shown
    assert "There are no runs" in shown
    assert (folder / "logs" / "analysis_report.txt").exists()
