"""Conditions as a person writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agentgauge.engines import Filter
from agentgauge.errors import QueryError
from agentgauge.service.filters import parse_filters, without_tasks


@pytest.mark.parametrize(
    ("texts", "filters"),
    [
        ((), ()),
        (["agent=coder"], (Filter("agent", "=", "coder"),)),
        (["agent = a b"], (Filter("agent", "=", " a b"),)),
        (["agent=a=b!=c"], (Filter("agent", "=", "a=b!=c"),)),
        (["agent!=coder"], (Filter("agent", "!=", "coder"),)),
        (["agent=a", "agent=b"], (Filter("agent", "in", ("a", "b")),)),
        (["agent!=a", "agent!=b"], (Filter("agent", "not in", ("a", "b")),)),
        (["agent=a", "role=r"], (Filter("agent", "=", "a"), Filter("role", "=", "r"))),
        (["agent="], (Filter("agent", "is null"),)),
        (["agent!="], (Filter("agent", "is not null"),)),
        (["branch=main"], (Filter("attributes.branch", "=", "main"),)),
        (["attributes.agent=x"], (Filter("attributes.agent", "=", "x"),)),
        (["success=true"], (Filter("success", "=", True),)),
        (["input_tokens>=100"], (Filter("input_tokens", ">=", 100),)),
        (["duration_ms<2.5", "duration_ms>1"], (Filter("duration_ms", "<", 2.5), Filter("duration_ms", ">", 1.0))),
        (["cost_usd>0.10"], (Filter("cost_usd", ">", Decimal("0.10")),)),
        (["temperature<=0.7"], (Filter("attributes.temperature", "<=", 0.7),)),
    ],
)
def test_a_text_means_a_condition(texts: list[str], filters: tuple[Filter, ...]) -> None:
    assert parse_filters(texts) == filters


@pytest.mark.parametrize(
    ("texts", "fields"),
    [
        (["agent=a", "outcome=success"], ()),
        (["model=m", "model=n", "input_tokens>5"], ("input_tokens", "model")),
        (["model!=m"], ()),
        (["model="], ()),
        (["model!="], ("model",)),
        (["branch=main"], ()),
    ],
)
def test_a_condition_that_no_task_can_meet_is_known(texts: list[str], fields: tuple[str, ...]) -> None:
    assert without_tasks(parse_filters(texts)) == fields


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["coder"], "FIELD=VALUE"),
        (["=coder"], "FIELD=VALUE"),
        (["agnet=coder"], "did you mean agent.*attributes.agnet"),
        (["tool=grep"], "name=NAME, with kind=tool_call"),
        (["outcome=succes"], "did you mean success"),
        (["success=yes"], "true or false"),
        (["duration_ms>fast"], "with a number, not with 'fast'"),
        (["input_tokens=1.5"], "whole numbers"),
        (["agent>a"], "no number"),
        (["time>2026-01-01"], "by since and until"),
        (["time=2026-01-01"], "by since and until"),
        (["duration_ms=nan"], "finite"),
        (["agent=", "agent=a"], "with and without"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_to_do(texts: list[str], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        parse_filters(texts)
