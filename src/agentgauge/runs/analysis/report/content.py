"""What the report says, section by section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agentgauge.analysis.bootstrap import FEWEST
from agentgauge.runs.analysis import wording
from agentgauge.runs.analysis.answers import nothing_to_compare
from agentgauge.runs.analysis.best import find_best
from agentgauge.runs.analysis.figures import FEW_ISSUES, Figures, figures_of
from agentgauge.runs.analysis.grouping import by_value
from agentgauge.runs.analysis.reading import RunSet
from agentgauge.runs.analysis.report.best_section import best_section
from agentgauge.runs.analysis.report.blocks import Block, Heading, Paragraph, Points
from agentgauge.runs.analysis.report.group_sections import cost_section, models_section, temperatures_section
from agentgauge.runs.analysis.report.trend_section import trend_section
from agentgauge.runs.analysis.score import Scores
from agentgauge.runs.analysis.trends import FEWEST_RUNS, run_trends

MOST_NAMED = 5
"""Damaged runs; a report is read by a person."""


def _notes(scoring: Scores) -> tuple[str, ...]:
    weights = ", ".join(f"{name} {weight:.3g}" for name, weight in scoring.weights.items())
    return (
        "Issues count that have an outcome; open and skipped ones do not. Rates are pooled over issues.",
        (
            "Intervals are of 95 % and take issues (for money outside issues: runs) for what varies; of fewer than "
            f"{FEWEST} there is none of money. A dash is what is not known, or of too few to say."
        ),
        (
            "A cost is known where every call has a price. Failed work is part of what a resolved issue costs; none: "
            "no issue was resolved."
        ),
        (
            f"Score: {weights or 'nothing that has a weight is known'}, each from 0 to 1. Cost and time per resolved "
            "issue count as r / (r + x), with r the median of the configurations compared, or what was given for it."
        ),
        (
            f"Trends are of at least {FEWEST_RUNS} runs in the order of their starts, by a rank test (Mann-Kendall) "
            "that allows for runs that resemble the one before. Stable means none that could be told from chance at "
            "5 %, with p adjusted for the number of trends. The change is that of a straight line, by least squares, "
            "from the first run to the last."
        ),
        f"* fewer than {FEW_ISSUES} issues with an outcome: one more could change the picture.",
    )


def content_of(
    read: RunSet, weights: Mapping[str, float] | None = None, references: Mapping[str, float] | None = None
) -> list[Block]:
    """Raises `QueryError` for weights and references that cannot be used."""
    runs, best = read.runs, find_best(read.runs, weights, references)
    blocks: list[Block] = [Heading("Comparison of runs", 1), *_overview(read)]
    if any(run.processed for run in runs):
        models = {str(name): figures_of(group) for name, group in by_value(runs, "llm_model").items()}
        blocks += [*best_section(best), *models_section(models), *temperatures_section(runs)]
        blocks += [*cost_section(models), *trend_section(run_trends(runs))]
        blocks += [Heading("How to read this"), Points(_notes(best.scoring))]
    return blocks


def _overview(read: RunSet) -> Iterator[Block]:
    runs = read.runs
    if not any(run.processed for run in runs):
        yield Paragraph(nothing_to_compare(runs, read.places))
    else:
        whole = figures_of(runs)
        started = [run.started for run in runs if run.started is not None]
        window = f", {wording.days(min(started), max(started))}" if started else ""
        yield Paragraph(
            f"{wording.count(whole.runs, 'run')}, {wording.count(whole.processed, 'issue')} with an outcome, "
            f"{wording.percent(whole.success_rate.value)} of them resolved{window}. Known to be spent: "
            f"{wording.usd(float(whole.priced_usd))}."
        )
        if whole.runs_without_cost:
            yield Paragraph(_incomplete(whole), is_warning=True)
    if read.damaged:
        named = [
            reason if reason.startswith(path) else f"{path}: {reason}"
            for path, reason in list(read.damaged.items())[:MOST_NAMED]
        ]
        more = len(read.damaged) - len(named)
        yield Paragraph(f"Could not be read, and in no figure: {_damaged(read.damaged)}.", is_warning=True)
        yield Points((*named, *([f"and {more:,} more"] if more else [])))


def _damaged(damaged: Mapping[str, str]) -> str:
    """`2 runs and 1 file of another run`; what a run's folder has for a path is no file."""
    files = sum(path.endswith(".json") for path in damaged)
    runs = len(damaged) - files
    of_files = f"{wording.count(files, 'file')}, without which {'its run counts' if files == 1 else 'their runs count'}"
    return " and ".join([*([wording.count(runs, "run")] if runs else []), *([of_files] if files else [])])


def _incomplete(whole: Figures) -> str:
    why = (
        wording.count(whole.unpriced_calls, "call") + " without a price" if whole.unpriced_calls else "no call recorded"
    )
    return (
        f"Costs are incomplete: of {wording.count(whole.runs, 'run')}, {whole.runs_without_cost:,} cost more than is "
        f"known ({why}). Unknown is not free: where a cost is not known, none is shown."
    )
