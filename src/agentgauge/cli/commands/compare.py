"""`agentgauge compare`: whether models, configurations or experiments differ, over units of work."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from agentgauge.analysis.comparison import Pair
    from agentgauge.cli.question import Question
    from agentgauge.cli.tables import Cell
    from agentgauge.service.reports.compare import UnitsComparison

_EXPENDABLE = ("method", "p", "effect", "unpriced", "without")
_MOST_SENTENCES = 10
_FEW_UNITS = 10
_BEYOND_REACH = 100_000


def compare(
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="FIELD",
            help="What tells the arms apart: model, temperature, config, run, role, ...; any column of the events or "
            "key of attributes.",
        ),
    ],
    metric: Annotated[
        str,
        typer.Option(
            "--metric",
            help="success, cost, duration, tokens, quality, cost_per_success, error_rate, satisfaction, "
            "attributes.<key> or the name of a measurement.",
        ),
    ] = "success",
    unit: Annotated[
        str, typer.Option("--unit", help="What counts as one: issue, run, session, ticket, user, team, trace, ...")
    ] = "issue",
    paired: Annotated[
        bool, typer.Option("--paired", help="Compare units that both arms have, each with itself.")
    ] = False,
    arm: Annotated[
        list[str] | None, typer.Option("--arm", metavar="NAME", help="Only this arm and others so named.")
    ] = None,
    since: options.Since = None,
    until: options.Until = None,
    where: options.Where = None,
    tz: options.TimeZone = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Compare models, configurations or experiments.

    A unit of work counts once, however many calls it took. p-values are adjusted for the number of pairs; intervals
    are 95 %. 'no difference shown' is not proof of none.
    """
    from agentgauge.cli.output import print_document
    from agentgauge.cli.question import question
    from agentgauge.service import reports

    with question(since, until, where, tz, home) as asked:
        asked.check_recorded()
        answer = reports.compare(
            asked.engine,
            asked.window,
            by=by,
            metric=metric,
            unit=unit,
            paired=paired,
            arms=arm or (),
            filters=asked.filters,
        )
    if as_json:
        print_document(answer)
    else:
        _show(answer, asked)


def _show(answer: UnitsComparison, asked: Question) -> None:
    from rich.text import Text

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen
    from agentgauge.cli.tables import fitting, rows_table

    out = screen()
    arms: list[Cell] = [
        (f"{answer.unit}s", lambda arm: wording.count(arm.n)),
        (answer.metric, lambda arm: figure(arm.mean, answer)),
        ("95 % interval", lambda arm: _interval(arm.ci_low, arm.ci_high, answer, difference=False)),
    ]
    if any(arm.without for arm in answer.arms):
        arms.append(("without", lambda arm: wording.count(arm.without) if arm.without else ""))
    if any(arm.unpriced for arm in answer.arms):
        arms.append(("unpriced", lambda arm: wording.count(arm.unpriced) if arm.unpriced else ""))
    pairs: list[Cell] = [
        ("difference", lambda pair: _difference(pair.difference, answer)),
        ("95 % interval", lambda pair: _interval(pair.ci_low, pair.ci_high, answer, difference=True)),
        ("effect", lambda pair: wording.NOTHING if math.isnan(pair.effect_size) else f"{pair.effect_size:+.2f}"),
        ("p", lambda pair: wording.p_value(pair.p_value)),
        ("p adjusted", lambda pair: wording.p_value(pair.p_adjusted)),
        ("verdict", lambda pair: pair.verdict),
        ("method", lambda pair: pair.method),
    ]
    if len(answer.pairs) == 1:
        pairs = [cell for cell in pairs if cell[0] != "p adjusted"]
    title = f"{answer.metric} by {answer.by}, one figure per {answer.unit}: {answer.of_unit}"
    out.print(Text(title, style="bold"))
    if asked.part:
        out.print(Text(asked.part, style="dim"))
    out.print()
    name: list[Cell] = [(answer.by, lambda arm: arm.name)]
    expendable = _EXPENDABLE if len(answer.pairs) > 1 else tuple(name for name in _EXPENDABLE if name != "p")
    out.print(rows_table(None, name, fitting(name, arms, expendable, answer.arms, out.width), answer.arms))
    out.print()
    names: list[Cell] = [("a against b", lambda pair: f"{pair.a} against {pair.b}")]
    out.print(rows_table(None, names, fitting(names, pairs, expendable, answer.pairs, out.width), answer.pairs))
    out.print()
    for pair in answer.pairs[:_MOST_SENTENCES]:
        out.print(Text(sentence(pair, answer)))
    if len(answer.pairs) > _MOST_SENTENCES:
        out.print(Text(f"... and {len(answer.pairs) - _MOST_SENTENCES} more pairs, in the table"))
    if len(answer.arms) > 2:
        out.print(Text(_winner(answer)))
    for line in _remarks(answer):
        out.print(Text(line, style="dim"))


def sentence(pair: Pair, answer: UnitsComparison) -> str:
    """What is known of a pair, in one sentence."""
    from agentgauge.cli import wording

    said = _levels(pair, answer)
    if math.isnan(pair.p_value):
        return f"{said}; too few {answer.unit}s to tell."
    tests = sum(not math.isnan(pair.p_value) for pair in answer.pairs)
    adjusted = f", adjusted for {tests} pairs" if tests > 1 else ""
    p = wording.p_value(pair.p_adjusted)
    p = f"(p {p if p.startswith('<') else f'= {p}'}{adjusted})"
    if pair.verdict != "no difference shown":
        return f"{said}; {pair.a} is {pair.verdict} {p}."
    return f"{said}; no difference shown {p}{_needed(pair, answer)}."


def _levels(pair: Pair, answer: UnitsComparison) -> str:
    """The two figures that the difference is between, and of how many units they are."""
    a, b = figure(pair.mean_a, answer), figure(pair.mean_b, answer)
    units = f"{answer.unit}s" if pair.n_a != 1 else answer.unit
    if answer.metric == "success":
        if answer.paired:
            return f"Of {pair.n_a:,} {units} that both have, {pair.a} succeeded in {a}, {pair.b} in {b}"
        return f"{pair.a} succeeded in {a} of {pair.n_a:,} {units}, {pair.b} in {b} of {pair.n_b:,}"
    if answer.paired:
        return f"Of {pair.n_a:,} {units} that both have, {answer.metric} is {a} for {pair.a}, {b} for {pair.b}"
    return f"{answer.metric} is {a} for {pair.a} ({pair.n_a:,} {units}), {b} for {pair.b} ({pair.n_b:,})"


def _needed(pair: Pair, answer: UnitsComparison) -> str:
    if pair.needed_n is None:
        return ""
    if pair.needed_n > _BEYOND_REACH:
        return f"; not even {_BEYOND_REACH:,} more {answer.unit}s per arm would show one so small"
    digits = max(len(str(pair.needed_n)) - 2, 0)
    about = math.ceil(pair.needed_n / 10**digits) * 10**digits
    units = answer.unit if about == 1 else f"{answer.unit}s"
    return f"; about {about:,} more {units} per arm would show it"


def _winner(answer: UnitsComparison) -> str:
    if answer.winner is None:
        return f"No {answer.by} is shown better than every other."
    return f"{answer.winner} is shown better than every other."


def _remarks(answer: UnitsComparison) -> list[str]:
    from agentgauge.cli import wording

    found = []
    few = [arm.name for arm in answer.arms if arm.n < _FEW_UNITS]
    if few:
        found.append(f"fewer than {_FEW_UNITS} {answer.unit}s: {', '.join(few)}")
    if answer.without:
        unpriced = f", {answer.unpriced:,} of them with calls that are unpriced" if answer.unpriced else ""
        in_arms = sum(arm.without for arm in answer.arms)
        of_arms = f", {in_arms:,} with those of several arms counted in each" if in_arms > answer.without else ""
        found.append(
            f"{wording.count_of(answer.without, answer.unit)} without a known {answer.metric} left out"
            f"{of_arms}{unpriced}"
        )
    if answer.joined:
        found.append(
            f"{', '.join(answer.joined)}: tasks whose calls have several {answer.by}s; what those calls cost, and "
            "their tokens, are in the arm of each by itself"
        )
    shared = max((pair.shared for pair in answer.pairs), default=0)
    if shared and not answer.paired:
        found.append(
            f"{wording.count_of(shared, answer.unit)} in more than one arm: --paired compares each with itself"
        )
    if answer.unassigned_events:
        found.append(f"{wording.count_of(answer.unassigned_events, 'event')} of no {answer.by} left out")
    if answer.outside_events:
        found.append(f"{wording.count_of(answer.outside_events, 'event')} of no {answer.unit} left out")
    return found


def figure(value: float, answer: UnitsComparison) -> str:
    """An arm's figure; a share in percent."""
    from agentgauge.analysis.metrics import is_ratio
    from agentgauge.cli import wording

    return wording.percent(value) if is_ratio(answer.metric) else wording.number(value, answer.metric_unit)


def _difference(value: float, answer: UnitsComparison) -> str:
    from agentgauge.analysis.metrics import is_ratio
    from agentgauge.cli import wording

    if math.isnan(value):
        return wording.NOTHING
    sign = "+" if value > 0 else ""
    if is_ratio(answer.metric):
        return f"{sign}{value * 100:.1f} points"
    return f"{sign}{wording.number(value, answer.metric_unit)}"


def _interval(low: float, high: float, answer: UnitsComparison, *, difference: bool) -> str:
    from agentgauge.cli import wording

    if math.isnan(low) or math.isnan(high):
        return wording.NOTHING
    if not difference:
        return f"{figure(low, answer)} to {figure(high, answer)}"
    first, last = _difference(low, answer), _difference(high, answer)
    return f"{first.removesuffix(' points')} to {last.removesuffix(' points')}"
