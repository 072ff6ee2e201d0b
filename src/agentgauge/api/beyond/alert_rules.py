"""`/api/v1/alert-rules`: what is alerted of, from which threshold on, and deciding about it.

A rule that was made or changed here has a version, which its `ETag` begins with. A change that names the one it is
meant for, by `If-Match`, is refused with 412 where somebody else changed the rule since. Rules of the server's
`alerts.toml` are changed there alone. Every change is in the audit log.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Response
from pydantic import WithJsonSchema

from agentgauge.api.access import Admin, Reader, RuntimeOf
from agentgauge.api.openapi import answer_of, errors
from agentgauge.api.versions import IfMatch, version_named, version_tag
from agentgauge.events.plain import document
from agentgauge.policies.alerts.checking import NAME, rule_from
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.alerting import RuleInForce
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.principal import Principal

router = APIRouter(prefix="/alert-rules")

_EXAMPLE = {"name": "checkout-errors", "type": "error_rate", "agent": "checkout", "threshold": 2, "clear_threshold": 1}


class AlertRulesMeta(msgspec.Struct, frozen=True):
    problems: tuple[str, ...]
    """Rules that were written and do not hold, and why; for who sees all projects."""


class AlertRules(msgspec.Struct, frozen=True):
    data: tuple[RuleInForce, ...]
    """By name."""
    meta: AlertRulesMeta


def _schema(*required: str, example: dict[str, Any]) -> WithJsonSchema:
    _, parts = msgspec.json.schema_components([Rule])
    properties = {
        name: {key: value for key, value in schema.items() if key != "default"}
        for name, schema in parts["Rule"]["properties"].items()
        if name != "name" or "name" in required
    }
    if "name" in properties:
        properties["name"]["pattern"] = f"^{NAME}$"
    return WithJsonSchema(
        {
            "type": "object",
            "properties": properties,
            "required": list(required),
            "additionalProperties": False,
            "examples": [example],
        }
    )


_WITHOUT_NAME = {name: value for name, value in _EXAMPLE.items() if name != "name"}
NewRule = Annotated[dict[str, Any], _schema("name", "type", example=_EXAMPLE)]
"""What is left out is as in the default of the type."""
RuleTerms = Annotated[dict[str, Any], _schema("type", example=_WITHOUT_NAME)]
RuleChange = Annotated[dict[str, Any], _schema(example={"threshold": 30})]
RuleName = Annotated[str, Path(pattern=f"^{NAME}$", description="Its `name`.", examples=["error_rate"])]
_CHANGED = {**answer_of(RuleInForce, "The rule as it is now"), **errors(404, 409, 412)}


@router.get("", summary="Rules of alerts", responses=answer_of(AlertRules, "The rules in force, by name"))
def alert_rules(runtime: RuntimeOf, principal: Reader) -> Response:
    """The rules in force: the defaults, changed by the server's `alerts.toml`, changed by what was made here."""
    found = runtime.alerting.rules(principal.projects)
    answer = AlertRules(found.rules, AlertRulesMeta(found.problems))
    return Response(msgspec.json.encode(document(answer)), media_type="application/json")


@router.get("/{rule_name}", summary="One rule", responses={**answer_of(RuleInForce, "The rule"), **errors(404)})
def alert_rule(runtime: RuntimeOf, principal: Reader, rule_name: RuleName) -> Response:
    """A rule in force."""
    return _answer(runtime.alerting.get(rule_name, principal.projects))


@router.post(
    "",
    summary="Make a rule",
    status_code=201,
    responses={**answer_of(RuleInForce, "The rule", status=201), **errors(409)},
)
def create_alert_rule(runtime: RuntimeOf, principal: Admin, new: NewRule) -> Response:
    """A rule of a name that none has yet. What is left out is as in the default of its type."""
    made = runtime.alerting.create(new, principal.name, runtime.now())
    return _answer(made, 201, {"Location": f"/api/v1/alert-rules/{made.name}"})


@router.put("/{rule_name}", summary="Replace a rule", responses=_CHANGED)
def replace_alert_rule(
    runtime: RuntimeOf, principal: Admin, rule_name: RuleName, terms: RuleTerms, if_match: IfMatch = None
) -> Response:
    """Give a rule, a default too, other terms. What is left out is as in the default of its type."""
    return _changed(runtime, principal, rule_from(rule_name, terms), version_named(if_match, "rule"))


@router.patch("/{rule_name}", summary="Change a rule", responses=_CHANGED)
def change_alert_rule(
    runtime: RuntimeOf, principal: Admin, rule_name: RuleName, change: RuleChange, if_match: IfMatch = None
) -> Response:
    """Give a rule, a default too, other values in some fields; the rest stays, its type in any case. `null` is none."""
    before = runtime.alerting.get(rule_name)
    rule = rule_from(rule_name, change, before)
    version = version_named(if_match, "rule")  # else what stays is that of the version that was read
    return _changed(runtime, principal, rule, before.version if version is None else version)


@router.delete("/{rule_name}", summary="Delete a rule", status_code=204, responses=errors(404, 409, 412))
def delete_alert_rule(runtime: RuntimeOf, principal: Admin, rule_name: RuleName, if_match: IfMatch = None) -> Response:
    """Of a default that was changed here, only the change. Its open alerts resolve at the next evaluation."""
    version = version_named(if_match, "rule")
    runtime.alerting.delete(rule_name, principal.name, runtime.now(), version=version)
    return Response(status_code=204)


def _changed(runtime: Runtime, principal: Principal, rule: Rule, version: int | None) -> Response:
    return _answer(runtime.alerting.replace(rule, principal.name, runtime.now(), version=version))


def _answer(rule: RuleInForce, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = msgspec.json.encode(document(rule))
    tag = version_tag(rule.version, body)
    return Response(body, status, {"ETag": tag, **(headers or {})}, media_type="application/json")
