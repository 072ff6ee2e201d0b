"""Patterns of keys: `*` is any text, `?` any one character, everything else itself."""

from __future__ import annotations

import re

_SPECIAL_TO_REDIS = re.compile(r"([\[\]\\^-])")


class Pattern:
    def __init__(self, text: str) -> None:
        self.text = text
        self._matches = re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL).fullmatch

    def matches(self, key: str) -> bool:
        return self._matches(key) is not None

    def behind(self, prefix: str) -> str:
        """The pattern as Redis writes it, of keys that begin with `prefix`."""
        return prefix + _SPECIAL_TO_REDIS.sub(r"\\\1", self.text)
