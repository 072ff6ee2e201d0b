"""When recommendations are made: every number that a rule compares with, and what it is without further notice."""

from __future__ import annotations

import math
from collections.abc import Mapping
from difflib import get_close_matches

import msgspec

from agentgauge.errors import QueryError

_HIGHEST = 10**9
"""What amounts and times can be multiplied by and stay what can be computed with."""


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of tasks, and money, are of 30 days; a window of another length is scaled."""

    # reduce_budget, pause_agent
    low_utilization: float = 0.20
    """Share of the budget below which it is reduced, ..."""
    few_tasks: float = 10
    """... where the agent also had fewer tasks than this."""
    rare_tasks: float = 5
    """Tasks below which the agent is paused."""
    budget_kept: float = 0.5
    """Share of the budget that is left when it is reduced."""

    # increase_capacity
    high_quality: float = 85.0
    free_capacity: float = 0.5
    """Share of the budget that is free, above which it may grow."""
    capacity_growth: float = 1.5

    # review_agent
    high_cost_usd: float = 10.0
    low_quality: float = 60.0

    # cheaper_model
    success_margin: float = 0.05
    """How much less often a cheaper model may succeed, a ratio, ..."""
    quality_margin: float = 3.0
    """... and how many points of quality it may lose; that it loses no more has to be shown."""
    error_rate: float = 0.05
    """How often a model that loses just as much as it may is recommended all the same."""
    fewest_units: int = 20
    """Units of work of each model, below which nothing is concluded."""

    # use_cache
    fewest_calls: int = 4
    """Calls of a conversation, and ..."""
    growing_share: float = 0.8
    """... the share of them that must go on where the one before ended, for its prefix to be taken for repeated."""
    least_prefix_tokens: int = 1024
    """Prefixes that are shorter are not cached by the large providers."""
    cache_minutes: float = 5.0
    """How long a cache is kept without being read."""
    chance_error: float = 0.01
    """How often any agent is told to use a cache whose input grows by chance only."""

    # stop_retries
    fewest_retries: int = 5

    # all that save
    least_saving_usd: float = 0.01
    """Per 30 days; of the lower limit, where it is known."""

    def __post_init__(self) -> None:
        for name, value in zip(self.__struct_fields__, msgspec.structs.astuple(self), strict=True):
            if not math.isfinite(value) or value < 0:
                raise QueryError(f"threshold {name} is a number of at least 0, got {value}")
            if value > _HIGHEST:
                raise QueryError(f"threshold {name} is at most {_HIGHEST:,}, got {value}")
        for name in ("error_rate", "chance_error"):
            if not 0 < getattr(self, name) < 0.5:
                raise QueryError(f"threshold {name} is between 0 and 0.5, got {getattr(self, name)}")


def thresholds_with(changes: Mapping[str, str]) -> Thresholds:
    """The defaults with those changed that are named. Raises `QueryError` for a name of none, or what is no number."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(Thresholds)}
    values: dict[str, float] = {}
    for name, text in changes.items():
        if name not in kinds:
            near = get_close_matches(name, kinds, n=1)
            meant = f": did you mean {near[0]}?" if near else "."
            raise QueryError(f"no threshold {name!r}{meant} There are {', '.join(kinds)}")
        try:
            values[name] = kinds[name](text)
        except ValueError:
            raise QueryError(f"threshold {name} is a number, got {text!r}") from None
    return Thresholds(**values)  # type: ignore[arg-type]
