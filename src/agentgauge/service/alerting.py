"""The rules in force: the defaults, changed by `<home>/alerts.toml`, changed by what was made over HTTP.

A rule of a later source takes the place of one of the same name. A rule of the file is changed in the file alone: who
keeps rules there expects to find there what holds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Literal

import msgspec

from agentgauge.errors import Conflict, NotFound, QueryError
from agentgauge.policies.alerts.checking import rule_from
from agentgauge.policies.alerts.rules import DEFAULTS, Rule
from agentgauge.service.alert_rule_file import RuleFile
from agentgauge.settings import Home
from agentgauge.state.alert_rules import KeptRule, RuleBook
from agentgauge.state.store import Store

Source = Literal["default", "file", "http"]


class RuleInForce(Rule, frozen=True, kw_only=True):
    """A rule, and where it comes from."""

    source: Source
    instead_of: Source | None = None
    """Where there is another rule of the name, which this one takes the place of."""
    version: int = 0
    """Of a rule that was made over HTTP; another and higher one after every change. 0: none was."""
    updated: datetime | None = None
    updated_by: str | None = None
    unit: str | None = None
    """What its thresholds count."""


class RulesInForce(msgspec.Struct, frozen=True):
    rules: tuple[RuleInForce, ...]
    """By name."""
    problems: tuple[str, ...]
    """Rules that were written and do not hold: why, and what to do."""
    is_complete: bool = True
    """Whether no rule is missing: one is where alerts.toml cannot be used and this process never saw it as it could."""

    @property
    def enabled(self) -> tuple[RuleInForce, ...]:
        return tuple(rule for rule in self.rules if rule.enabled)


class Alerting:
    """For all threads of a process, which keeps the last file that could be used."""

    def __init__(self, store: Store, home: Home) -> None:
        self._book = RuleBook(store)
        self._file = RuleFile(home.alerts)

    def rules(self, projects: Collection[str] | None = None) -> RulesInForce:
        """What holds now. `projects` are those that may be seen: their rules, and those that name nothing (None: all,
        and what is wrong with them). Raises `StateError`.
        """
        of_file = self._file.read()
        kept, broken = _read(self._book.all())
        found: dict[str, RuleInForce] = {}
        defaults = (_in_force(rule, "default") for rule in DEFAULTS)
        filed = (_in_force(rule, "file") for rule in of_file.rules.values())
        for rule in (*defaults, *filed, *kept):
            before = found.get(rule.name)
            found[rule.name] = rule if before is None else msgspec.structs.replace(rule, instead_of=before.source)
        shown = sorted(found.values(), key=lambda rule: rule.name)
        if projects is not None:
            return RulesInForce(tuple(_seen(rule, projects) for rule in shown if _is_of(rule, projects)), ())
        problems = (*(() if of_file.problem is None else (of_file.problem,)), *broken)
        return RulesInForce(tuple(shown), problems, of_file.is_known)

    def get(self, name: str, projects: Collection[str] | None = None) -> RuleInForce:
        """Raises `NotFound` for one that there is not, or may not be seen, and `StateError`."""
        rules = {rule.name: rule for rule in self.rules(projects).rules}
        if name not in rules:
            near = get_close_matches(name, rules, n=1)
            raise NotFound(f"no rule {name!r}{f': did you mean {near[0]}?' if near else ''}", field="rule_name")
        return rules[name]

    def create(self, fields: Mapping[str, Any], actor: str, at: datetime) -> RuleInForce:
        """A rule of a name that none has yet. Raises `QueryError` naming the field, `Conflict` for a name that is
        taken, and `StateError`.
        """
        name = fields.get("name")
        if not isinstance(name, str):
            raise QueryError("a rule needs a name, such as checkout-errors", field="name")
        rule = rule_from(name, {field: value for field, value in fields.items() if field != "name"})
        if taken := [each for each in self.rules().rules if each.name == name]:
            where = {"default": "one of the defaults", "file": "in alerts.toml", "http": "there"}[taken[0].source]
            raise Conflict(f"a rule {name!r} is {where} already: change that one, or take another name")
        return self._put(rule, actor, at, is_new=True)

    def replace(self, rule: Rule, actor: str, at: datetime, *, version: int | None = None) -> RuleInForce:
        """Have a rule, a default too, be this one. Raises `NotFound` for a name that none has, `Conflict` for a
        rule of the file, `Outdated` where it is not of this version any more, and `StateError`.
        """
        self._changeable(rule.name)
        return self._put(rule, actor, at, version=version)

    def delete(self, name: str, actor: str, at: datetime, *, version: int | None = None) -> None:
        """Take back what was made over HTTP: a default is as it was. Raises as `replace`, and `Conflict` for a default
        that nobody changed.
        """
        try:
            self._book.delete(name, actor, at, version=version)
        except NotFound:
            if self._changeable(name).source == "default":
                said = f"rule {name!r} is a default, and cannot be deleted: change it to enabled: false"
                raise Conflict(said) from None
            raise

    def _changeable(self, name: str) -> RuleInForce:
        rule = self.get(name)
        if rule.source == "file":
            raise Conflict(f"rule {name!r} is one of {self._file.path.name} in the server's home: change it there")
        return rule

    def _put(
        self, rule: Rule, actor: str, at: datetime, *, version: int | None = None, is_new: bool = False
    ) -> RuleInForce:
        terms = {name: getattr(rule, name) for name in Rule.__struct_fields__ if name != "name"}
        self._book.put(rule.name, terms, actor, at, project=rule.project, version=version, is_new=is_new)
        return self.get(rule.name)


def _read(kept: Collection[KeptRule]) -> tuple[list[RuleInForce], list[str]]:
    """The rules, and what is wrong with those that another version of agentgauge wrote, and this one cannot read."""
    rules: list[RuleInForce] = []
    problems: list[str] = []
    for each in kept:
        try:
            rule = rule_from(each.name, each.terms)
        except QueryError as error:
            problems.append(f"{error}; it was made over HTTP, and does not hold: delete it there")
            continue
        more = {"version": each.version, "updated": each.updated, "updated_by": each.updated_by}
        rules.append(msgspec.structs.replace(_in_force(rule, "http"), **more))
    return rules, problems


def _in_force(rule: Rule, source: Source) -> RuleInForce:
    return RuleInForce(**msgspec.structs.asdict(rule), source=source, unit=rule.kind.unit)


def _is_of(rule: RuleInForce, projects: Collection[str]) -> bool:
    """A rule without filters tells of no project, and finds what it finds in all."""
    return rule.project in projects or not rule.filters


def _seen(rule: RuleInForce, projects: Collection[str]) -> RuleInForce:
    return rule if rule.project in projects else msgspec.structs.replace(rule, updated=None, updated_by=None)
