"""`<home>/alerts.toml`: rules that are kept with the configuration of a machine, each a table `[[rule]]`.

    [[rule]]
    name = "error_rate"          # the name of a default: what is said here is changed of it
    threshold = 30

    [[rule]]
    name = "checkout-errors"     # any other name: a rule of its own
    type = "error_rate"
    agent = "checkout"
    threshold = 2
    by = ""                      # an empty text is none: here one condition of all operations together

The file has the channels of notifications too (`agentgauge.settings.notifying`).
"""

from __future__ import annotations

import logging
import re
import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from agentgauge.errors import QueryError, SettingsError
from agentgauge.policies.alerts.checking import rule_from
from agentgauge.policies.alerts.rules import DEFAULTS, Rule

_log = logging.getLogger("agentgauge.alerts")
_TABLES = ("rule", "channel")
_HEADER = re.compile(r"\s*\[\[\s*rule\s*\]\]")
_ANY_HEADER = re.compile(r"\s*\[")


class FileRules(msgspec.Struct, frozen=True):
    rules: Mapping[str, Rule]
    """By name; those of the last file that could be used, where this one cannot."""
    problem: str | None = None
    """What is wrong with the file as it is now."""
    is_known: bool = True
    """Whether `rules` are those of the file, as it is or was; not in a process that only met it as it is now."""


class RuleFile:
    """A file that is read again when it changes; for all threads of a process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stamp: object = None
        self._found = FileRules({})
        self._was_read = False

    def read(self) -> FileRules:
        """Costs a look at the file's time where it did not change."""
        with self._lock:
            stamp = self._stamp_now()
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._found = FileRules(file_rules(self.path))
                    self._was_read = True
                except SettingsError as error:
                    self._found = FileRules(self._found.rules, str(error), is_known=self._was_read)
                    _log.error("%s; %s", error, self._meanwhile)
            return self._found

    @property
    def _meanwhile(self) -> str:
        number = len(self._found.rules)
        return f"until then {number} rules of it as it was before hold" if number else "until then none of it holds"

    def _stamp_now(self) -> object:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def file_rules(path: Path) -> Mapping[str, Rule]:
    """The rules of a file, by name; of none that is there: none. Raises `SettingsError` naming file, line, rule, field
    and what it could be.
    """
    try:
        text = path.read_text("utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    if unknown := [name for name in document if name not in _TABLES]:
        raise SettingsError(
            f"{path}:{_line_of_key(text, unknown[0])}: this file has no {unknown[0]!r}, only tables "
            "[[rule]] and [[channel]]"
        )
    tables = document.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(f"{path}: rules are tables: begin each with [[rule]]")
    found: dict[str, Rule] = {}
    for number, table in enumerate(tables):
        rule = _rule(path, text, number, table)
        if rule.name in found:
            raise SettingsError(f"{path}:{_line(text, number, 'name')}: two rules are called {rule.name!r}")
        found[rule.name] = rule
    return found


def _rule(path: Path, text: str, number: int, table: dict[str, Any]) -> Rule:
    name = table.get("name")
    if not isinstance(name, str):
        said = "a rule needs a name" if name is None else f"a rule's name is a text, not {name!r}"
        raise SettingsError(f'{path}:{_line(text, number, "name")}: {said}, as name = "error_rate"')
    base = next((rule for rule in DEFAULTS if rule.name == name), None)
    fields = {field: None if value == "" else value for field, value in table.items() if field != "name"}
    try:
        return rule_from(name, fields, base)
    except QueryError as error:
        raise SettingsError(f"{path}:{_line(text, number, error.field or 'name')}: {error}") from error


def _line(text: str, number: int, field: str) -> int:
    """Where a field of the table of this number is, else where the table begins; from 1."""
    lines = text.splitlines()
    headers = [place for place, line in enumerate(lines) if _HEADER.match(line)]
    if number >= len(headers):  # written as rule = [{...}]
        return 1
    begin = headers[number]
    for place in range(begin + 1, len(lines)):
        if _ANY_HEADER.match(lines[place]):
            break
        if re.match(rf'\s*"?{re.escape(field)}"?\s*=', lines[place]):
            return place + 1
    return begin + 1


def _line_of_key(text: str, key: str) -> int:
    """Where a key of the document is first written."""
    written = re.compile(rf'\s*\[*\s*"?{re.escape(key)}\b')
    return next((place for place, line in enumerate(text.splitlines(), 1) if written.match(line)), 1)
