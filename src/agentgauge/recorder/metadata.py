"""A user's own fields beside ours, in one flat set of attributes.

The vocabularies keep fields of their own in an event's attributes (a pipeline's id, a metric's category), and so does
the user: `metadata={"algorithm": "v2"}` is the dimension `algorithm` of every question. Where the user has a name of
ours, theirs is kept as `metadata.<name>`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

_MOVED = "metadata."


def merged(metadata: Mapping[str, Any] | None, own: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Attributes that hold both: `own`, without what is None, and the user's `metadata`.

    `names` are all names of ours, used in this event or not.
    """
    attributes = {name: value for name, value in own.items() if value is not None}
    for name, value in (metadata or {}).items():
        attributes[_MOVED + name if name in names or name.startswith(_MOVED) else name] = value
    return attributes


def users_own(attributes: Mapping[str, Any] | None, names: Collection[str]) -> dict[str, Any]:
    """The metadata that `merged` was given."""
    return {name.removeprefix(_MOVED): value for name, value in (attributes or {}).items() if name not in names}
