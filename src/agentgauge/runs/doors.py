"""What callers give at the doors of document 000, as the recorder takes it. Nothing raises after construction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard

from agentgauge.errors import SettingsError
from agentgauge.events import fields
from agentgauge.interruption import is_interruption
from agentgauge.recorder.failure import failure_of
from agentgauge.runs.entries import DIGEST
from agentgauge.runs.models import LLMConfig, SystemConfig
from agentgauge.runs.text import text_of
from agentgauge.runs.tracebacks import traceback_digest


def check_arguments(config: object, storage: object) -> None:
    """Raise `SettingsError` for what a collector cannot be made with: the one thing here that raises."""
    if config is not None and not isinstance(config, SystemConfig):
        raise SettingsError(f"config is of SystemConfig, got {type(config).__name__}: SystemConfig(llm=LLMConfig(...))")
    llm: object = None if config is None else config.llm
    if llm is not None and not isinstance(llm, LLMConfig):
        raise SettingsError(f"llm of the config is of LLMConfig, got {type(llm).__name__}: LLMConfig(provider, model)")
    if storage is not None and not hasattr(storage, "save_issue_metrics"):
        raise SettingsError(f"storage is of MetricsStorage, got {type(storage).__name__}: MetricsStorage(base_dir)")


def optional_text(value: object) -> str | None:
    return None if value is None else text_of(value)


def utc(moment: Any) -> Any:
    """A time without zone is UTC here; what is no time is left for the recorder to refuse."""
    return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) and moment.tzinfo is None else moment


def milliseconds(seconds: Any) -> Any:
    """None and NaN are not known; what is no number is left for the recorder to refuse."""
    if type(seconds) is float or type(seconds) is int:
        return None if seconds != seconds else seconds * 1000.0
    try:
        return None if seconds is None or seconds != seconds else seconds * 1000.0
    except Exception as unusable:  # the arithmetic of somebody's object
        if is_interruption(unusable):
            raise
        return seconds


def known(value: Any) -> Any:
    """None for NaN."""
    try:
        return None if value is None or value != value else value
    except Exception as unusable:  # the __ne__ of somebody's object
        if is_interruption(unusable):
            raise
        return value


def member(thing: Any, name: str) -> Any:
    """An attribute of an object, or a value of a mapping; None where it has none."""
    try:
        return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)
    except Exception as unreadable:  # a property of somebody's object
        if is_interruption(unreadable):
            raise
        return None


def texts(values: Any) -> list[str] | None:
    """A list of texts: of one text, or of several things; None of nothing."""
    if values is None:
        return None
    if isinstance(values, str):
        return [values]
    try:
        return [text_of(value) for value in values]
    except Exception as unusable:  # no iterable, or one that raises
        if is_interruption(unusable):
            raise
        return [text_of(values)]


# Words


def truth(value: Any) -> bool | None:
    """True or False of what says either; None of what is not known."""
    if value is None or value is True or value is False:
        return value
    try:
        return bool(value)
    except Exception as undecided:  # the __bool__ of somebody's object
        if is_interruption(undecided):
            raise
        return None


def outcome(word: object) -> str | None:
    """An outcome; None of a word that is none."""
    return word if isinstance(word, str) and word in fields.OUTCOMES else None


def severity(word: object) -> tuple[str | None, str | None]:
    """A severity; of a word that is none, the nearest, and the word."""
    text = text_of(word).lower() if word is not None else "error"
    return (text, None) if text in fields.SEVERITIES else (_SEVERITIES.get(text, "error"), text)


def recovery(word: object) -> tuple[str | None, str | None]:
    """Whether an error was recovered from; of a word that does not say so, None and the word."""
    if word is None or isinstance(word, bool):
        return (None if word is None else "succeeded" if word else "failed"), None
    text = text_of(word).lower()
    return (text, None) if text in fields.RECOVERIES else (None, text)


_SEVERITIES = {
    "fatal": "critical",
    "high": "error",
    "medium": "warning",
    "warn": "warning",
    "low": "info",
    "debug": "info",
}


def is_aware(moment: object) -> TypeGuard[datetime]:
    try:
        return isinstance(moment, datetime) and moment.utcoffset() is not None
    except Exception as unusable:  # the time zone of somebody's; the recorder refuses it too
        if is_interruption(unusable):
            raise
        return False


def error_values(
    error: BaseException | str | None, error_type: object, error_message: object
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The error fields of what an error ended, and the digest of its traceback."""
    values: dict[str, Any] = {}
    digest: dict[str, Any] = {}
    if isinstance(error, BaseException):
        values, digest = failure_of(error), {DIGEST: traceback_digest(error)}
    elif error is not None:
        values["error_message"] = text_of(error)
    if error_type is not None:
        values["error_type"] = text_of(error_type)
    if error_message is not None:
        values["error_message"] = text_of(error_message)
    return values, digest
