"""The cards about what people say: how content they are, and each score with its words and what it is about."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.content import Content, Drawn, Empty, Note, choices
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.quality_filters import asked_of
from agentgauge.dashboard.pages.work_links import interaction_link, named
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import short_wording
from agentgauge.service.graphs.intervals import Estimated, interval_words
from agentgauge.service.graphs.scores import CLASS_NAMES, satisfaction_course, scores_chart
from agentgauge.service.reports.feedback import Feedback, Which, feedback
from agentgauge.service.reports.intervals import Mean, Share
from agentgauge.service.reports.satisfaction import Satisfaction, ScoreKind, satisfaction

_LISTED = 12
_WHICH: tuple[tuple[Which, str], ...] = (("all", "All"), ("low", "Below 0.7"), ("worded", "With words"))
_UNNAMED = "overall"
"""What a score is of that names no kind: a note, and no value, since a kind may be recorded by this name."""
_COMMAND = 'gauge.satisfaction(4, scale=5, attributes={"feedback": "Found it at once."})'


def satisfied_words(share: Share) -> str:
    """`68.1 % to 79.2 %`, nothing of nothing."""
    return interval_words(Estimated("", share.share, share.low, share.high), "ratio").partition(" (")[2].rstrip(")")


def limits_words(mean: Mean, unit: str) -> str | None:
    """The limits of a mean, None where there are none."""
    if mean.low != mean.low:
        return None
    words = short_wording.percent if unit == "ratio" else short_wording.score
    return f"{words(mean.low)} to {words(mean.high)}"


def asked_satisfaction(asked: PageAsked) -> tuple[Satisfaction, str]:
    """With the width of its buckets."""
    width = asked.filters.width(asked.now, asked.first)
    return satisfaction(asked.engine, asked.window, width, asked.filters.tz, asked.conditions), width


def course(asked: PageAsked) -> Iterator[Content]:
    found, width = asked_satisfaction(asked)
    if not found.mean.n:
        yield Empty(text="No score was given in this range.", command=_COMMAND)
        return
    yield drawn(satisfaction_course(found, width), zooms=True)
    yield Note(f"The band is the 95 % interval of each {width}'s mean; one score has none.")


def spread(asked: PageAsked) -> Iterator[Content]:
    found, _ = asked_satisfaction(asked)
    if not found.mean.n:
        yield Empty(text="No score was given in this range.")
        return
    chart = scores_chart(found)
    table = Table(
        columns=(Column(key="score", title="Score", kind="name"), Column(key="count", title="Scores", kind="count")),
        rows=tuple(
            Row(values={"score": CLASS_NAMES[each.score], "count": each.count}) for each in reversed(found.classes)
        ),
        caption=chart.summary,
    )
    yield Drawn(chart=chart, table=table)


def kinds(asked: PageAsked) -> Content:
    found, _ = asked_satisfaction(asked)
    return Table(
        columns=(
            Column(key="type", title="Of", kind="name"),
            Column(key="n", title="Scores", kind="count"),
            Column(key="mean", title="Mean, 0-1", kind="percent"),
            Column(key="satisfied", title="Satisfied", kind="percent", note="Scores from 0.7, which is 3.8 of 5"),
        ),
        rows=tuple(
            Row(
                values={
                    "type": kind.name, "n": kind.mean.n, "mean": kind.mean.mean, "satisfied": kind.satisfied.share,
                },
                links={"n": _of_kind(asked, kind)} if kind.name != "" else {},  # no address asks for an empty name
                notes=_unnamed(kind.name) | {
                    "mean": limits_words(kind.mean, "ratio") or "", "satisfied": satisfied_words(kind.satisfied)
                },
            )
            for kind in found.kinds
        ),
        caption="Kinds of satisfaction",
        empty="No score was given in this range.",
    )  # fmt: skip


def _of_kind(asked: PageAsked, kind: ScoreKind) -> str:
    return asked.link("/runs", view="calls", kind="satisfaction", **named("name", kind.name))


def _unnamed(kind: str | None) -> dict[str, str]:
    return {} if kind else {"type": _UNNAMED if kind is None else "an empty name"}


def scores(asked: PageAsked) -> Iterator[Content]:
    which = asked_of(asked).scores
    yield choices("Which scores", [(words, asked.here(scores=key, sort=None), key == which) for key, words in _WHICH])
    found = feedback(asked.engine, asked.window, asked.conditions, which=which, limit=_LISTED)
    yield Table(
        columns=(
            Column(key="time", title="When", kind="time"),
            Column(key="score", title="Score", kind="percent"),
            Column(key="words", title="In their words"),
            Column(key="type", title="Of", narrow=False),
            Column(key="feature", title="Feature", narrow=False),
            Column(key="user", title="User", narrow=False),
            Column(key="interaction", title="Interaction"),
        ),
        rows=tuple(_score(row, asked) for row in found.rows),
        caption="Scores that people gave, the newest first",
        total=found.total,
        empty="No such score in this range.",
    )


def _score(row: Feedback, asked: PageAsked) -> Row:
    links = {}
    said = row.stated
    if row.interaction is not None:
        links["interaction"] = interaction_link(asked, row.interaction)
        said = f"{row.interaction.kind} {row.interaction.name}"
    return Row(
        values={
            "time": row.time, "score": row.score, "words": row.words, "type": row.type, "feature": row.feature,
            "user": row.user, "interaction": said,
        },
        links=links,
        notes=_unnamed(row.type) | ({"score": f"{row.given} of 5"} if row.given is not None else {}),
    )  # fmt: skip
