"""Figures as the dictionaries of document 000: percent, seconds, US dollars as floats.

runs                        total_runs
issues                      total_issues_processed (with an outcome), total_issues_resolved, issues_without_outcome
success, percent            avg_success_rate, avg_success_rate_low, _high
money, USD                  avg_cost per run (_low, _high), total_cost, cost_per_resolved_issue (_low, _high),
                            cost_per_green_pipeline (_low, _high); beside them unpriced_calls and
                            runs_without_known_cost
time, seconds               avg_duration per run, seconds_per_resolved_issue (_low, _high)
quality, 0-100              avg_quality (_low, _high)
counts                      total_tokens, total_pipelines, green_pipelines, total_debugging_cycles, total_errors
few_issues                  whether there are fewer than 10 issues with an outcome: read such rows with care
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from agentgauge.runs.analysis import wording
from agentgauge.runs.analysis.best import Best, Candidate, Contest, left_out_unequally
from agentgauge.runs.analysis.figures import Figures, Range
from agentgauge.runs.analysis.grouping import label
from agentgauge.runs.analysis.reading import RunSet
from agentgauge.runs.analysis.records import SETTINGS, RunRecord
from agentgauge.runs.analysis.trends import RunTrend


def of_figures(figures: Figures) -> dict[str, Any]:
    return {
        "total_runs": figures.runs,
        "total_issues_processed": figures.processed,
        "total_issues_resolved": figures.resolved,
        "issues_without_outcome": figures.undecided,
        **_range("avg_success_rate", figures.success_rate.scaled(100)),
        **_range("avg_cost", figures.cost_per_run),
        "total_cost": float(figures.priced_usd),
        "unpriced_calls": figures.unpriced_calls,
        "runs_without_known_cost": figures.runs_without_cost,
        **_range("cost_per_resolved_issue", figures.cost_per_resolved),
        **_range("cost_per_green_pipeline", figures.cost_per_green),
        "avg_duration": figures.seconds_per_run,
        **_range("seconds_per_resolved_issue", figures.seconds_per_resolved),
        **_range("avg_quality", figures.quality),
        "total_tokens": figures.tokens,
        "total_pipelines": figures.pipelines,
        "green_pipelines": figures.green_pipelines,
        "total_debugging_cycles": figures.debugging_cycles,
        "total_errors": figures.errors,
        "few_issues": figures.is_sparse,
    }


_EFFICIENCY = (
    *("total_runs", "total_issues_processed", "total_issues_resolved", "total_cost", "unpriced_calls"),
    *("runs_without_known_cost", "cost_per_resolved_issue", "cost_per_resolved_issue_low"),
    *("cost_per_resolved_issue_high", "total_pipelines", "green_pipelines", "cost_per_green_pipeline"),
    *("cost_per_green_pipeline_low", "cost_per_green_pipeline_high", "few_issues"),
)


def ranked_by_cost(found: Mapping[str, Figures]) -> list[tuple[int | None, str, Figures]]:
    """Rank, name and figures: cheapest per resolved issue first, then where none was resolved, then the unknown."""
    ordered = sorted(
        found.items(), key=lambda item: (math.isnan(cost := item[1].cost_per_resolved.value), cost, item[0])
    )
    ranks = (i if math.isfinite(figures.cost_per_resolved.value) else None for i, (_, figures) in enumerate(ordered, 1))
    return [(rank, name, figures) for rank, (name, figures) in zip(ranks, ordered, strict=True)]


def of_cost_efficiency(found: Mapping[str, Figures]) -> dict[str, dict[str, Any]]:
    answers: dict[str, dict[str, Any]] = {}
    for rank, name, figures in ranked_by_cost(found):
        whole = of_figures(figures)
        answers[name] = {"rank": rank} | {key: whole[key] for key in _EFFICIENCY}
    return answers


def of_trends(trends: Sequence[RunTrend], read: RunSet) -> dict[str, Any]:
    return {
        trend.name: {
            "trend": trend.trend,
            "slope_per_day": trend.slope_per_day,
            "slope_per_run": trend.slope_per_run,
            "r_squared": trend.line.r_squared,
            "p_value": trend.p_value,
            "p_adjusted": trend.p_adjusted,
            "unit": trend.unit,
            "runs": trend.line.n,
            "runs_without": trend.without,
        }
        for trend in trends
    } | {"total_runs": len(read.runs), "damaged": dict(read.damaged)}


def of_best(best: Best, read: RunSet) -> dict[str, Any]:
    ranking = best.ranking
    return {
        "best_run": _best_run(ranking[0]) if ranking else _no_run(),
        "configurations": [_candidate(candidate) for candidate in ranking],
        "weights": dict(best.scoring.weights),
        "references": dict(best.scoring.references),
        "left_out": {name: [label(config) for config in without] for name, without in best.left_out.items()},
        "contests": {contest.component: _contest(contest) for contest in best.contests},
        "without_results": [dict(config) for config in best.untried],
        "warning": (
            " ".join((*left_out_unequally(best), *([best.warning] if best.warning else []))) or None
            if ranking
            else nothing_to_compare(read.runs, read.places)
        ),
        "damaged": dict(read.damaged),
    }


def nothing_to_compare(runs: Sequence[RunRecord], places: Sequence[str]) -> str:
    """Why there is no best configuration, and what to do."""
    if runs:
        return (
            f"No issue of {wording.count(len(runs), 'run')} has an outcome yet: "
            "finalize_issue(issue_id, Status.COMPLETED) gives it one."
        )
    return (
        f"There are no runs: none in {' and none in '.join(places)}. Record some with "
        "agentgauge.runs.MetricsCollector, or name the folder of their files: MetricsAnalyzer(base_dir)."
    )


def _best_run(best: Candidate) -> dict[str, Any]:
    run = best.shown_run
    return {"run_id": run.run_id, "project_id": run.project, **_candidate(best)}


def _no_run() -> dict[str, Any]:
    return {"run_id": None, "project_id": None, "config": dict.fromkeys(SETTINGS), "score": math.nan, "components": {}}


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "config": dict(candidate.config),
        "score": candidate.score,
        "components": {name: 100 * part for name, part in candidate.parts.items()},
        **of_figures(candidate.figures),
    }


def _contest(contest: Contest) -> dict[str, Any]:
    pair = contest.pair
    return {
        "verdict": contest.verdict,
        "difference": pair.difference,
        "difference_low": pair.ci_low,
        "difference_high": pair.ci_high,
        "unit": contest.unit,
        "p_value": float(pair.p_value),
        "p_adjusted": contest.p_adjusted,
        "method": pair.method,
        "needed_n": pair.needed_n,
    }


def _range(name: str, found: Range) -> dict[str, float]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
