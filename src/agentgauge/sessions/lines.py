"""Events as lines of JSON, as document 003 writes them, and back; lines that are none are counted and passed over."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
from pydantic import ValidationError

from agentgauge.sessions.models import MetricsEvent

LONGEST_LINE_BYTES = 4 << 20
"""A longer line is no event. Reading needs no more memory than this, whatever is in the file."""

_FIRST_TOLD = 20
_REASON_CHARACTERS = 200


class CorruptedLine(msgspec.Struct, frozen=True):
    number: int
    """From 1."""
    reason: str


class Corrupted(msgspec.Struct):
    """Lines that a reading passed over."""

    count: int = 0
    first: list[CorruptedLine] = []
    """The first 20 of them."""

    def add(self, number: int, reason: str) -> None:
        self.count += 1
        if len(self.first) < _FIRST_TOLD:
            self.first.append(CorruptedLine(number, reason[:_REASON_CHARACTERS]))


def line_of(event: MetricsEvent) -> bytes:
    """One line of JSON with its newline; an event without an identity gets one, by which it lands once when it is
    recorded. Raises where its metadata cannot be JSON."""
    if event.source_id is None:
        event.event_id = os.urandom(16).hex()
    return event.model_dump_json().encode() + b"\n"


def read_lines(file: BinaryIO, end: int, corrupted: Corrupted) -> Iterator[MetricsEvent]:
    """The events in the first `end` bytes of a file, in order; empty lines are none."""
    seen: Counter[bytes] = Counter()
    for number, line in _numbered(file, end):
        if line is None:
            corrupted.add(number, f"longer than {LONGEST_LINE_BYTES} bytes")
            continue
        if not line or line.isspace():
            continue
        try:
            event = _event(line, seen)
        except ValidationError as error:
            corrupted.add(number, _explained(error))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:  # not UTF-8, or too deep to be written again
            corrupted.add(number, f"not JSON: {error}")
        else:
            yield event


def _event(line: bytes, seen: Counter[bytes]) -> MetricsEvent:
    values = msgspec.json.decode(line)
    event = MetricsEvent.model_validate(values)
    if not event.event_id:
        event.was_read(_identity(event, seen), values.get("timestamp"))
    return event


def _numbered(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes | None]]:
    """Lines with their numbers from 1; None for one that is too long."""
    number, left = 0, end
    while left > 0:
        line = file.readline(min(LONGEST_LINE_BYTES, left))
        if not line:
            return
        number += 1
        left -= len(line)
        is_whole = line.endswith(b"\n") or left <= 0
        while not line.endswith(b"\n") and left > 0:
            line = file.readline(min(LONGEST_LINE_BYTES, left))
            if not line:
                break
            left -= len(line)
        yield number, line if is_whole else None


def _identity(event: MetricsEvent, seen: Counter[bytes]) -> str:
    """Of a line that names none: what it says, and how many lines of the file have said so before."""
    digest = hashlib.blake2b(event.model_dump_json().encode(), digest_size=16).digest()
    seen[digest] += 1
    return f"line-{digest.hex()}-{seen[digest]}"


def _explained(error: ValidationError) -> str:
    """The first thing wrong, without the value: values may be anybody's texts."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "line"
    return f"{place}: {first['msg']}"
