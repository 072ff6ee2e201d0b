"""The text of anything: names and ids as callers give them. Never raises."""

from __future__ import annotations

from enum import Enum

from agentgauge.interruption import is_interruption


def text_of(value: object) -> str:
    """Names and ids: text as it is, a member of an enum as its value, anything else as its text."""
    if type(value) is str:
        return value
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return str.__str__(value)
    try:
        return str(value)
    except Exception as unspeakable:  # the __str__ of somebody's object
        if is_interruption(unspeakable):
            raise
        return type(value).__name__
