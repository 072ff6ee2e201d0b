"""The kinds of events, declared once, as data.

A kind says which fields its events may carry besides time, scope, name and attributes, whether an event of it counts as
a *task* (a finished piece of an agent's work, which the documents call an operation) and whether it *carries usage*.
Tokens and money are summed over events of kinds that carry usage and over nothing else, so a task or a run that repeats
its children's totals is never counted twice.
"""

from __future__ import annotations

import msgspec

from agentgauge.events import fields
from agentgauge.events.fields import Field


class Kind(msgspec.Struct, frozen=True):
    name: str
    fields: tuple[Field, ...]
    required: tuple[str, ...] = ()
    is_task: bool = False
    carries_usage: bool = False


KINDS: tuple[Kind, ...] = (
    Kind(
        "llm_call",
        (*fields.MODEL, *fields.TOKENS, *fields.TIMING, *fields.COST, *fields.ERROR),
        required=("model",),
        carries_usage=True,
    ),
    Kind("tool_call", (*fields.TIMING, *fields.COST, *fields.ERROR), required=("name",), carries_usage=True),
    Kind("task", (*fields.TIMING, *fields.QUALITY, *fields.ERROR), required=("name",), is_task=True),
    Kind("error", (*fields.ERROR,), required=("error_type",)),
    Kind("measurement", (*fields.MEASUREMENT,), required=("name", "value")),
    Kind("satisfaction", (*fields.MEASUREMENT,), required=("value",)),
    Kind("feature_usage", (*fields.TIMING, *fields.ERROR)),
    Kind("pipeline", (*fields.TIMING, *fields.ERROR), required=("name",)),
    Kind("debugging_cycle", (*fields.TIMING, *fields.ERROR)),
    Kind("mark", (*fields.TIMING,), required=("name",)),
    Kind("step", (*fields.TIMING, *fields.ERROR), required=("name",)),
)
"""`tool_call` may cost money (a paid search, a browser minute) and so carries usage; its cost is only ever reported.
`satisfaction` is a person's score on 0-1 in `value`. `feature_usage` is one use of a feature by a person, `pipeline`
one attempt of a CI pipeline (named by its id), `debugging_cycle` one round of finding and mending errors. `mark` is a
milestone; `agentgauge.events.marks` names those that this package writes itself. `step` is a span that is neither task
nor call: a part of the work, known for what is inside it."""

BY_NAME = {kind.name: kind for kind in KINDS}
TASK_KINDS = tuple(kind.name for kind in KINDS if kind.is_task)
USAGE_KINDS = tuple(kind.name for kind in KINDS if kind.carries_usage)
