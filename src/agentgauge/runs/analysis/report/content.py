"""What the report says, as blocks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from agentgauge.runs.analysis.answers import nothing_to_compare, ranked_by_cost
from agentgauge.runs.analysis.best import Best, find_best
from agentgauge.runs.analysis.figures import FEW_ISSUES, Figures, Range, figures_of
from agentgauge.runs.analysis.grouping import by_value, label, short_labels, varying
from agentgauge.runs.analysis.reading import RunSet
from agentgauge.runs.analysis.records import Configuration, RunRecord
from agentgauge.runs.analysis.report import wording
from agentgauge.runs.analysis.report.blocks import Bar, Block, Course, Heading, Paragraph, Points, Table, span_means
from agentgauge.runs.analysis.score import component
from agentgauge.runs.analysis.trends import RunTrend, run_trends

MOST_ROWS = 20
"""Of configurations; a report is read by a person."""
MOST_NAMED = 5
MOST_POINTS = 500
"""Of a course; of more runs the means of equal spans of time are drawn."""
_SPARSE = " *"
_UNITS = {
    "success_rate": lambda value: wording.percent(value / 100),
    "cost": wording.usd,
    "duration": wording.seconds,
    "quality": wording.quality,
}
_TITLES = {
    "success_rate": "Issues resolved per run",
    "cost": "Cost per run",
    "duration": "Duration per run",
    "quality": "Quality per run",
}

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
        blocks += [*_best(find_best(runs)), *_models(models), *_temperatures(runs), *_economics(models)]
        blocks += [*_trends(run_trends(runs)), *_reading()]
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


# The best configuration


def _best(best: Best) -> Iterator[Block]:
    first = best.ranking[0]
    configs = [candidate.config for candidate in best.ranking]
    yield Heading("Best configuration")
    yield Paragraph(
        f"{label(first.config)}: {wording.score(first.score)} of 100 points, "
        f"{wording.percent(first.figures.success_rate.value)} of {wording.count(first.figures.processed, 'issue')} "
        f"resolved. The run to look at is {first.shown_run.run_id}."
    )
    if len(best.ranking) > 1:
        following = best.ranking[1]
        yield Paragraph(f"Next: {short_labels(configs)[following.config]}, {wording.score(following.score)} points.")
    if best.warning:
        yield Paragraph(best.warning, is_warning=True)
    for name, without in best.left_out.items():
        yield Paragraph(f"Left out of the score: {name}, which is not known of {_named(without, configs)}.")
    if best.contests:
        yield Table(
            ("Component", "Weight", "Best", "Next", "p", "The best is"),
            tuple(
                (
                    contest.component,
                    f"{best.scoring.weights[contest.component]:.2f}",
                    _component(best.ranking[0].figures, contest.component),
                    _component(best.ranking[1].figures, contest.component),
                    wording.p_value(contest.p_adjusted),
                    contest.verdict,
                )
                for contest in best.contests
            ),
        )
    yield Heading("Configurations")
    yield from _common(configs)
    names = short_labels(configs)
    shown = best.ranking[:MOST_ROWS]
    yield Table(
        ("Configuration", "Score", "Issues", "Resolved", "USD/resolved", "Time/resolved"),
        tuple(
            (
                names[candidate.config] + _mark(candidate.figures),
                wording.score(candidate.score),
                f"{candidate.figures.processed:,}",
                wording.percent(candidate.figures.success_rate.value),
                wording.usd(candidate.figures.cost_per_resolved.value),
                wording.seconds(candidate.figures.seconds_per_resolved.value),
            )
            for candidate in shown
        ),
        tuple(Bar(candidate.score / 100, math.nan, math.nan) for candidate in shown),
        "score, 0 to 100",
    )
    if len(best.ranking) > len(shown):
        yield Paragraph(f"{len(best.ranking) - len(shown):,} more configurations score lower.")
    if best.untried:
        yield Paragraph(f"{wording.count(len(best.untried), 'configuration')} without results not shown.")


def _named(some: Sequence[Configuration], configs: Sequence[Configuration]) -> str:
    """`any`, `2 configurations (a; b)`."""
    if len(some) == len(configs):
        return "any"
    names = short_labels(configs)
    named = "; ".join(names[config] for config in some[:MOST_NAMED])
    return f"{wording.count(len(some), 'configuration')} ({named}{' and others' if len(some) > MOST_NAMED else ''})"


def _common(configs: Sequence[Configuration]) -> Iterator[Block]:
    names = {*varying(configs), "llm_provider"}
    same = tuple((name, value) for name, value in configs[0] if name not in names and value is not None)
    if same and len(configs) > 1:
        yield Paragraph(f"All have {label(same)}.")


def _component(figures: Figures, name: str) -> str:
    words = {"success": wording.percent, "cost": wording.usd, "time": wording.seconds, "quality": wording.quality}
    return words[name](component(figures, name))


# Models and temperatures


def _models(models: Mapping[str, Figures]) -> Iterator[Block]:
    yield Heading("Models")
    best_first = sorted(models.items(), key=lambda item: (-_or_none(item[1].success_rate.value), item[0]))
    yield _success_table("Model", dict(best_first))


def _temperatures(runs: Sequence[RunRecord]) -> Iterator[Block]:
    groups = by_value(runs, "llm_temperature")
    if len(groups) > 1:
        yield Heading("Temperatures")
        yield _success_table("Temperature", {str(value): figures_of(group) for value, group in groups.items()})


def _or_none(value: float) -> float:
    return -1.0 if math.isnan(value) else value


def _success_table(title: str, groups: Mapping[str, Figures]) -> Table:
    return Table(
        (title, "Runs", "Issues", "Resolved", "95 % interval", "Quality"),
        tuple(
            (
                name + _mark(figures),
                f"{figures.runs:,}",
                f"{figures.processed:,}",
                wording.percent(figures.success_rate.value),
                wording.limits(figures.success_rate, wording.percent),
                wording.quality(figures.quality.value),
            )
            for name, figures in groups.items()
        ),
        tuple(_bar(figures.success_rate, 1.0) for figures in groups.values()),
        "resolved, 0 to 100 %",
    )


def _economics(models: Mapping[str, Figures]) -> Iterator[Block]:
    ranked = ranked_by_cost(models)
    known = [figures.cost_per_resolved for _, _, figures in ranked if math.isfinite(figures.cost_per_resolved.value)]
    most = max((found.value if math.isnan(found.high) else found.high for found in known), default=0.0)
    yield Heading("Cost efficiency")
    yield Paragraph("What a resolved issue and a green pipeline cost, failed work included; cheapest first.")
    yield Table(
        ("Model", "USD/run", "USD/resolved", "95 % interval", "USD/green", "Unpriced"),
        tuple(
            (
                name + _mark(figures),
                wording.usd(figures.cost_per_run.value),
                wording.usd(figures.cost_per_resolved.value),
                wording.limits(figures.cost_per_resolved, wording.usd),
                wording.usd(figures.cost_per_green.value),
                _unpriced(figures),
            )
            for _, name, figures in ranked
        ),
        tuple(_bar(figures.cost_per_resolved, most) for _, _, figures in ranked) if most else (),
        f"USD/resolved, 0 to {wording.usd(most)}",
    )


def _unpriced(figures: Figures) -> str:
    """How many calls have no price; or that none was recorded, which is why the cost is not known."""
    if figures.runs_without_cost and not figures.unpriced_calls:
        return "no calls"
    return f"{figures.unpriced_calls:,}"


def _bar(found: Range, most: float) -> Bar | None:
    """None where there is nothing to draw."""
    return Bar(found.value / most, found.low / most, found.high / most) if math.isfinite(found.value) else None


def _mark(figures: Figures) -> str:
    return _SPARSE if figures.is_sparse else ""


# Trends


def _trends(trends: Sequence[RunTrend]) -> Iterator[Block]:
    yield Heading("Trends")
    yield Table(
        ("Per run", "Trend", "Runs", "Change", "p"),
        tuple(
            (
                _TITLES[trend.name],
                trend.trend.replace("_", " "),
                f"{trend.line.n:,}",
                _change(trend),
                wording.p_value(trend.line.p_value),
            )
            for trend in trends
        ),
    )
    for trend in trends:
        if trend.trend != "insufficient_data":
            yield _course(trend)


def _change(trend: RunTrend) -> str:
    """What the line rises or falls from the first run to the last."""
    if math.isnan(trend.line.slope_per_day):
        return wording.NOT_KNOWN
    begin, end = _line(trend)
    words = f"{abs(end - begin):.1f} points" if trend.name == "success_rate" else _UNITS[trend.name](abs(end - begin))
    return f"{'-' if end < begin else '+'}{words}"


def _line(trend: RunTrend) -> tuple[float, float]:
    """The line's value at the first and at the last run."""
    days = (trend.points[-1][0] - trend.points[0][0]) / 86400
    return trend.line.intercept, trend.line.intercept + days * trend.line.slope_per_day


def _course(trend: RunTrend) -> Course:
    values, words = [value for _, value in trend.points], _UNITS[trend.name]
    first, last = trend.points[0][0], trend.points[-1][0]
    return Course(
        title=_TITLES[trend.name],
        points=trend.points if len(trend.points) <= MOST_POINTS else span_means(trend.points, MOST_POINTS),
        line=_line(trend),
        low=words(min(values)),
        high=words(max(values)),
        start=_day(first),
        end=_day(last),
    )


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def _reading() -> Iterator[Block]:
    yield Heading("How to read this")
    yield Points(_NOTES)
