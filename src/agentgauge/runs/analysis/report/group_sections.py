"""The sections on models and temperatures: what each came to, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from agentgauge.runs.analysis import wording
from agentgauge.runs.analysis.answers import ranked_by_cost
from agentgauge.runs.analysis.figures import Figures, Range, figures_of
from agentgauge.runs.analysis.grouping import by_value
from agentgauge.runs.analysis.records import RunRecord
from agentgauge.runs.analysis.report.blocks import Bar, Block, Heading, Paragraph, Table


def models_section(models: Mapping[str, Figures]) -> Iterator[Block]:
    yield Heading("Models")
    best_first = sorted(models.items(), key=lambda item: (-item[1].resolved / max(item[1].processed, 1), item[0]))
    yield _success_table("Model", dict(best_first))


def temperatures_section(runs: Sequence[RunRecord]) -> Iterator[Block]:
    groups = by_value(runs, "llm_temperature")
    if len(groups) > 1:
        yield Heading("Temperatures")
        yield _success_table("Temperature", {str(value): figures_of(group) for value, group in groups.items()})


def _success_table(title: str, groups: Mapping[str, Figures]) -> Table:
    return Table(
        (title, "Runs", "Issues", "Resolved", "95 % interval", "Quality"),
        tuple(
            (
                wording.marked(name, figures),
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


def cost_section(models: Mapping[str, Figures]) -> Iterator[Block]:
    ranked = ranked_by_cost(models)
    known = [figures.cost_per_resolved for _, _, figures in ranked if math.isfinite(figures.cost_per_resolved.value)]
    most = max((found.value if math.isnan(found.high) else found.high for found in known), default=0.0)
    yield Heading("Cost efficiency")
    yield Paragraph("What a resolved issue and a green pipeline cost, failed work included; cheapest first.")
    yield Table(
        ("Model", "USD/run", "USD/resolved", "95 % interval", "USD/green", "Unpriced"),
        tuple(
            (
                wording.marked(name, figures),
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
