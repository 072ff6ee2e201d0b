"""Model names like one that no price is known for: what a person may have meant."""

from __future__ import annotations

import difflib

from agentgauge.pricing import catalog
from agentgauge.pricing.names import parse, vendor_name


def near_names(model: str, most: int = 5) -> tuple[str, ...]:
    """Listed names that resemble `model`, the nearest first; without its route, which seldom is what was mistyped."""
    wanted = vendor_name(parse(model).forms[-1])
    return tuple(difflib.get_close_matches(wanted, dict.fromkeys(catalog.names()), n=most, cutoff=0.6))
