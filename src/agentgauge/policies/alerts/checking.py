"""Making a rule of what somebody wrote, and saying what is wrong with it: rule, field, and what it could be."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

import msgspec

from agentgauge.errors import QueryError
from agentgauge.policies.alerts.kinds import DIMENSIONS, KINDS, RULE_FAILED, RuleType
from agentgauge.policies.alerts.rules import Rule, default_of

NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
_NAMED = re.compile(NAME)
_MOST_HOURS = 8760
_MOST = 10**9
_LONGEST_TEXT = 500
_NAMEABLE = re.compile(r"[^\x00\ud800-\udfff]*")
_CONVERTED = re.compile(r"(?P<said>.*?)(?: - at `\$\.(?P<field>\w+)`)?", re.DOTALL)
_TERMS = tuple(field for field in Rule.__struct_fields__ if field != "name")
_BOUNDS = {
    "clear_after": (1, 1000),
    "window_hours": (1, _MOST_HOURS),
    "min_samples": (1, _MOST),
    "remind_after_hours": (0, _MOST_HOURS),
}


def rule_from(name: str, fields: Mapping[str, Any], base: Rule | None = None) -> Rule:
    """The rule of a name that these fields describe; those left out are the ones of `base`, which is of the same type,
    else of the default rule of the type. Raises `QueryError` naming rule, field and what it could be.
    """
    if not _NAMED.fullmatch(name):
        raise QueryError(
            f"rule {name[:80]!r}: a name has 1 to 64 small letters, digits, '.', '_' and '-', and begins with a letter "
            "or a digit",
            field="name",
        )
    if name == RULE_FAILED:
        raise _wrong(name, "name", "alerts about rules that cannot be evaluated have it: take another name")
    if unknown := [field for field in fields if field not in _TERMS]:
        field = unknown[0][:80].encode("ascii", "backslashreplace").decode()
        raise _wrong(name, field, "there is no such field", _TERMS, given=field)
    for field, value in fields.items():
        if isinstance(value, str) and not (0 < len(value) <= _LONGEST_TEXT and _NAMEABLE.fullmatch(value)):
            raise _wrong(name, field, f"it has 1 to {_LONGEST_TEXT} characters, and none that no name has")
    type_ = fields.get("type", None if base is None else base.type)
    if type_ not in get_args(RuleType):
        said = "it has to be said of a new rule" if type_ is None else f"{type_!r} is none"
        raise _wrong(name, "type", said, get_args(RuleType), given=str(type_))
    if base is None:
        base = default_of(type_)
    elif base.type != type_:
        raise _wrong(name, "type", f"it is of type {base.type}: give one of another type another name")
    try:
        whole = {field: getattr(base, field) for field in _TERMS} | _moved_along(base, fields)
        rule = msgspec.convert({**whole, **fields, "name": name}, Rule)
    except msgspec.ValidationError as error:
        found = _CONVERTED.fullmatch(str(error))
        field = found["field"] if found and found["field"] else "type"
        said = (found["said"] if found else str(error)).replace("`", "")
        raise _wrong(name, field, f"{said[:1].lower()}{said[1:]}", _allowed(field)) from None
    _check(rule)
    return rule


def _moved_along(base: Rule, fields: Mapping[str, Any]) -> dict[str, float]:
    """The clear threshold that goes with a threshold that is changed alone: where the one of `base` would be on its
    wrong side, as far from it in proportion as that was.
    """
    threshold, clear = fields.get("threshold"), base.clear_threshold
    if not isinstance(threshold, int | float) or "clear_threshold" in fields:
        return {}
    if clear is None or not base.threshold:
        return {}
    if msgspec.structs.replace(base, threshold=threshold).judge(clear) != "holds":
        return {}
    return {"clear_threshold": min(threshold * clear / base.threshold, base.kind.highest)}


def _check(rule: Rule) -> None:
    kind = rule.kind
    if rule.metric is not None and rule.metric not in kind.metrics:
        raise _has_not(rule, "metric", kind.metrics, rule.metric)
    for dimension in DIMENSIONS:
        value = getattr(rule, dimension)
        if value is not None and dimension not in kind.filters:
            raise _has_not(rule, dimension, (), value)
    if rule.by is not None and rule.by not in kind.by:
        raise _has_not(rule, "by", kind.by, rule.by)
    applies = {
        "threshold": kind.unit is not None,
        "clear_threshold": kind.has_clear_threshold,
        "window_hours": kind.has_window,
        "min_samples": kind.has_samples,
    }
    for field, does in applies.items():
        value = getattr(rule, field)
        if value is not None and not does:
            raise _has_not(rule, field, (), value)
        if value is None and does and field != "clear_threshold":
            raise _wrong(rule.name, field, f"a rule of type {rule.type} needs one")
    for field, (lowest, highest) in _BOUNDS.items():
        value = getattr(rule, field)
        if value is not None and not lowest <= value <= highest:
            raise _wrong(rule.name, field, f"it is {lowest} to {highest:,}, not {value}")
    _check_thresholds(rule)


def _check_thresholds(rule: Rule) -> None:
    kind = rule.kind
    for field in ("threshold", "clear_threshold"):
        value = getattr(rule, field)
        if value is not None and not (math.isfinite(value) and 0 <= value <= kind.highest):
            raise _wrong(rule.name, field, f"it is 0 to {kind.highest:,g} ({kind.unit}), not {value:g}")
    if rule.type == "anomaly" and rule.threshold is not None and rule.threshold < 2:
        raise _wrong(rule.name, "threshold", f"it is 2 to {kind.highest:,g} ({kind.unit}), not {rule.threshold:g}")
    if rule.clear_threshold is not None and rule.judge(rule.clear_threshold) == "holds":
        side = "at most" if kind.worse == "above" else "at least"
        raise _wrong(
            rule.name,
            "clear_threshold",
            f"it is {side} the threshold of {rule.threshold:g}, not {rule.clear_threshold:g}: the condition would "
            "begin and be over at once",
        )


def _allowed(field: str) -> Sequence[str]:
    """Where a field takes one of a few words."""
    hints: dict[str, Sequence[str]] = {
        "type": tuple(KINDS),
        "by": DIMENSIONS,
        "severity": ("critical", "error", "warning", "info"),
    }
    return hints.get(field, ())


def _has_not(rule: Rule, field: str, allowed: Sequence[str], given: object) -> QueryError:
    said = f"{given!r} is none of a rule of type {rule.type}" if allowed else f"a rule of type {rule.type} has none"
    return _wrong(rule.name, field, said, allowed, given=str(given))


def _wrong(name: str, field: str, said: str, allowed: Sequence[str] = (), *, given: str = "") -> QueryError:
    near = get_close_matches(given, allowed, n=1)
    hint = f": did you mean {near[0]}?" if near else ""
    choice = f"{' There are' if hint else '; there are'} {', '.join(allowed)}" if allowed else ""
    return QueryError(f"rule {name!r}, {field}: {said}{hint}{choice}", field=field, allowed=allowed)
