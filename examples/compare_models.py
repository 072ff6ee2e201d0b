"""Which model to take: three are tried on the same issues, and the analyzer says what can be told from it.

    python examples/compare_models.py [report.html]

The models are imitated, by dice that always fall alike. Records into the default home and into ./logs;
`AGENTGAUGE_HOME=./metrics` puts the home elsewhere. The report is written where a file is named.
"""

from __future__ import annotations

import random
import sys

from agentgauge.runs import MetricsAnalyzer, MetricsCollector, MetricsContext, MetricsStorage
from agentgauge.runs.models import AgentType, LLMConfig, Status, SystemConfig

PROJECT = "compare-models"
ISSUES = 40
MODELS = (
    ("anthropic", "claude-sonnet-4-5", 0.85),
    ("openai", "gpt-4o", 0.55),
    ("ourselves", "our-own-7b", 0.50),
)
"""Provider, model, and how often its imitation solves an issue; nobody has a price for the last one."""


def main(report: str | None = None) -> None:
    storage = MetricsStorage()
    for provider, model, ability in MODELS:
        try_model(provider, model, ability, storage)

    analyzer = MetricsAnalyzer(project=PROJECT)
    models = analyzer.compare_llm_models()
    for model, found in models.items():
        low, high = found["avg_success_rate_low"], found["avg_success_rate_high"]
        print(f"{model}: {found['avg_success_rate']:.0f} % resolved ({low:.0f} to {high:.0f})")
    for pair in models.compare_on("success").pairs:
        print(f"{pair.a} against {pair.b}: {pair.verdict} (p = {pair.p_adjusted:.3f}, {pair.method})")

    for model, found in analyzer.analyze_cost_efficiency().items():
        known = f"${found['cost_per_resolved_issue']:.3f}" if found["rank"] else "unknown"
        print(f"a resolved issue with {model} costs: {known}")

    best = analyzer.find_best_configuration()
    print(f"best: {best['best_run']['config']['llm_model']}, {best['best_run']['score']:.0f} of 100 points")
    print(best["warning"] or "shown better than the next")
    if report is not None:
        analyzer.generate_comparison_report(report)


def try_model(provider: str, model: str, ability: float, storage: MetricsStorage) -> None:
    """One run over all issues."""
    dice = random.Random(model)
    config = SystemConfig(llm=LLMConfig(provider, model, temperature=0.2), max_retries=1)
    collector = MetricsCollector(f"try-{model}", PROJECT, config, storage=storage)
    context = MetricsContext(collector)
    for number in range(1, ISSUES + 1):
        with context.track_issue(number) as issue:
            with context.track_agent(AgentType.CODING) as agent:
                collector.record_token_usage(dice.randint(2000, 9000), dice.randint(200, 1500))
                agent.success = dice.random() < ability
            issue.status = Status.COMPLETED if agent.success else Status.FAILED
    collector.finalize_run()


if __name__ == "__main__":
    main(*sys.argv[1:2])
