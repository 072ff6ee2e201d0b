"""The section on the best configuration: which it is, what speaks against it, and all others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from agentgauge.runs.analysis import wording
from agentgauge.runs.analysis.best import Best, left_out_unequally
from agentgauge.runs.analysis.figures import Figures
from agentgauge.runs.analysis.grouping import label, short_labels, varying
from agentgauge.runs.analysis.records import Configuration
from agentgauge.runs.analysis.report.blocks import Bar, Block, Heading, Paragraph, Table
from agentgauge.runs.analysis.score import component

MOST_ROWS = 20
"""Of configurations; a report is read by a person."""


def best_section(best: Best) -> Iterator[Block]:
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
    for sentence in left_out_unequally(best):
        yield Paragraph(sentence, is_warning=True)
    for name, without in best.left_out.items():
        if len(without) == len(configs):
            yield Paragraph(f"{name.capitalize()} does not count: it is not known of any configuration.")
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
                wording.marked(names[candidate.config], candidate.figures),
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


def _common(configs: Sequence[Configuration]) -> Iterator[Block]:
    names = {*varying(configs), "llm_provider"}
    same = tuple((name, value) for name, value in configs[0] if name not in names and value is not None)
    if same and len(configs) > 1:
        yield Paragraph(f"All have {label(same)}.")


def _component(figures: Figures, name: str) -> str:
    words = {"success": wording.percent, "cost": wording.usd, "time": wording.seconds, "quality": wording.quality}
    return words[name](component(figures, name))
