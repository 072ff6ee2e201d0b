"""`/quality`: how good the work is and what people think of it, what features bring, and whether a change worked."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Content, Empty, Tile, Tiles
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages import quality_change as change
from agentgauge.dashboard.pages import quality_features as features
from agentgauge.dashboard.pages import quality_outcomes as outcomes
from agentgauge.dashboard.pages import quality_people as people
from agentgauge.dashboard.pages.quality_filters import QualityFilters
from agentgauge.service import short_wording
from agentgauge.service.reports.intervals import Mean, Share
from agentgauge.service.reports.recovery import recovery
from agentgauge.service.reports.work_quality import work_quality


def _tiles(asked: PageAsked) -> Iterator[Content]:
    satisfied, _ = people.asked_satisfaction(asked)
    (work,) = work_quality(asked.engine, asked.window, None, asked.conditions).rows
    errors = recovery(asked.engine, asked.window, asked.conditions)
    if not satisfied.mean.n and not work.tasks and not errors.errors:
        yield Empty(text="No events in this range.", command="agentgauge demo")
        return
    yield Tiles(
        (
            _share(
                "Satisfaction",
                satisfied.satisfied,
                "scores",
                asked.link("/runs", view="calls", kind="satisfaction"),
            ),
            _share("Success rate", work.success, "tasks", asked.link("/runs", view="tasks", having="outcome")),
            _mean("Quality score", work.quality, "tasks", asked.link("/runs", view="tasks", having="quality")),
            _share(
                "Recovered errors",
                errors.recovered,
                "tried",
                asked.link("/runs", view="calls", kind="error", having="recovery"),
            ),
        )
    )


def _share(title: str, share: Share, of: str, link: str) -> Tile:
    if not share.n:
        return Tile(title=title, figure=short_wording.NOTHING, note=f"no {of}", link=link)
    note = f"{people.satisfied_words(share)}, {short_wording.count(share.of)} of {short_wording.count(share.n)} {of}"
    return Tile(title=title, figure=short_wording.percent(share.share), note=note, link=link)


def _mean(title: str, mean: Mean, of: str, link: str) -> Tile:
    if not mean.n:
        return Tile(title=title, figure=short_wording.NOTHING, note=f"no scored {of}", link=link)
    limits = people.limits_words(mean, "score")
    note = f"{limits + ', ' if limits else ''}of {short_wording.count(mean.n)} {of}"
    return Tile(title=title, figure=short_wording.score(mean.mean), note=note, link=link)


QUALITY = Page(
    path="/quality",
    title="Quality and impact",
    in_menu="Quality",
    parameters=QualityFilters,
    cards=(
        Card(id="figures", title="Figures", build=_tiles, width="bare"),
        Card(id="change", title="Did a change work?", build=change.change),
        Card(id="satisfaction", title="Satisfaction over time", build=people.course, width="half"),
        Card(id="spread", title="How scores are spread", build=people.spread, width="half"),
        Card(id="scores", title="Scores and feedback", build=people.scores),
        Card(id="quality", title="Quality scores", note="95 % intervals", build=outcomes.quality, width="half"),
        Card(id="success", title="Success rates", note="95 % intervals", build=outcomes.success, width="half"),
        Card(id="kinds", title="Satisfaction by kind", note="95 % intervals", build=people.kinds, width="half"),
        Card(id="features", title="Feature usage", note="95 % intervals", build=features.usage, width="half"),
        Card(id="optimizations", title="Optimizations, before and after", build=features.optimized, width="half"),
        Card(id="learning", title="Learning", note="daily means", build=features.learnt, width="half"),
        Card(id="measured", title="What was measured of learning", build=features.measured),
        Card(id="errors", title="Errors and recovery", build=outcomes.errors),
    ),
)
