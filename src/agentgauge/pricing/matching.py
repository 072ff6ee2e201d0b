"""Whether a model name is the model that a genai-prices clause describes, and not merely one that contains its text.

genai-prices matches much by `starts_with` and `contains`, so `claude-opus-4-5-mini` or `my-o4-mini-clone` would take
another model's price. What such a clause leaves over must therefore be a region, a vendor, a date or a revision.
"""

from __future__ import annotations

import re
from typing import Any

_BEFORE = re.compile(r"(?:[a-z]{2,6}(?:-gov)?\.)?(?:[a-z0-9]+\.)?")
_AFTER = re.compile(
    r"(?:[-@:._]?20\d{6}|[-@_]?20\d\d-\d\d-\d\d|[-@_]?\d\d-(?:20\d\d|\d\d)|-?\d{3,4}|[-_]v\d+(?::\d+)?|:\d+k?"
    r"|[-@]?(?:latest|default|preview|exp|experimental|beta|stable))*"
)


def is_model(clause: Any, ref: str) -> bool:
    """True where `clause`, of genai-prices, holds for `ref` (lower case) and leaves no other model's name over."""
    match type(clause).__name__:
        case "ClauseOr":
            return any(is_model(part, ref) for part in clause.or_)
        case "ClauseAnd":
            return bool(clause.is_match(ref)) and any(is_model(part, ref) for part in clause.and_)
        case "ClauseEquals":
            return bool(clause.is_match(ref))
        case "ClauseStartsWith":
            start = clause.starts_with.lower()
            return ref.startswith(start) and (start.startswith("ft:") or _is_suffix(ref[len(start) :]))
        case "ClauseEndsWith":
            end = clause.ends_with.lower()
            return ref.endswith(end) and _is_prefix(ref[: len(ref) - len(end)])
        case "ClauseContains":
            before, found, after = ref.partition(clause.contains.lower())
            return bool(found) and _is_prefix(before) and _is_suffix(after)
        case "ClauseRegex":
            found_at = re.search(clause.regex, ref)
            if found_at is None or found_at.end() == found_at.start():
                return False
            return _is_prefix(ref[: found_at.start()]) and _is_suffix(ref[found_at.end() :])
        case unknown:
            raise NotImplementedError(
                f"genai-prices has a new match clause {unknown}; agentgauge.pricing.matching must learn it"
            )


def _is_prefix(text: str) -> bool:
    return _BEFORE.fullmatch(text) is not None


def _is_suffix(text: str) -> bool:
    return _AFTER.fullmatch(text) is not None
