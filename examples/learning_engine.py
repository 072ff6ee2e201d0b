"""A learning engine that measures itself: it learns to tell two kinds of requests apart, and records how well and how
fast it does, what people think of it, and what went wrong.

    python examples/learning_engine.py

Records into the default home; `AGENTGAUGE_HOME=./metrics` puts it elsewhere.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from dataclasses import dataclass

from agentgauge.features import get_advanced_metrics, get_metrics_collector

FEATURE = "learning-engine"
WORDS = {"bug": ("crash", "error", "fails", "broken"), "wish": ("please", "add", "support", "could")}


@dataclass
class Pattern:
    kind: str
    confidence: float


class LearningEngine:
    """Counts which words come with which kind."""

    def __init__(self) -> None:
        self.seen: dict[str, Counter[str]] = {kind: Counter() for kind in WORDS}

    def learn(self, text: str, kind: str) -> None:
        self.seen[kind].update(text.split())

    def recognize(self, text: str) -> Pattern:
        scores = {kind: 1 + sum(counts[word] for word in text.split()) for kind, counts in self.seen.items()}
        best = max(scores, key=lambda kind: scores[kind])
        return Pattern(best, scores[best] / sum(scores.values()))


def requests(count: int, seed: int) -> list[tuple[str, str]]:
    """Texts with the kind that they are of."""
    choose = random.Random(seed)
    kinds = [choose.choice(list(WORDS)) for _ in range(count)]
    any_word = [word for words in WORDS.values() for word in words]
    return [(" ".join(choose.choices(WORDS[kind], k=1) + choose.choices(any_word, k=2)), kind) for kind in kinds]


def main() -> None:
    metrics, figures = get_advanced_metrics(), get_metrics_collector()
    engine = LearningEngine()
    accuracy = 0.0
    for lesson in range(3):
        for text, kind in requests(40, seed=lesson):
            engine.learn(text, kind)
        data = requests(50, seed=100)
        right, sure = 0, 0.0
        for text, kind in data:
            start = time.perf_counter()
            pattern = engine.recognize(text)
            duration = (time.perf_counter() - start) * 1000
            metrics.record_performance_metric(
                feature=FEATURE,
                metric_category="response_time",
                metric_name="pattern_recognition_ms",
                value=duration,
                unit="milliseconds",
            )
            metrics.record_feature_usage(FEATURE, "recognize_pattern", duration, success=pattern.kind == kind)
            right += pattern.kind == kind
            sure += pattern.confidence
            if pattern.confidence < 0.55:
                metrics.record_error(
                    feature=FEATURE,
                    error_type="PatternRecognitionError",
                    error_severity="warning",
                    error_message="Low confidence pattern detected",
                    recovery_attempted=True,
                    recovery_successful=pattern.kind == kind,
                    impact_level="low",
                )
        before, accuracy = accuracy, right / len(data)
        metrics.record_learning_effectiveness(
            feature=FEATURE,
            learning_type="pattern_recognition",
            accuracy=accuracy,
            confidence=sure / len(data),
            sample_size=len(data),
            improvement_rate=accuracy - before if lesson else None,
        )
        figures.record_learning_metric(FEATURE, "accuracy", accuracy, {"lesson": lesson})
    metrics.record_satisfaction(FEATURE, "accuracy", 4, feedback="It mostly knows what I mean")

    learned = figures.get_metric_statistics(FEATURE, "accuracy", hours=1)
    print(f"Accuracy over {learned['count']} lessons: {learned['mean']:.0%}")
    dashboard = metrics.get_comprehensive_dashboard(feature=FEATURE, hours=1)
    print(f"Success rate: {dashboard['usage']['success_rate']:.0%} of {dashboard['usage']['total_usage']} uses")
    print(f"Average satisfaction: {dashboard['satisfaction']['avg_score']:.2f}")
    print(json.dumps(dashboard["performance"]["categories"], indent=2))


if __name__ == "__main__":
    main()
