"""JUnit XML, as test runners write it: how many tests ran and how many passed.

Test cases are counted, never the sums in the attributes of suites, which nested suites repeat. One that was skipped,
or that its runner says it did not run, was not run. One with a failure or an error did not pass; one that failed first
and passed when run again (`flakyFailure`) did.

Source: https://github.com/testmoapp/junitxml, which gathers what the runners write.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from agentgauge.errors import CodeUnreadable
from agentgauge.runs.code.xml_elements import read_elements

_ROOTS = ("testsuites", "testsuite")
_NOT_RUN = ("notrun", "disabled", "skipped", "suppressed")


class JUnitCounts(msgspec.Struct):
    """Counts of tests."""

    run: int = 0
    passed: int = 0


def read_tests(path: Path) -> JUnitCounts:
    """The tests of one report. Raises `CodeUnreadable`."""
    outcome = JUnitCounts()
    depth = 0
    has_run = has_passed = False

    def on_start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth, has_run, has_passed
        if depth == 0 and name not in _ROOTS:
            raise CodeUnreadable(f"{path}: begins with <{name}>, so it is no JUnit report of tests")
        depth += 1
        if name == "testcase":
            stated = (attributes.get("status", ""), attributes.get("result", ""))
            has_run = has_passed = not any(word.lower() in _NOT_RUN for word in stated)
        elif name == "skipped":
            has_run = False
        elif name in ("failure", "error"):
            has_passed = False

    def on_end(name: str) -> None:
        nonlocal depth
        depth -= 1
        if name == "testcase":
            outcome.run += has_run
            outcome.passed += has_run and has_passed

    read_elements(path, on_start, on_end)
    return outcome
