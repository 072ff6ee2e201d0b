"""Rules: what is alerted of, from which threshold on, and how often.

A rule has a name, by which it is changed and its alerts are known. A condition is what a rule finds to hold or not:
always of one project (or of the events that name none), of one metric where the type has several, and of one agent,
operation, ... where the rule is `by` it. Of each condition one alert is open at a time.

A condition begins to hold beyond `threshold`, and is over when it was back at `clear_threshold`, or better, in
`clear_after` evaluations in a row, of which an hour has one. Rules are evaluated once an hour, those about budgets
within minutes too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import msgspec

from agentgauge.policies.alerts.kinds import DIMENSIONS, KINDS, Dimension, Kind, RuleType
from agentgauge.state.alerts import Severity, Terms

Judgement = Literal["holds", "between", "clear"]
"""Beyond the threshold; not beyond it, and not yet as good as the clear threshold; as good as that."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None in a field that its type has no use for."""

    name: str
    """Small letters, digits, `.`, `_` and `-`."""
    type: RuleType
    metric: str | None = None
    """One of the type's metrics; None: each of them."""
    project: str | None = None
    """Only its events; None: of each project, and of the events that name none."""
    agent: str | None = None
    role: str | None = None
    operation: str | None = None
    model: str | None = None
    feature: str | None = None
    user: str | None = None
    team: str | None = None
    by: Dimension | None = None
    """A condition for each of these; None: one of everything together."""
    threshold: float | None = None
    """In the unit of the type (`kinds`)."""
    clear_threshold: float | None = None
    """Where the condition is over, in the same unit; None: at the threshold."""
    clear_after: int = 1
    """Evaluations in a row that must find it over."""
    window_hours: int | None = None
    """How far back an evaluation looks."""
    min_samples: int | None = None
    """Fewer say nothing."""
    severity: Severity | None = None
    """None: as bad as what is found is."""
    remind_after_hours: int = 24
    """After which an alert that nobody acknowledged is told of again; 0: never."""
    enabled: bool = True

    @property
    def kind(self) -> Kind:
        return KINDS[self.type]

    @property
    def window(self) -> timedelta:
        """Only of a type that has one."""
        assert self.window_hours is not None
        return timedelta(hours=self.window_hours)

    @property
    def remind_after(self) -> timedelta | None:
        """None: never."""
        return timedelta(hours=self.remind_after_hours) if self.remind_after_hours else None

    @property
    def terms(self) -> Terms:
        """How its alerts are treated."""
        return Terms(remind_after=self.remind_after, clear_after=self.clear_after)

    @property
    def metrics(self) -> tuple[str, ...]:
        """What it watches of its type's metrics."""
        return self.kind.metrics if self.metric is None else (self.metric,)

    @property
    def filters(self) -> dict[str, str]:
        """Columns of events and the values that they must have."""
        return {name: value for name in ("project", *DIMENSIONS) if (value := getattr(self, name)) is not None}

    @property
    def sentence(self) -> str:
        """What it alerts of, in half a sentence."""
        fields = {"metric": self.metric or "any metric", "threshold": self.threshold, "window_hours": self.window_hours}
        over = "" if self.clear_threshold is None else f", over at {self.clear_threshold:g}"
        where = "".join(f", {name} {value}" for name, value in self.filters.items())
        return f"{self.kind.watches.format(**fields)}{over}{where}{'' if self.by is None else f', per {self.by}'}"

    def condition(self, *parts: str | int | None) -> str:
        """The words of a condition of it: equal for the same parts, and of no other rule."""
        return msgspec.json.encode((self.name, *parts)).decode()

    def judge(self, value: float) -> Judgement:
        """What a value in the threshold's unit means."""
        assert self.threshold is not None
        sign = 1 if self.kind.worse == "above" else -1
        if sign * value > sign * self.threshold:
            return "holds"
        clear = self.threshold if self.clear_threshold is None else self.clear_threshold
        return "clear" if sign * value <= sign * clear else "between"


DEFAULTS: tuple[Rule, ...] = (
    Rule(name="budget_overrun", type="budget_overrun"),
    Rule(
        name="performance_degradation", type="performance_degradation", by="agent", threshold=25, clear_threshold=10,
        clear_after=3, window_hours=24, min_samples=30, severity="warning",
    ),
    Rule(
        name="outlier", type="outlier", threshold=10, clear_after=24, window_hours=1, min_samples=30,
        remind_after_hours=0,
    ),
    Rule(name="anomaly", type="anomaly", threshold=672, clear_after=3),
    Rule(name="anomaly_of_agent", type="anomaly", by="agent", threshold=672, clear_after=3),
    Rule(
        name="error_rate", type="error_rate", by="agent", threshold=20, clear_threshold=10, clear_after=2,
        window_hours=1, min_samples=20, severity="error",
    ),
    Rule(
        name="satisfaction", type="satisfaction", threshold=0.5, clear_threshold=0.6, clear_after=3, window_hours=24,
        min_samples=20, severity="warning",
    ),
    Rule(
        name="unpriced_models", type="unpriced_models", by="model", threshold=0, window_hours=24, severity="warning",
        remind_after_hours=168,
    ),
    Rule(
        name="no_data", type="no_data", threshold=72, window_hours=336, min_samples=100, severity="warning",
        remind_after_hours=0,
    ),
    Rule(
        name="budget_unchecked", type="budget_unchecked", threshold=0, clear_after=6, window_hours=1,
        severity="error",
    ),
)  # fmt: skip
"""What holds where nobody decided anything. docs/alerts.md says why each is as it is."""


def default_of(type_: RuleType) -> Rule:
    """The first of a type: what a new rule of the type has in the fields that nobody named."""
    return next(rule for rule in DEFAULTS if rule.type == type_)
