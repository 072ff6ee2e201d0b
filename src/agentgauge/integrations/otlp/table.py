"""The tables of `conventions/`, read: what each attribute of a span is for.

A table names its attributes; the order of the tables is their precedence. Another convention is another file, and a
line in `CONVENTIONS`. What an attribute is for is found out once per name and kept, for a bounded number of names.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Final

import msgspec

from agentgauge.events.fields import TOKEN_NAMES

CONVENTIONS: Final = ("own", "genai", "extensions", "others")
"""Files of `conventions/`, the first deciding where several state a field."""

TOKENS: Final = (*TOKEN_NAMES, "cache_write_tokens")
"""Fields that are numbers of tokens; `cache_write_tokens` are those written to a cache for whatever time."""
_MOST_NAMES = 8192
"""Attribute names that are remembered; others are looked up each time."""


class _Resource(msgspec.Struct, frozen=True):
    project: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


class _Content(msgspec.Struct, frozen=True):
    names: tuple[str, ...] = ()


class Convention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of `conventions/`."""

    name: str
    source: str
    kinds: dict[str, dict[str, str]] = {}
    """By attribute and its value, the kind that a span is of."""
    fields: dict[str, tuple[str, ...]] = {}
    """By field, the attributes that state it, in order of precedence."""
    resource: _Resource = _Resource()
    content: _Content = _Content()
    """What was said, asked and answered: names or patterns."""


class Use(msgspec.Struct, frozen=True, gc=False):
    """What an attribute is for."""

    field: str | None = None
    """The field that it states."""
    rank: int = 0
    """Among the attributes that state it, 0 deciding."""
    is_text: bool = False
    """The field is text."""
    kinds: dict[str, str] | None = None
    """By its value, the kind that its span is of."""
    is_left_out: bool = False
    """It is content, or its name too long."""


KEPT: Final = Use()
"""Of an attribute that no table names."""
LEFT_OUT: Final = Use(is_left_out=True)
MOST_NAME_CHARACTERS: Final = 128
"""Of an attribute's name."""


class Table:
    """All conventions as one. Safe to share between threads."""

    def __init__(self, conventions: Sequence[Convention]) -> None:
        self.conventions = tuple(conventions)
        self._patterns: list[str] = []
        self.known: dict[str, Use] = {}
        """To be looked into before `use_of` is called: a call costs as much as all the rest."""
        stated: dict[str, list[str]] = {}
        for convention in conventions:
            for field, names in convention.fields.items():
                stated.setdefault(field, []).extend(names)
            for name, kinds in convention.kinds.items():
                self.known[name] = Use(kinds=kinds)
            for name in convention.content.names:
                if "*" in name:
                    self._patterns.append(name)
                else:
                    self.known[name] = LEFT_OUT
        self.fields: dict[str, tuple[str, ...]] = {field: tuple(names) for field, names in stated.items()}
        for field, names in self.fields.items():
            is_text = field not in (*TOKENS, "cost_usd")
            self.known |= {name: Use(field, rank, is_text) for rank, name in enumerate(names)}
        self.project = tuple(name for convention in conventions for name in convention.resource.project)
        self.resource = frozenset(name for convention in conventions for name in convention.resource.attributes)

    def use_of(self, name: str) -> Use:
        use = self.known.get(name)
        if use is None:
            use = LEFT_OUT if self._is_content(name) or len(name) > MOST_NAME_CHARACTERS else KEPT
            if len(self.known) < _MOST_NAMES:
                self.known[name] = use
        return use

    def _is_content(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self._patterns)


def load() -> Table:
    """The tables that this version comes with."""
    texts = (files("agentgauge.integrations.otlp.conventions").joinpath(f"{name}.toml") for name in CONVENTIONS)
    return Table([msgspec.convert(tomllib.loads(text.read_text("utf-8")), Convention) for text in texts])
