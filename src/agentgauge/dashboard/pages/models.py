"""`/models`: models beside each other, and whether models, configurations or experiments differ over the same work."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.analysis.comparison import Verdict
from agentgauge.analysis.metrics import is_ratio
from agentgauge.api.beyond.question import Word, Words
from agentgauge.charts import Unit, paints
from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Choices, Content, Drawn, Empty, Note, Sentence, Tone, choices
from agentgauge.dashboard.filters import PageFilters
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages.work_tables import models_table
from agentgauge.dashboard.table import Column, Kind, Row, Table
from agentgauge.errors import QueryError
from agentgauge.service import compare_wording, reports, wording
from agentgauge.service.graphs.colours import known_entities
from agentgauge.service.graphs.intervals import Estimated, estimates_chart
from agentgauge.service.reports.compare import UnitsComparison

_ARMS = {
    "model": "Model", "config": "Configuration", "experiment": "Experiment", "agent": "Agent",
    "temperature": "Temperature",
}  # fmt: skip
_METRICS = {
    "success": "Success", "cost_per_success": "Cost per success", "cost": "Cost", "duration": "Duration",
    "quality": "Quality", "tokens": "Tokens", "error_rate": "Error rate", "satisfaction": "Satisfaction",
}  # fmt: skip
_UNITS = {"issue": "Issue", "ticket": "Ticket", "run": "Run", "session": "Session", "trace_id": "Trace"}
_CHART_UNITS: dict[str, Unit] = {"USD": "usd", "ms": "ms", "token": "tokens", "0-100": "score", "1": "count"}
_TONES: dict[Verdict, Tone] = {"better": "good", "worse": "bad", "no difference shown": "plain"}
"""Of the first of the two that are compared."""
_MOST_ARMS = 8
_MOST_SENTENCES = 6


class ModelFilters(PageFilters):
    by: Word = "model"
    metric: Word = "success"
    unit: Word = "issue"
    paired: bool = False
    arm: Words = ()
    """Only these; left out, all, or where there are too many to compare those that cost most."""


def _question(asked: PageAsked) -> Iterator[Content]:
    """What is compared: every choice is a link, so that a comparison can be shared."""
    own = _own(asked)
    yield _choices(asked, "Compared by", "by", _ARMS, own.by)
    yield _choices(asked, "In", "metric", _METRICS, own.metric)
    yield _choices(asked, "Over", "unit", _UNITS, own.unit)
    yield choices(
        "Pairing",
        (("Apart", asked.here(paired=None), not own.paired), ("Paired", asked.here(paired="true"), own.paired)),
    )


def _choices(asked: PageAsked, label: str, name: str, words: dict[str, str], chosen: str) -> Choices:
    given = words if chosen in words else {**words, chosen: chosen}
    return choices(label, ((text, asked.here(**{name: key}), key == chosen) for key, text in given.items()))


def _own(asked: PageAsked) -> ModelFilters:
    assert isinstance(asked.filters, ModelFilters), "the page's parameters"
    return asked.filters


def _compared(asked: PageAsked) -> UnitsComparison:
    """Raises `QueryError` where there is nothing to compare."""
    own = _own(asked)
    arms, _ = _arms(asked)
    return reports.compare(
        asked.engine, asked.window, by=own.by, metric=own.metric, unit=own.unit, paired=own.paired,
        arms=arms, filters=asked.conditions,
    )  # fmt: skip


def _arms(asked: PageAsked) -> tuple[tuple[str, ...], int]:
    """The arms to compare, none for all of them, and how many there are to choose from."""
    own = _own(asked)
    if own.arm or own.by == "config":
        return own.arm, len(own.arm)
    groups = reports.breakdown(asked.engine, asked.window, (own.by,), asked.conditions).rows
    names = [str(group.key[own.by]) for group in groups if group.key[own.by] is not None]
    return (tuple(names[:_MOST_ARMS]) if len(names) > _MOST_ARMS else ()), len(names)


def _verdict(asked: PageAsked) -> Iterator[Content]:
    try:
        found = _compared(asked)
        arms, there = _arms(asked)
    except QueryError as error:
        yield Empty(text=f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return
    if arms and len(arms) < there:
        yield Note(f"The {len(arms)} of {there} that cost most are compared: arm=NAME in the address names others.")
    yield _levels(asked, found)
    if len(found.arms) > 2:
        yield Sentence(text=compare_wording.winner(found))
    for pair in found.pairs[:_MOST_SENTENCES]:
        tone = _TONES[pair.verdict]
        words = compare_wording.pair_sentence(pair, found)
        named = words.startswith(pair.a)  # a name stays as it is
        yield Sentence(text=words if named else f"{words[:1].upper()}{words[1:]}", tone=tone)
    if len(found.pairs) > _MOST_SENTENCES:
        yield Note(f"{len(found.pairs) - _MOST_SENTENCES} more pairs are in the table below.")
    for remark in compare_wording.remarks(found, "Paired"):
        yield Note(f"{remark[:1].upper()}{remark[1:]}.")


def _levels(asked: PageAsked, found: UnitsComparison) -> Drawn:
    unit: Unit = "ratio" if is_ratio(found.metric) else _CHART_UNITS.get(found.metric_unit, "count")
    known = known_entities(asked.engine, found.by) if found.by in ("model", "agent") else ()
    names = [arm.name for arm in found.arms]
    colours = {name: paint.colour for name, paint in paints(names, known or names).items()}
    estimates = [Estimated(arm.name, arm.mean, arm.ci_low, arm.ci_high) for arm in found.arms]
    what = f"{found.metric.replace('_', ' ')} by {found.by}"
    rows = tuple(
        Row(
            values={
                "arm": arm.name, "n": arm.n, "mean": compare_wording.figure(arm.mean, found),
                "interval": compare_wording.interval(arm.ci_low, arm.ci_high, found, of_difference=False),
                "without": arm.without, "unpriced": arm.unpriced,
            },
            links={"arm": _arm(asked, found, arm.name)} if known else {},
            colour=colours[arm.name],
        )
        for arm in found.arms
    )  # fmt: skip
    columns = (
        _column("arm", found.by.capitalize(), "name"),
        _column("n", f"{found.unit.capitalize()}s", "count"),
        _column("mean", found.metric.replace("_", " ").capitalize(), "text"),
        _column("interval", "95 %", "text"),
        _column("without", "Without", "count"),
        _column("unpriced", "Unpriced", "count"),
    )
    return Drawn(
        chart=estimates_chart(estimates, unit, what=what, nothing=f"No {what} is known.", colours=colours),
        table=Table(columns=columns, rows=rows, caption=what),
    )


def _arm(asked: PageAsked, found: UnitsComparison, name: str) -> str:
    """Its calls; of an arm of several models the tasks that called all of them."""
    return asked.link("/runs", view="tasks" if name in found.joined else "calls", **{found.by: name})


def _pairs(asked: PageAsked) -> Content:
    try:
        found = _compared(asked)
    except QueryError:
        return Empty(text="No pairs.")
    columns = (
        _column("pair", "A against B", "name"),
        _column("difference", "Difference", "text"),
        _column("interval", "95 %", "text"),
        _column("p", "p adjusted", "text"),
        _column("verdict", "Verdict", "text"),
        _column("needed", f"More {found.unit}s needed", "count"),
    )
    rows = tuple(
        Row(
            values={
                "pair": f"{pair.a} against {pair.b}", "difference": compare_wording.difference(pair.difference, found),
                "interval": compare_wording.interval(pair.ci_low, pair.ci_high, found, of_difference=True),
                "p": wording.p_value(pair.p_adjusted), "verdict": pair.verdict,
                "needed": pair.needed_n if pair.needed_n else None,
            },
            notes={"needed": "per arm" if pair.needed_n else ""},
        )
        for pair in found.pairs
    )  # fmt: skip
    return Table(columns=columns, rows=rows, caption="Every pair", empty="There are fewer than two arms.")


def _column(key: str, title: str, kind: Kind) -> Column:
    return Column(key=key, title=title, kind=kind, sorts=False)


def _models(asked: PageAsked) -> Content:
    return models_table(asked, "Models, by their calls")


MODELS = Page(
    path="/models",
    title="Models and experiments",
    in_menu="Models",
    parameters=ModelFilters,
    cards=(
        Card(id="question", title="What is compared", build=_question, low=True),
        Card(id="verdict", title="What the runs show", build=_verdict),
        Card(id="pairs", title="Every pair", build=_pairs),
        Card(id="models", title="Models", build=_models, note="by their calls"),
    ),
)
