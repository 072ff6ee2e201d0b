"""Model names like one that no price is known for: what a person may have meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from agentgauge.pricing import catalog
from agentgauge.pricing.names import GATEWAYS, PROVIDERS, parse, vendor_name


def near_names(model: str, most: int = 5) -> tuple[str, ...]:
    """Listed names that resemble `model`, the nearest first; without its route, which seldom is what was mistyped."""
    wanted = vendor_name(parse(model).forms[-1])
    others = dict.fromkeys(name for name in catalog.names() if name != wanted)  # itself: listed, and withdrawn since
    near = difflib.get_close_matches(wanted, others, n=most, cutoff=0.6)
    return tuple(near or _having_a_word_like(wanted, others, most))


def _having_a_word_like(wanted: str, names: Iterable[str], most: int) -> list[str]:
    """Of `sonet` the names with `sonnet`, the shortest first: the plain ones before their dated snapshots."""
    words = {name: set(re.split(r"[-_.:/]", name)) for name in names}
    known = sorted({word for parts in words.values() for word in parts if len(word) > 2})
    like = set(difflib.get_close_matches(wanted, known, n=1, cutoff=0.75))
    return sorted((name for name, parts in words.items() if parts & like), key=lambda name: (len(name), name))[:most]


def providers() -> tuple[str, ...]:
    """The providers whose prices are known, by the names that are listed."""
    return catalog.providers()


def is_provider(name: str) -> bool:
    """Whether a stated provider's name means one whose prices are known, or a gateway, which bills nothing itself."""
    stated = name.strip().lower()
    return stated in GATEWAYS or PROVIDERS.get(stated, stated) in catalog.providers()
