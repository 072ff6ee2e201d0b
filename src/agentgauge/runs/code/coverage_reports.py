"""Which lines tests cover, read from the reports of coverage tools.

    coverage.py JSON  `coverage json`: https://coverage.readthedocs.io/en/latest/reference/commands/cmd_json.html
    Cobertura XML     `coverage xml`, gcovr, Istanbul: http://cobertura.sourceforge.net/xml/coverage-04.dtd
    LCOV              lcov, `coverage lcov`, c8: `man geninfo`, section FILES

Which one a file is, its content says. What counts is the line, which all of them have: branches, where a tool adds
them to its own percentage, do not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import msgspec

from agentgauge.errors import CodeUnreadable
from agentgauge.runs.code.xml_elements import read_elements

_NOT_KNOWN = "is no coverage report that can be read: use the JSON of coverage.py, Cobertura's XML or LCOV"


class Coverage:
    """Lines that can be run, by file, and whether they were."""

    def __init__(self) -> None:
        self._files: dict[str, dict[int, bool]] = {}

    def line(self, file: str, number: int, covered: bool) -> None:
        """Note one line; what covers it once covers it."""
        lines = self._files.setdefault(file, {})
        lines[number] = covered or lines.get(number, False)

    def add(self, other: Coverage) -> None:
        for file, lines in other._files.items():
            for number, covered in lines.items():
                self.line(file, number, covered)

    @property
    def lines(self) -> int:
        return sum(map(len, self._files.values()))

    @property
    def covered_lines(self) -> int:
        return sum(sum(lines.values()) for lines in self._files.values())

    @property
    def percent(self) -> float:
        """0-100; NaN where there are no lines."""
        return 100 * self.covered_lines / self.lines if self.lines else math.nan


def read_coverage(path: Path, root: Path) -> Coverage:
    """The lines of one report, its files named from `root` where they are below it.

    So a file has one name in reports that name it in full and those that do not. Raises `CodeUnreadable`.
    """
    try:
        with path.open("rb") as file:
            start = file.read(256).removeprefix(b"\xef\xbb\xbf").lstrip()
    except OSError as error:
        raise CodeUnreadable(f"{path}: {error.strerror}") from error
    if start.startswith(b"{"):
        return _coverage_json(path, root)
    if start.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        return _cobertura(path, root)
    if start.startswith((b"TN:", b"SF:")):
        return _lcov(path, root)
    raise CodeUnreadable(f"{path}: {_NOT_KNOWN}")


def _name(file: str, root: Path) -> str:
    top = root.resolve()
    place = (top / file).resolve()
    return str(place.relative_to(top) if place.is_relative_to(top) else place)


class _JsonFile(msgspec.Struct):
    executed_lines: list[int]
    missing_lines: list[int]


class _JsonReport(msgspec.Struct):
    files: dict[str, _JsonFile]


def _coverage_json(path: Path, root: Path) -> Coverage:
    try:
        report = msgspec.json.decode(path.read_bytes(), type=_JsonReport)
    except msgspec.MsgspecError as error:
        raise CodeUnreadable(f"{path}: is no JSON report of coverage.py: {error}") from error
    coverage = Coverage()
    for file, lines in report.files.items():
        name = _name(file, root)
        for covered, numbers in ((True, lines.executed_lines), (False, lines.missing_lines)):
            for number in numbers:
                coverage.line(name, number, covered)
    return coverage


def _cobertura(path: Path, root: Path) -> Coverage:
    coverage = Coverage()
    sources: list[str] = []
    parents: list[str] = []
    file = ""

    def on_start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal file
        if not parents and (name != "coverage" or "line-rate" not in attributes):
            raise CodeUnreadable(f"{path}: begins with <{name}> and is not Cobertura's: {_NOT_KNOWN}")
        parents.append(name)
        if name == "source":
            sources.append("")
        elif name == "class":
            file = _name(_in_source(sources, attributes.get("filename", ""), root), root)
        elif name == "line" and "class" in parents:
            coverage.line(file, _count(attributes, "number", path), _count(attributes, "hits", path) > 0)

    def on_text(text: str) -> None:
        if parents and parents[-1] == "source":
            sources[-1] += text

    def on_end(_name: str) -> None:
        parents.pop()

    read_elements(path, on_start, on_end, on_text)
    return coverage


def _in_source(sources: list[str], filename: str, root: Path) -> str:
    """A class's file below the source folder that has it; without one, below the first."""
    places = [root / source.strip() / filename for source in sources]
    return str(next((place for place in places if place.exists()), places[0] if places else Path(filename)))


def _count(attributes: Mapping[str, str], name: str, path: Path) -> int:
    try:
        return int(attributes[name])
    except (KeyError, ValueError) as error:
        raise CodeUnreadable(
            f"{path}: a <line> whose {name} is no number ({attributes.get(name)!r}); {_NOT_KNOWN}"
        ) from error


def _lcov(path: Path, root: Path) -> Coverage:
    coverage = Coverage()
    name: str | None = None
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as report:
        for at, line in enumerate(report, 1):
            key, _, value = line.strip().partition(":")
            if key == "SF":
                name = _name(value, root)
            elif key == "DA":
                number, _, hits = value.partition(",")
                try:
                    covered = int(hits.partition(",")[0]) > 0
                    coverage.line(name or "", int(number), covered)
                except ValueError as error:
                    raise CodeUnreadable(f"{path}: line {at} is no LCOV: {line.strip()!r}") from error
    return coverage
