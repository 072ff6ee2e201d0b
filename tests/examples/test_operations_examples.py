"""The examples of operations run, leave nothing behind, and show what they say."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import agentgauge
from agentgauge.operations import MetricsCollector

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def shown(program: str, *arguments: str, folder: Path) -> str:
    """What an example prints in a terminal of 80 columns, started in an empty directory."""
    run = subprocess.run(
        [sys.executable, str(EXAMPLES / program), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent / "src"), "COLUMNS": "80", "NO_COLOR": "1"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert list(folder.iterdir()) == []
    assert max(map(len, run.stdout.splitlines())) <= 80
    return run.stdout


def test_the_demo_has_the_documented_parts(tmp_path: Path) -> None:
    output = shown("demo_metrics_system.py", folder=tmp_path)
    titles = [line.rstrip("─ ") for line in output.splitlines() if line.endswith("─")]
    assert titles == [
        "1. Basic metrics collection",
        "2. Error tracking and categorization",
        "3. Performance trend analysis",
        "4. Context manager",
        "5. Decorator",
        "6. Persistence",
        "7. System metrics",
        "8. Session summary",
    ]
    assert "225 tokens, $0.000188" in output
    for category in ("not_found", "network", "validation"):
        assert category in output
    assert "component: llm_inference takes 2.100 s per operation (threshold 2.000 s)" in output
    assert "the same: True" in output
    assert "36, 34 successful" in output


def test_the_demo_says_that_recording_is_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_METRICS", "false")
    assert "switched off" in shown("demo_metrics_system.py", folder=tmp_path)


def test_the_chain_answers_from_the_documents(tmp_path: Path) -> None:
    output = shown("rag_chain.py", folder=tmp_path)
    assert "unpriced" in output
    assert "a question is empty" in output
    assert "3 of 4 questions answered" in output
    assert "3 calls unpriced" in output


def test_the_chain_says_so_where_the_documents_are_silent(tmp_path: Path) -> None:
    assert "no document says anything about 'xyzzy'" in shown("rag_chain.py", "xyzzy", folder=tmp_path)


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("rag_chain", EXAMPLES / "rag_chain.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "rag_chain", module)
    spec.loader.exec_module(module)
    return module


def test_every_integration_point_of_the_document_is_a_component(chain: Any, tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        collector = MetricsCollector(gauge=gauge)
        answer = chain.generate_answer("Where is the journal?", collector)
        (done,) = collector.get_session_summary().operations
    assert list(done.component_timing) == [
        "input_validation", "vector_store_loading", "chain_initialization", "vector_search", "llm_inference",
        "citation_processing", "metadata_extraction",
    ]  # fmt: skip
    assert sum(done.component_timing.values()) <= (done.total_duration or 0)
    assert [tool.tool_name for tool in done.tool_calls] == ["vector_store"]
    assert done.token_usage is not None
    assert done.token_usage.model_name == chain.ExtractiveModel.name
    assert (done.success, done.unpriced_calls, done.cost_estimate) == (True, 1, None)
    assert answer.citations


def test_a_question_that_is_refused_is_an_operation_that_failed(chain: Any, tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        collector = MetricsCollector(gauge=gauge)
        with pytest.raises(ValueError, match="501 characters"):
            chain.generate_answer("x" * 501, collector)
        (done,) = collector.get_session_summary().operations
    assert (done.outcome, done.error_count, list(done.component_timing)) == ("error", 1, ["input_validation"])
