"""One home, and one report of it in each form, for all tests that a worker runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentgauge.service.report_document.building import build
from agentgauge.service.report_document.document import Document
from tests.service.report_document.reported import question, record_weeks


@pytest.fixture(scope="session")
def reported_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record_weeks(tmp_path_factory.mktemp("reported") / "home")


@pytest.fixture(scope="session")
def document(reported_home: Path) -> Document:
    with question(reported_home) as asked:
        return build(asked)
