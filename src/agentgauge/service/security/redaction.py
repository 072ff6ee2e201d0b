"""Secrets out of text that goes to a log: keys keep their prefix, so that it can still be told which one was meant."""

from __future__ import annotations

import re

_SECRETS = (
    (re.compile(r"(agk_[0-9a-f]{8})_[0-9a-f]+"), r"\1_..."),
    (re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{8,}"), r"\1..."),
    (re.compile(r"(\w+://[^\s:/@]*):[^\s@/]+@"), r"\1:...@"),
    (re.compile(r"(?i)([?&](?:api_key|key|token|code|state|password|secret)=)[^&\s]+"), r"\1..."),
)


def redacted(text: str) -> str:
    """The text without keys, credentials of Authorization headers, passwords in URLs, and secrets in queries."""
    for pattern, blank in _SECRETS:
        text = pattern.sub(blank, text)
    return text
