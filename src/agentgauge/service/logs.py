"""What a server logs to its standard error: lines of JSON, or text for a person at a terminal.

Own lines, uvicorn's and those of libraries go the same way. A line has time, level, logger, message and what its logger
adds; never a key, a password, a query or a body. A fault is told by its class and the place in our code that it went
through; its trace only where the level is debug, since the words of errors repeat values.

A line of JSON costs some 20 us, writing it included.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from typing import IO, Any

import msgspec

from agentgauge.service.security.redaction import redacted
from agentgauge.settings.logs import LogSettings
from agentgauge.settings.unknown import unknown_variables

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_encode = msgspec.json.Encoder(enc_hook=str).encode


def set_up_logs(settings: LogSettings, stream: IO[str] | None = None) -> None:
    """Log as the settings say, in this process and those that it forks. Of libraries only what needs attention."""
    stream = stream or sys.stderr
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    handler = logging.StreamHandler(stream)
    as_json = settings.format == "json" or (settings.format is None and not stream.isatty())
    handler.setFormatter((JsonLines if as_json else TextLines)(with_traces=level <= logging.DEBUG))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING))
    logging.getLogger("agentgauge").setLevel(level)
    logging.captureWarnings(True)


def warn_of_unknown_settings() -> None:
    """Of variables in the environment that are mistyped, or do nothing here; once, when a server begins."""
    for said in unknown_variables(os.environ):
        logging.getLogger("agentgauge.server").warning("%s", said)
    if os.environ.get("AGENTGAUGE_ENDPOINT"):
        logging.getLogger("agentgauge.server").warning(
            "AGENTGAUGE_ENDPOINT does nothing here: a server keeps what it is sent, and sends nothing on"
        )


class _Lines(logging.Formatter):
    def __init__(self, *, with_traces: bool) -> None:
        super().__init__()
        self._with_traces = with_traces

    def _fault(self, record: logging.LogRecord) -> str | None:
        if not record.exc_info or record.exc_info[0] is None:
            return None
        if self._with_traces:
            return redacted("".join(traceback.format_exception(*record.exc_info)).rstrip())
        kind, _, trace = record.exc_info
        frames = traceback.extract_tb(trace)
        ours = [frame for frame in frames if "/agentgauge/" in frame.filename.replace("\\", "/")] or frames
        place = f" at {ours[-1].filename.replace(chr(92), '/').rpartition('/agentgauge/')[2]}:{ours[-1].lineno}"
        return f"{kind.__qualname__}{place if ours else ''}"


class JsonLines(_Lines):
    """`{"time": "2026-11-21T10:02:31.204531Z", "level": "info", "logger": "agentgauge.server", "message": "..."}`"""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redacted(record.getMessage()),
            **_added(record),
        }
        if (fault := self._fault(record)) is not None:
            line["error"] = fault
        return _encode(line).decode()


class TextLines(_Lines):
    """`10:02:31.204 info     GET /api/v1/metrics/summary status=200 ms=3.1 ...`"""

    def format(self, record: logging.LogRecord) -> str:
        clock = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        added = "".join(f" {name}={value}" for name, value in _added(record).items() if value is not None)
        line = f"{clock}.{int(record.msecs):03} {record.levelname.lower():8} {redacted(record.getMessage())}{added}"
        fault = self._fault(record)
        return line if fault is None else f"{line}: {fault}"


def _added(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller gave with `extra`."""
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}
