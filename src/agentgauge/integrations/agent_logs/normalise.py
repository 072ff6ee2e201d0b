"""From the logs' words and numbers to an event's: identities, money, durations, projects, times."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated, TypeVar

import msgspec

from agentgauge.events.fields import MONEY_STEP

Decoded = TypeVar("Decoded")

TokenCount = Annotated[int, msgspec.Meta(ge=0, le=1 << 50)]
"""What a log may state: more is damage, and sums of a few stay below what an event holds."""

_UNIQUE_LENGTH = 20
_ERROR_TYPE = re.compile(r'"type"\s*:\s*"(\w+_error)"')
_HTTP_STATUS = re.compile(r"(?:^|\b[Ee]rror:?\s+)([45]\d\d)\b")


def unique(identity: str | None) -> str | None:
    """An id that stands alone: UUIDs and the ids of APIs do, shorter ones are counted anew in each session."""
    return identity if identity is not None and len(identity) >= _UNIQUE_LENGTH else None


def digest(data: bytes) -> str:
    """Identity of a line that has none of its own: 128 bits of its bytes."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def milliseconds(start: datetime | None, end: datetime | None) -> float | None:
    """The time between, None where an end is unknown or lies before the start (a clock was set)."""
    if start is None or end is None or end < start:
        return None
    return (end - start) / timedelta(milliseconds=1)


def reported_cost(amount: Decimal | None) -> Decimal | None:
    """A cost as an exact amount of USD, rounded half to even to the 12 places that are kept.

    The log's number is read from its digits, which are the shortest that name the writer's double: no float in
    between. None for amounts below zero and beyond what a price can be.
    """
    if amount is None or not 0 <= amount < 1_000_000:
        return None
    try:
        return amount.quantize(MONEY_STEP)
    except InvalidOperation:  # more digits than the context's precision
        return None


def project_of(folder: str | None) -> str | None:
    """The last part of a working directory, of either kind of path."""
    return None if folder is None else folder.replace("\\", "/").rstrip("/").rpartition("/")[2] or None


def in_utc(time: datetime) -> datetime:
    """The same moment in UTC; a time without zone is UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def decoded_or_none(decode: Callable[[bytes], Decoded], data: bytes) -> Decoded | None:
    """A part of a line that may take any shape: decoded where it has the one looked for, else None."""
    try:
        return decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def error_type(message: str | None) -> str:
    """An API's own name of an error, else its HTTP status; nothing else of the message is kept."""
    if named := _ERROR_TYPE.search(message or ""):
        return named[1]
    status = _HTTP_STATUS.search(message or "")
    return f"http_{status[1]}" if status else "request_failed"
