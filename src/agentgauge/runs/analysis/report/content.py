"""What the report says, section by section."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.runs.analysis.answers import nothing_to_compare
from agentgauge.runs.analysis.best import find_best
from agentgauge.runs.analysis.figures import FEW_ISSUES, Figures, figures_of
from agentgauge.runs.analysis.grouping import by_value
from agentgauge.runs.analysis.reading import RunSet
from agentgauge.runs.analysis.report import wording
from agentgauge.runs.analysis.report.best_section import best_section
from agentgauge.runs.analysis.report.blocks import Block, Heading, Paragraph, Points
from agentgauge.runs.analysis.report.group_sections import cost_section, models_section, temperatures_section
from agentgauge.runs.analysis.report.trend_section import trend_section
from agentgauge.runs.analysis.trends import run_trends

MOST_NAMED = 5
"""Damaged runs; a report is read by a person."""

_NOTES = (
    "Issues count that have an outcome; open and skipped ones do not. Rates are pooled over issues.",
    (
        "Intervals are of 95 % and take issues (for money outside issues: runs) for what varies. A dash is what is not "
        "known, or of too few to say."
    ),
    (
        "A cost is known where every call has a price. Failed work is part of what a resolved issue costs; none: no "
        "issue was resolved."
    ),
    (
        "Score: success 0.5, cost 0.2, time 0.1, quality 0.2, each from 0 to 1. Cost and time per resolved issue count "
        "as r / (r + x), with r the median of the configurations compared."
    ),
    (
        "Trends are straight lines by least squares over the runs' starts, and the change is the line's from the first "
        "run to the last; stable means no slope that could be told from chance at 5 %."
    ),
    f"* fewer than {FEW_ISSUES} issues with an outcome: one more could change the picture.",
)


def content_of(read: RunSet) -> list[Block]:
    runs = read.runs
    blocks: list[Block] = [Heading("Comparison of runs", 1), *_overview(read)]
    if any(run.processed for run in runs):
        models = {str(name): figures_of(group) for name, group in by_value(runs, "llm_model").items()}
        blocks += [*best_section(find_best(runs)), *models_section(models), *temperatures_section(runs)]
        blocks += [*cost_section(models), *trend_section(run_trends(runs))]
        blocks += [Heading("How to read this"), Points(_NOTES)]
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
        named = [f"{folder}: {reason}" for folder, reason in list(read.damaged.items())[:MOST_NAMED]]
        more = len(read.damaged) - len(named)
        yield Paragraph(
            f"{wording.count(len(read.damaged), 'run')} could not be read and is in no figure."
            if len(read.damaged) == 1
            else f"{wording.count(len(read.damaged), 'run')} could not be read and are in no figure.",
            is_warning=True,
        )
        yield Points((*named, *([f"and {more:,} more"] if more else [])))


def _incomplete(whole: Figures) -> str:
    why = (
        wording.count(whole.unpriced_calls, "call") + " without a price" if whole.unpriced_calls else "no call recorded"
    )
    return (
        f"Costs are incomplete: of {wording.count(whole.runs, 'run')}, {whole.runs_without_cost:,} cost more than is "
        f"known ({why}). Unknown is not free: where a cost is not known, none is shown."
    )
