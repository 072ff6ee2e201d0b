"""Where spans and points come from: the resource that they are of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from agentgauge.events import fields
from agentgauge.integrations.otlp.attributes import Pair, bounded, sort
from agentgauge.integrations.otlp.table import Table

_SCOPE = frozenset(fields.SCOPE_NAMES) - frozenset(fields.ID_NAMES)
_UNNAMED = "unknown_service"
"""What SDKs call a service that nobody has named, alone or with the program's name behind a colon."""


class Origin(msgspec.Struct, frozen=True):
    scope: dict[str, str]
    """What the resource says of the scope of all that comes from it."""
    attributes: dict[str, Any]
    """Those of the resource that are kept with each event."""


def origin_of(pairs: Iterable[Pair], table: Table, projects: frozenset[str] | None) -> Origin:
    """`projects` are those that the sender may record into, None for all.

    A project is stated by a name of our own, or taken from the service's. What is taken is no statement: where the
    sender may not record into it, it is left to what the sender is bound to.
    """
    said = sort(pairs, table)
    scope = {name: value for name, value in said.stated.items() if name in _SCOPE}
    kept = bounded((pair for pair in said.others if pair[0] in table.resource), {})
    kept = {name: value for name, value in kept.items() if str(value).partition(":")[0] != _UNNAMED}
    if "project" not in scope:
        for name in table.project:
            value = kept.get(name)
            if type(value) is str and (projects is None or value in projects):
                scope["project"] = value
                del kept[name]
                break
    return Origin(scope, kept)
