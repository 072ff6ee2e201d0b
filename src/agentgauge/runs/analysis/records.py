"""What is kept of a run to compare it with others: a few hundred bytes, and a hundred for each of its issues.

Durations are seconds, money is exact, quality 0-100; NaN is a number that is not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from agentgauge.runs.documents import as_plain
from agentgauge.runs.models import SystemConfig
from agentgauge.runs.text import text_of

Source = Literal["stream", "files"]
Count = Annotated[int, msgspec.Meta(ge=0)]
Setting = str | int | float | bool | None
Configuration = tuple[tuple[str, Setting], ...]
"""What a run was made with, as names and values, in an order that equal configurations share."""

LLM_FIELDS = ("provider", "model", "temperature", "max_tokens", "top_p")
SYSTEM_FIELDS = ("max_retries", "min_coverage_percent", "execution_mode")
SETTINGS = (*(f"llm_{name}" for name in LLM_FIELDS), *SYSTEM_FIELDS)
"""Those that every configuration has; the user's own fields come after them."""


class IssueRecord(msgspec.Struct, frozen=True):
    """Work on one issue in one run."""

    issue: str
    success: bool | None
    """None without an outcome: still open, or skipped."""
    seconds: float
    cost_usd: Decimal | None
    """Of what was called for it; None where it is not known: an unpriced call, or no call recorded."""
    quality_sum: float
    quality_count: Count
    """Scores of its agents' executions, added up, and how many there are."""


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    run_id: str
    project: str | None
    config: Configuration
    status: str
    started: datetime | None
    seconds: float
    """From its start to its end."""
    issues: tuple[IssueRecord, ...]
    calls: Count
    unpriced_calls: Count
    priced_usd: Decimal
    """Of the calls with a price, and of tools."""
    tokens: Count
    quality_sum: float
    quality_count: Count
    """As of issues; those of agents outside any issue included."""
    pipelines: Count
    green_pipelines: Count
    debugging_cycles: Count
    errors: Count
    source: Source
    is_whole: bool = True
    """Its start is known; a stream from which the oldest events have expired may have lost it."""

    @property
    def processed(self) -> int:
        """Issues with an outcome."""
        return sum(1 for issue in self.issues if issue.success is not None)

    @property
    def resolved(self) -> int:
        return sum(1 for issue in self.issues if issue.success)

    @property
    def cost_usd(self) -> Decimal | None:
        """None where it is not known."""
        return known_cost(self.priced_usd, self.calls, self.unpriced_calls)

    @property
    def quality(self) -> float:
        return self.quality_sum / self.quality_count if self.quality_count else math.nan

    def setting(self, name: str) -> Setting:
        return dict(self.config).get(name)


def known_cost(priced_usd: Decimal, calls: int, unpriced_calls: int) -> Decimal | None:
    """What work cost; None where a call of it has no price, and where no call of it was recorded: neither is free."""
    return None if unpriced_calls or not (calls or priced_usd) else priced_usd


def configuration(config: SystemConfig | None, models: Iterable[str] = ()) -> Configuration:
    """A run's configuration. Where it names no model, those that its calls name."""
    config = config or SystemConfig()
    llm = config.llm
    values: dict[str, Any] = {f"llm_{name}": getattr(llm, name) for name in LLM_FIELDS}
    values["llm_model"] = values["llm_model"] or " + ".join(sorted(models)) or None
    values |= {name: getattr(config, name) for name in SYSTEM_FIELDS}
    extra = _flat(llm.extra, "llm_") | _flat(config.extra, "")
    values |= {name: extra[name] for name in sorted(extra) if name not in values and extra[name] is not None}
    return tuple((name, _setting(value)) for name, value in values.items())


def _flat(extra: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {f"{prefix}{name}": value for name, value in extra.items()}


def _setting(value: object) -> Setting:
    """A value as it can be compared and be a key: 1 and 1.0 are one, a list is its text."""
    plain = as_plain(value)
    if isinstance(plain, float) and plain.is_integer():
        return int(plain)
    return plain if plain is None or isinstance(plain, str | int | float) else text_of(plain)
