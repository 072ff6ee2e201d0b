"""Coverage and test reports: those that the tools wrote, and what is wrong with others."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from agentgauge.errors import CodeUnreadable
from agentgauge.runs.code.coverage_reports import read_coverage
from agentgauge.runs.code.junit_reports import read_tests

DATA = Path(__file__).parent.parent / "data" / "coverage"
ROOT = Path("/build/shop")
"""Where the reports say that the sources are."""


@pytest.mark.parametrize("name", ["coverage.json", "cobertura.xml", "lcov.info"])
def test_every_form_says_what_coverage_py_says(name: str) -> None:
    coverage = read_coverage(DATA / name, ROOT)
    assert (coverage.covered_lines, coverage.lines) == (14, 15)
    assert coverage.percent == pytest.approx(93.333333333)


def test_coverage_is_of_lines_also_where_branches_were_measured() -> None:
    assert read_coverage(DATA / "branch.json", ROOT).percent == pytest.approx(53.3333333)  # 57.1 with branches


def test_reports_unite_so_that_a_line_covered_once_is_covered() -> None:
    united = read_coverage(DATA / "branch.json", ROOT)
    for name in ("coverage.json", "lcov.info", "cobertura.xml"):
        united.add(read_coverage(DATA / name, ROOT))
    assert (united.covered_lines, united.lines) == (14, 15)


def test_no_lines_have_no_percentage(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"files": {}}')
    assert math.isnan(read_coverage(tmp_path / "r.json", ROOT).percent)


def test_cobertura_of_another_tool_names_a_dtd_that_is_not_fetched(tmp_path: Path) -> None:
    report = tmp_path / "cobertura.xml"
    report.write_text(
        '<?xml version="1.0" ?>\n'
        '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">\n'
        '<coverage line-rate="0.5"><sources><source>/src</source></sources><packages><package><classes>'
        '<class filename="a.js"><methods><method><lines><line number="1" hits="3"/></lines></method></methods>'
        '<lines><line number="1" hits="3"/><line number="2" hits="0"/></lines></class>'
        "</classes></package></packages></coverage>"
    )
    coverage = read_coverage(report, ROOT)
    assert (coverage.covered_lines, coverage.lines) == (1, 2)


def test_lcov_of_several_tests_unites_their_hits(tmp_path: Path) -> None:
    report = tmp_path / "lcov.info"
    report.write_bytes(
        b"TN:one\nSF:/build/shop/a.c\nDA:1,0\nDA:2,5,checksum\nend_of_record\n"
        b"TN:two\r\nSF:a.c\r\nDA:1,1\r\nDA:3,-1\r\nend_of_record\r\n"
    )
    coverage = read_coverage(report, ROOT)
    assert (coverage.covered_lines, coverage.lines) == (2, 3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is no coverage report"),
        ("percent: 80", "is no coverage report"),
        ('{"totals": {}}', "is no JSON report of coverage.py"),
        ("{", "is no JSON report of coverage.py"),
        ("<report/>", "begins with <report>"),
        ('<coverage generated="1"><project/></coverage>', "is not Cobertura's"),
        ("<coverage line-rate='1'>", "is no XML that can be read"),
        ("<coverage line-rate='1'><class filename='a'><line number='x' hits='1'/></class></coverage>", "'x'"),
        ("SF:a\nDA:one,2\n", "line 2 is no LCOV"),
    ],
)
def test_what_is_no_coverage_report_is_named(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "report").write_text(content)
    with pytest.raises(CodeUnreadable, match="report: ") as refused:
        read_coverage(tmp_path / "report", ROOT)
    assert said in str(refused.value)


def test_a_missing_report_is_named(tmp_path: Path) -> None:
    for read in (lambda path: read_coverage(path, ROOT), read_tests):
        with pytest.raises(CodeUnreadable, match=r"gone\.xml: No such file"):
            read(tmp_path / "gone.xml")


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("declared", [BOMB, OUTSIDE])
def test_entities_are_refused(tmp_path: Path, declared: str) -> None:
    (tmp_path / "r.xml").write_text(f"{declared}<testsuite><testcase name='&b;'/></testsuite>")
    with pytest.raises(CodeUnreadable, match="declares a document type of its own"):
        read_tests(tmp_path / "r.xml")


def test_tests_that_were_skipped_did_not_run_and_those_with_errors_did_not_pass() -> None:
    counts = read_tests(DATA / "junit.xml")
    assert (counts.run, counts.passed) == (6, 4)


def test_nested_suites_are_counted_once_and_a_rerun_that_passed_passed(tmp_path: Path) -> None:
    report = tmp_path / "TEST-all.xml"
    report.write_text(
        '<testsuites tests="9"><testsuite tests="9"><testsuite tests="4">'
        '<testcase name="a"/><testcase name="b"><flakyFailure/></testcase>'
        '<testcase name="c" status="notrun"/><testcase name="d" result="suppressed"/>'
        '<testcase name="e"><rerunFailure/><failure/></testcase>'
        "</testsuite></testsuite></testsuites>"
    )
    counts = read_tests(report)
    assert (counts.run, counts.passed) == (3, 2)
