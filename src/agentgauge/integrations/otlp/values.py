"""What holds of the values of attributes in either encoding."""

from __future__ import annotations

from math import isfinite
from typing import Final

MOST_ITEMS: Final = 64
"""Of a list or of a dict, how many are kept."""
DEEPEST: Final = 8
"""Lists and dicts in each other; what is deeper is left out."""


def real(value: float) -> object:
    """JSON has no number for what is not finite, so it is kept as its name."""
    return value if isfinite(value) else str(value)
