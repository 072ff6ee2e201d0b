"""Configurations of runs as names that a person can tell apart: only what differs between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec


def readable(documents: Sequence[str]) -> dict[str, str]:
    """By its JSON text, a name for each: `llm.temperature=0.2, execution_mode=fast`.

    What all have in common is left out; so is what a configuration leaves empty. Text that is no JSON object names
    itself.
    """
    flat = {text: dict(_flat(text)) for text in documents}
    keys = list(dict.fromkeys(key for members in flat.values() for key in members))
    telling = [key for key in keys if len({members.get(key) for members in flat.values()}) > 1]
    names = {
        text: ", ".join(f"{key}={members[key]}" for key in telling if key in members) or "(none)"
        for text, members in flat.items()
    }
    return {text: text if "" in flat[text] else name for text, name in names.items()}


def _flat(text: str) -> Iterator[tuple[str, str]]:
    """Members of a document by their path, as JSON; one without a path where it is none."""
    try:
        document = msgspec.json.decode(text)
    except msgspec.DecodeError:
        document = text
    yield from _members("", document)


def _members(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _members(f"{path}.{key}" if path else key, member)
    elif value is not None:
        yield path, value if isinstance(value, str) else msgspec.json.encode(value).decode()
