"""`agentgauge compare`: whether models, configurations or experiments differ, over units of work."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options

if TYPE_CHECKING:
    from agentgauge.cli.question import Question
    from agentgauge.cli.tables import Cell
    from agentgauge.service.reports.compare import UnitsComparison

_EXPENDABLE = ("method", "p", "effect", "unpriced", "without")
_MOST_SENTENCES = 10


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
    from agentgauge.service.compare_wording import difference, figure, interval, pair_sentence, remarks, winner

    out = screen()
    arms: list[Cell] = [
        (f"{answer.unit}s", lambda arm: wording.count(arm.n)),
        (answer.metric, lambda arm: figure(arm.mean, answer)),
        ("95 % interval", lambda arm: interval(arm.ci_low, arm.ci_high, answer, of_difference=False)),
    ]
    if any(arm.without for arm in answer.arms):
        arms.append(("without", lambda arm: wording.count(arm.without) if arm.without else ""))
    if any(arm.unpriced for arm in answer.arms):
        arms.append(("unpriced", lambda arm: wording.count(arm.unpriced) if arm.unpriced else ""))
    pairs: list[Cell] = [
        ("difference", lambda pair: difference(pair.difference, answer)),
        ("95 % interval", lambda pair: interval(pair.ci_low, pair.ci_high, answer, of_difference=True)),
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
        out.print(Text(pair_sentence(pair, answer)))
    if len(answer.pairs) > _MOST_SENTENCES:
        out.print(Text(f"... and {len(answer.pairs) - _MOST_SENTENCES} more pairs, in the table"))
    if len(answer.arms) > 2:
        out.print(Text(winner(answer)))
    for line in remarks(answer, "--paired"):
        out.print(Text(line, style="dim"))
