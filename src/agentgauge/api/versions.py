"""Versions of what several people change: an `ETag` begins with one, `"3.…"`, and `If-Match` names the one that a
change is meant for.
"""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

from fastapi import Header

from agentgauge.errors import Outdated

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        max_length=200,
        description="Its `ETag`: change it only where it is this.",
        examples=['"1.9f86d081884c7d65"'],
    ),
]
_TAG = re.compile(r'(?:W/)?"(\d{1,15})(?:\.[^"]*)?"')


def version_named(if_match: str | None, what: str) -> int | None:
    """The version that `If-Match` names; None of any. Raises `Outdated` for a text that is no tag of a `what`."""
    if if_match is None or if_match.strip() == "*":
        return None
    named = _TAG.fullmatch(if_match.strip())
    if named is None:
        raise Outdated(f"If-Match is {if_match[:40]!r}, which no {what} is: send the ETag that it was read with")
    return int(named[1])


def version_tag(version: int, body: bytes) -> str:
    """The `ETag` of a body: whoever sends it back means this version."""
    return f'"{version}.{hashlib.sha256(body).hexdigest()[:16]}"'
