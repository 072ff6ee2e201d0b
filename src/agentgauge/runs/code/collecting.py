"""`CodeMetrics` of a working tree: its difference to a commit, and what reports say of coverage and tests."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from agentgauge.runs.code.coverage_reports import Coverage, read_coverage
from agentgauge.runs.code.git_changes import read_changes
from agentgauge.runs.code.junit_reports import read_tests
from agentgauge.runs.models import CodeMetrics


def code_metrics(
    base: str,
    *,
    repo: str | os.PathLike[str] = ".",
    coverage: Iterable[str | os.PathLike[str]] = (),
    tests: Iterable[str | os.PathLike[str]] = (),
    untracked: bool = False,
) -> CodeMetrics:
    """What changed in the working tree of `repo` since the commit `base`, committed or not.

    `coverage` are reports of coverage.py (JSON), Cobertura (XML) or LCOV; the percentage is of lines, over the union of
    the reports: a line is covered where one of them covers it. `tests` are JUnit XML files, whose tests add up; a
    skipped test was not run. `untracked` counts files that git does not know, those that it ignores excluded.

    A renamed file is a modified one. `extra` has `files_renamed`, `files_binary` (their lines are not counted) and
    `submodules_changed` (which are no files). Without a report, coverage is NaN and no tests were run.

    Costs one `git diff` and one pass over each report. Raises `CodeUnreadable`.
    """
    root = Path(repo)
    changes = read_changes(root, base, untracked=untracked)
    lines = Coverage()
    for report in coverage:
        lines.add(read_coverage(Path(report), root))
    ran = passed = 0
    for report in tests:
        outcome = read_tests(Path(report))
        ran, passed = ran + outcome.run, passed + outcome.passed
    return CodeMetrics(
        files_created=changes.created,
        files_modified=changes.modified,
        files_deleted=changes.deleted,
        lines_added=changes.lines_added,
        lines_deleted=changes.lines_deleted,
        test_coverage_percent=lines.percent,
        tests_run=ran,
        tests_passed=passed,
        extra={
            "files_renamed": changes.renamed,
            "files_binary": changes.binary,
            "submodules_changed": changes.submodules,
        },
    )
