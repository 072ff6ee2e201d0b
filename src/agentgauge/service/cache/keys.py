"""Keys of answers, readable enough to be named by patterns:

    metrics:<question>@<module of the API>:<projects>:<parameters>:<data version>[:<state changes>]
    metrics:trends@metrics.trends:*:["cost",null]:41.9f86d081884c7d65
    metrics:summary@metrics.summary:shop,web:[]:41.9f86d081884c7d65:17-0-3

Colons separate, and are percent-encoded within the parts. `*` stands for all projects, which no project's name can,
since its characters are encoded too.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from urllib.parse import quote

import msgspec

_PLAIN = '[]",{}'
_LONGEST_PARAMETERS = 300
_encode = msgspec.json.Encoder(order="sorted").encode


def question_key(name: str, projects: Collection[str] | None, parameters: Sequence[Hashable]) -> str:
    """The part of a key that names the question: equal for equal questions of those who see the same projects.

    Parameters are texts, numbers, aware times, None, and tuples, sets and structs of these.
    """
    seen = "*" if projects is None else ",".join(quote(project, safe="") for project in sorted(projects))
    asked = quote(_encode([_canonical(parameter) for parameter in parameters]).decode(), safe=_PLAIN)
    if len(asked) > _LONGEST_PARAMETERS:
        asked = blake2b(asked.encode(), digest_size=16).hexdigest()
    return f"metrics:{quote(name, safe='/@')}:{seen}:{asked}"


def answer_key(question: str, version: str, changes: Sequence[int] = ()) -> str:
    """The whole key: the question, asked of one version of the data and of the state."""
    return ":".join((question, version, *(["-".join(map(str, changes))] if changes else ())))


def _canonical(value: object) -> object:
    """Equal moments and equal sets are written in one way."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, (frozenset, set)):
        return sorted((_canonical(item) for item in value), key=_encode)
    if isinstance(value, (tuple, list)):
        return [_canonical(item) for item in value]
    return value
