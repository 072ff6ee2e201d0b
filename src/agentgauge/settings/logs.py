"""Settings of what a server logs, to its standard error.

AGENTGAUGE_LOG_FORMAT    text or json (default: text on a terminal, else json: one object a line)
AGENTGAUGE_LOG_LEVEL     debug, info, warning or error (default: info). Info has a line for each request, debug the
                         traces of faults
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from agentgauge.errors import SettingsError

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    format: LogFormat | None = None
    """None: as the stream asks for."""
    level: LogLevel = "info"


def get_log_settings(env: Mapping[str, str]) -> LogSettings:
    """Raises `SettingsError` naming the variable and the values it takes."""
    return LogSettings(
        format=_one_of(env, "AGENTGAUGE_LOG_FORMAT", get_args(LogFormat)) or None,  # type: ignore[arg-type]
        level=_one_of(env, "AGENTGAUGE_LOG_LEVEL", get_args(LogLevel)) or "info",  # type: ignore[arg-type]
    )


def _one_of(env: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    value = env.get(name, "").strip().lower()
    if value and value not in words:
        raise SettingsError(f"{name}={value!r}: use one of {', '.join(words)}")
    return value
