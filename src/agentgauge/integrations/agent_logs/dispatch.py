"""One file of one source, read line by line."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from agentgauge.errors import ImportFormatError
from agentgauge.integrations.agent_logs import claude_code, codex, pi
from agentgauge.integrations.agent_logs.lines import Line, numbered_lines
from agentgauge.integrations.agent_logs.normalise import decoded_or_none, digest
from agentgauge.integrations.agent_logs.reading import SOURCES, BrokenLine, LogReading, Source
from agentgauge.integrations.agent_logs.transcript import Transcript

_TRIED_LINES = 50
_UNREADABLE = (msgspec.DecodeError, ValueError, OverflowError, RecursionError)
"""What a line can raise: malformed, of another shape, lacking a key, a time beyond all years, endless nesting."""
_RECOGNISES = {"pi": pi.recognises, "claude-code": claude_code.recognises, "codex": codex.recognises}
_decode_keys = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode


def read(source: Source, path: Path, *, now: datetime, shift: timedelta = timedelta(0)) -> LogReading:
    """The events of the log file at `path`.

    `now` is the aware time of the import: it becomes the events' `arrived` and tells whether the session may still be
    running. `shift` is added to every time (the demo moves a session to end now); identities do not change with it.

    Raises `ImportFormatError` where the file is not a log of `source`, saying what it looks like, and `OSError` where
    it cannot be read. Lines that are broken are skipped and named in the result.
    """
    if source not in SOURCES:
        raise ImportFormatError(f"{source!r} is not a known source of logs; use one of {', '.join(SOURCES)}")
    transcript = Transcript(source)
    parser = _parser(source, transcript, path)
    recognised, broken, tried = 0, [], []
    lines = 0
    seen: set[str] = set()
    for line in numbered_lines(path):
        lines += 1
        # A line that is there twice byte for byte was copied; Codex's running totals would take it for a new start.
        fingerprint = digest(line.data)
        if fingerprint in seen:
            continue
        try:
            recognised += _feed(parser, source, line)
            seen.add(fingerprint)
        except _UNREADABLE as error:
            broken.append((line, str(error)))
        if not recognised:
            tried.append(line.data)
            if len(tried) == _TRIED_LINES:
                break
    if not recognised and tried:
        raise ImportFormatError(f"{path} is not a log of {source}: it looks like {_looks_like(tried)}")
    half_written = _half_written(broken, transcript, now)
    events, unsettled = transcript.events(now, shift)
    return LogReading(
        source=source,
        file=path,
        events=events,
        broken=tuple(BrokenLine(path, line.number, line.offset, reason) for line, reason in broken),
        unsettled=unsettled + half_written,
        lines=lines,
        stated_cost_usd=transcript.stated_cost_usd,
    )


def _parser(source: Source, transcript: Transcript, path: Path) -> pi.Parser | claude_code.Parser | codex.Parser:
    if source == "pi":
        return pi.Parser(transcript)
    if source == "codex":
        return codex.Parser(transcript)
    return claude_code.Parser(transcript, path)


def _feed(parser: pi.Parser | claude_code.Parser | codex.Parser, source: Source, line: Line) -> bool:
    """Whether the line is an entry that the source is known to write. Raises with the reason where it cannot be read.

    An entry of a type not known here is passed over: agents add types, and those that carry usage are read.
    """
    keys = _keys(line.data)
    if keys is None:
        raise ValueError("not a JSON object")
    if _RECOGNISES[source](keys):
        parser.feed(line)
        return True
    if keys.get("type") is None:
        raise ValueError(f"not an entry of {source}: {_described(keys)}")
    return False


def _keys(data: bytes) -> dict[str, Any] | None:
    """A line's keys, and the type's value where that is text, else None; None for a line that is no object."""
    try:
        raw: dict[str, Any] = dict(_decode_keys(data))
    except msgspec.ValidationError:
        return None
    if "type" in raw:
        raw["type"] = decoded_or_none(_decode_text, raw["type"])
    return raw


def _half_written(broken: list[tuple[Line, str]], transcript: Transcript, now: datetime) -> int:
    """Take a last line that is just being written off the list of the broken ones; 1 where there was one."""
    if transcript.is_running(now) and broken and not broken[-1][0].complete:
        broken.pop()
        return 1
    return 0


def _looks_like(tried: list[bytes]) -> str:
    if tried[0].startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16 text; convert it to UTF-8"
    for data in tried:
        try:
            keys = _keys(data)
        except _UNREADABLE:
            continue
        if keys is None:
            continue
        for source, recognises in _RECOGNISES.items():
            if recognises(keys):
                return f"a log of {source}"
        return f"JSON with {_described(keys)}"
    return "something that is not JSON lines"


def _described(keys: dict[str, Any]) -> str:
    return f"type {keys['type'][:40]!r}" if keys.get("type") else f"keys {', '.join(sorted(keys)[:6])}"
