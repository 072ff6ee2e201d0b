"""Events that keep the rules of their kind, for property tests."""

from __future__ import annotations

from datetime import timedelta, timezone
from decimal import Decimal

from hypothesis import strategies as st

from agentgauge.events import Event, fields, kinds
from agentgauge.events.event import from_micros
from agentgauge.events.fields import Field
from agentgauge.events.kinds import Kind

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)
TIMES = st.integers(0, 4_000_000_000_000_000).map(from_micros)
ZONED = st.builds(lambda moment, minutes: moment.astimezone(_zone(minutes)), TIMES, st.integers(-720, 720))
WORDS = {
    "outcome": fields.OUTCOMES,
    "severity": fields.SEVERITIES,
    "cost_source": fields.COST_SOURCES,
    "recovery": fields.RECOVERIES,
    "tier": fields.TIERS,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


def _zone(minutes: int) -> timezone:
    return timezone(timedelta(minutes=minutes))


def value_of(field: Field) -> st.SearchStrategy[object]:
    if field.name in WORDS:
        return st.sampled_from(WORDS[field.name])
    if field.name == "quality_score":
        return st.floats(0, 100)
    return {
        "text": TEXT,
        "whole": st.integers(0, 1000),
        "real": st.floats(0, 1e12),
        "money": st.decimals(0, 999_999, places=12).map(Decimal),
        "time": ZONED,
        "json": st.dictionaries(TEXT, JSON, max_size=3),
    }[field.type]


def _event(kind: Kind) -> st.SearchStrategy[Event]:
    own = (*fields.COMMON, *fields.SCOPE, *kind.fields)
    required = {"time": ZONED} | {name: value_of(fields.BY_NAME[name]) for name in kind.required}
    if kind.name == "satisfaction":
        required["value"] = st.floats(0, 1)
    optional = {
        field.name: st.none() | value_of(field)
        for field in own
        if field.name not in required and field.name != "kind" and field.type != "whole"
    }
    return st.builds(
        lambda given, tokens: Event(kind=kind.name, **given, **(tokens if kind.name == "llm_call" else {})),
        st.fixed_dictionaries(required, optional=optional),
        st.fixed_dictionaries(
            {
                "input_tokens": st.integers(3000, 2**50),
                "output_tokens": st.integers(1000, 2**50),
                **{name: st.integers(0, 1000) for name in fields.TOKEN_NAMES[2:]},
            }
        ),
    )


EVENTS = st.one_of([_event(kind) for kind in kinds.KINDS])
