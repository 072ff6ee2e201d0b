"""What a server logs, line by line."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from agentgauge.service.logs import set_up_logs
from agentgauge.settings.logs import LogLevel, LogSettings, get_log_settings

KEY = "agk_0123abcd_" + "9" * 48


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("agentgauge")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    logging.captureWarnings(False)


def _to(stream: io.StringIO, level: LogLevel = "info", *, text: bool = False) -> logging.Logger:
    set_up_logs(LogSettings(format="text" if text else "json", level=level), stream)
    return logging.getLogger("agentgauge.test")


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def _fail() -> None:
    raise ValueError(f"a value with {KEY}")


def test_a_line_has_time_level_logger_message_and_what_was_added() -> None:
    stream = io.StringIO()
    _to(stream).info("%s of %s", 1, 2, extra={"status": 200})
    (line,) = _lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "logger": "agentgauge.test", "message": "1 of 2", "status": 200}


def test_keys_and_passwords_are_not_written() -> None:
    stream = io.StringIO()
    _to(stream).warning("%s at %s", KEY, "postgresql://me:secret@db/x")
    assert "9999" not in stream.getvalue()
    assert "secret" not in stream.getvalue()
    assert "agk_0123abcd" in stream.getvalue()


@pytest.mark.parametrize(("level", "trace"), [("info", False), ("debug", True)])
def test_a_fault_is_told_by_class_and_place_and_only_debug_has_its_trace(level: LogLevel, trace: bool) -> None:
    stream = io.StringIO()
    log = _to(stream, level)
    try:
        _fail()
    except ValueError:
        log.exception("it failed")
    (line,) = _lines(stream)
    assert "ValueError" in line["error"]
    assert ("Traceback" in line["error"]) is trace
    assert ("a value with" in line["error"]) is trace
    assert "9999" not in line["error"]


def test_text_is_one_line_for_a_person() -> None:
    stream = io.StringIO()
    _to(stream, text=True).info("GET /x", extra={"status": 200, "ms": 3.1})
    assert stream.getvalue().rstrip().endswith(" info     GET /x status=200 ms=3.1")


def test_libraries_are_heard_from_warning_on_and_ours_from_the_level() -> None:
    stream = io.StringIO()
    log = _to(stream, "warning")
    log.info("not this")
    logging.getLogger("uvicorn.error").info("nor this")
    logging.getLogger("apscheduler").warning("but this")
    assert [line["message"] for line in _lines(stream)] == ["but this"]


def test_settings_come_from_the_environment() -> None:
    assert get_log_settings({"AGENTGAUGE_LOG_FORMAT": "JSON", "AGENTGAUGE_LOG_LEVEL": "debug"}) == LogSettings(
        format="json", level="debug"
    )
    assert get_log_settings({}).format is None
