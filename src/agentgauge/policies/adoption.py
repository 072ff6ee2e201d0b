"""What a recommendation that was accepted has saved: one measure, before and after.

A measure is an amount per operation (a task, a piece of work, a call, a day), known for units of work. What is saved is
the difference of the means times the operations since; its limits are those of the difference
(`agentgauge.analysis.pairs`, a ratio). It is what changed, not what the recommendation did: whatever else changed at
that time is in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from agentgauge.analysis.bootstrap import FEWEST
from agentgauge.analysis.pairs import Observation, contrast
from agentgauge.policies.findings import Period, Saving, saving_in, usd

AchievedStatus = Literal["measured", "too_early", "not_measurable"]
FEWEST_OPERATIONS = 20
"""Operations after the decision, and before it, below which it is too early to say."""
_CONFIDENCE = 0.95


class Achieved(msgspec.Struct, frozen=True, kw_only=True):
    status: AchievedStatus
    """too_early: too few operations since; not_measurable: nothing was to be saved, or there were too few before."""
    measure: str
    """Of what the means are: cost per task."""
    operations_before: int = 0
    operations_after: int = 0
    mean_before: float = math.nan
    """USD."""
    mean_after: float = math.nan
    so_far: Saving | None = None
    """USD since the decision, not per 30 days. Negative where it has become dearer. None unless measured."""
    per_month: Saving | None = None


def achieved(measure: str, before: Sequence[Observation], after: Sequence[Observation], since: Period) -> Achieved:
    """Observations are per unit of work: an amount, and by weight how many operations it is of. `since` is the time
    after the decision."""
    counts = [round(math.fsum(one.weight for one in part)) for part in (before, after)]
    means = [
        math.fsum(one.value for one in part) / count if count else math.nan
        for part, count in zip((before, after), counts, strict=True)
    ]
    status: AchievedStatus = "measured"
    if counts[0] < FEWEST_OPERATIONS or len(before) < FEWEST:
        status = "not_measurable"
    elif counts[1] < FEWEST_OPERATIONS or len(after) < FEWEST:
        status = "too_early"
    so_far = per_month = None
    if status == "measured":
        found = contrast(before, after, "ratio", False, _CONFIDENCE)
        amount, low, high = (value * counts[1] for value in (found.difference, found.ci_low, found.ci_high))
        least, most = (None if math.isnan(limit) else usd(limit) for limit in (low, high))
        so_far = Saving(usd(amount), least, most, found.method)
        per_month = saving_in(since, amount, (low, high), found.method)
    return Achieved(
        status=status,
        measure=measure,
        operations_before=counts[0],
        operations_after=counts[1],
        mean_before=means[0],
        mean_after=means[1],
        so_far=so_far,
        per_month=per_month,
    )
