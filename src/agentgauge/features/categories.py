"""The categories of document 001, each with its unit and which way is better.

A member is its own text, so `metric_category=SystemPerformance.RESPONSE_TIME` and `"response_time"` are the same. Any
other text is accepted wherever a category is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Self

Direction = Literal["lower", "higher"]
"""Which values are better."""


class Category(StrEnum):
    """Base of the seven groups. A member is written as (text, unit, direction)."""

    unit: str
    """ms, 1 (a ratio of 0-1), 1/s, %, B/s; empty for what is no number."""
    direction: Direction | None
    """None where neither is better: a word, or a use."""

    def __new__(cls, value: str, unit: str = "", direction: Direction | None = None) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.unit = unit
        member.direction = direction
        return member


class SystemPerformance(Category):
    """`metric_category` of performance."""

    RESPONSE_TIME = "response_time", "ms", "lower"
    THROUGHPUT = "throughput", "1/s", "higher"
    LATENCY = "latency", "ms", "lower"
    CPU_USAGE = "cpu_usage", "%", "lower"
    MEMORY_USAGE = "memory_usage", "%", "lower"
    DISK_IO = "disk_io", "1/s", "lower"


class UserSatisfaction(Category):
    """`satisfaction_type`."""

    TASK_COMPLETION = "task_completion", "1", "higher"
    EASE_OF_USE = "ease_of_use", "1", "higher"
    ACCURACY = "accuracy", "1", "higher"
    SPEED = "speed", "1", "higher"
    OVERALL = "overall", "1", "higher"


class FeatureUsage(Category):
    """What is said of a use."""

    ACTION = "action"
    DURATION_MS = "duration_ms", "ms", "lower"
    SUCCESS = "success", "1", "higher"
    USER_CONTEXT = "user_context"


class LearningEffectiveness(Category):
    """`learning_type`, and the rate beside it."""

    PATTERN_RECOGNITION = "pattern_recognition", "1", "higher"
    PREDICTION = "prediction", "1", "higher"
    CLASSIFICATION = "classification", "1", "higher"
    IMPROVEMENT_RATE = "improvement_rate", "1", "higher"


class OptimizationImpact(Category):
    """`impact_category`."""

    TASK_COMPLETION_TIME = "task_completion_time", "ms", "lower"
    RESOURCE_USAGE = "resource_usage", "%", "lower"
    ACCURACY = "accuracy", "1", "higher"
    USER_EXPERIENCE = "user_experience", "1", "higher"


class ResourceUtilization(Category):
    """`resource_type`."""

    CPU = "cpu", "%", "lower"
    MEMORY = "memory", "%", "lower"
    DISK = "disk", "%", "lower"
    NETWORK = "network", "%", "lower"
    CACHE = "cache", "%", "lower"


class ErrorMetrics(Category):
    """What is said of an error."""

    ERROR_TYPE = "error_type"
    ERROR_SEVERITY = "error_severity"
    RECOVERY_ATTEMPTED = "recovery_attempted"
    RECOVERY_SUCCESSFUL = "recovery_successful", "1", "higher"
    IMPACT_LEVEL = "impact_level"


GROUPS: tuple[type[Category], ...] = (
    SystemPerformance,
    UserSatisfaction,
    FeatureUsage,
    LearningEffectiveness,
    OptimizationImpact,
    ResourceUtilization,
    ErrorMetrics,
)

_DIRECTIONS: dict[str, Direction] = {
    member.value: member.direction for group in GROUPS for member in group if member.direction is not None
}


def direction_of(name: str) -> Direction | None:
    """Which values of a category are better; None where the document has no such category, or does not say.

    No name that is in two groups has two directions.
    """
    return _DIRECTIONS.get(name)
