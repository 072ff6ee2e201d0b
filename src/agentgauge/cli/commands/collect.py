"""`agentgauge collect`: what became of the work, read from where it left it or told by a CI job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentgauge.cli import options
from agentgauge.cli.commands.collect_change import change
from agentgauge.cli.exits import FINDING

if TYPE_CHECKING:
    from agentgauge.runs.models import CodeMetrics

collect = typer.Typer(rich_markup_mode=None, help="Record what became of work, in a repository or in CI.")


@collect.command()
def code(
    base: Annotated[
        str, typer.Option("--base", metavar="REF", help="What to compare with: a branch, a tag or a hash.")
    ],
    repo: Annotated[Path, typer.Option("--repo", metavar="DIR", help="The working tree, or a folder in it.")] = Path(),
    coverage: Annotated[
        list[Path] | None,
        typer.Option("--coverage", metavar="FILE", help="coverage.py JSON, Cobertura XML or LCOV; may be repeated."),
    ] = None,
    tests: Annotated[
        list[Path] | None, typer.Option("--tests", metavar="FILE", help="JUnit XML; may be repeated.")
    ] = None,
    untracked: Annotated[
        bool, typer.Option("--untracked", help="Count files that git does not know yet, too.")
    ] = False,
    run: Annotated[str | None, typer.Option("--run", metavar="ID", help="Record the figures, as of this run.")] = None,
    issue: Annotated[
        str | None, typer.Option("--issue", metavar="ID", help="Record the figures, as of this issue.")
    ] = None,
    home: options.Home = None,
    as_json: options.Json = False,
) -> None:
    """Show what changed in the code since a commit, and what tests say of it.

    Files and lines are those of the working tree against REF, committed or not; for a branch of its own give
    "$(git merge-base main HEAD)". Coverage is of lines, over all reports together. With --run or --issue every figure
    is recorded as a measurement. Ends with 1 where not all could be kept.
    """
    from agentgauge.cli.output import print_document
    from agentgauge.errors import QueryError
    from agentgauge.runs.code import code_metrics
    from agentgauge.runs.documents import to_document

    recording = run is not None or issue is not None
    if home is not None and not recording:
        raise QueryError("--home says where figures are recorded: name their --run or --issue too")
    metrics = code_metrics(base, repo=repo, coverage=coverage or (), tests=tests or (), untracked=untracked)
    is_kept = _record(metrics, base, run, issue, home) if recording else True
    if as_json:
        print_document(to_document(metrics))
    else:
        _show(metrics)
    if not is_kept:
        raise typer.Exit(FINDING)


collect.command()(change)


def _record(metrics: CodeMetrics, base: str, run: str | None, issue: str | None, home: str | None) -> bool:
    """Whether all figures are kept; where not, it is said why."""
    import agentgauge
    from agentgauge.cli.homes import check_writable
    from agentgauge.cli.output import note
    from agentgauge.runs.code import record_code_metrics
    from agentgauge.settings import get_settings

    settings = get_settings(home)
    if settings.switched_off_by:
        note(f"note: nothing is recorded, {' and '.join(settings.switched_off_by)}")
        return True
    check_writable(settings.home)
    with agentgauge.open(home) as gauge:
        record_code_metrics(gauge, metrics, run=run, issue=issue, attributes={"base": base})
        health = gauge.health()
    lost = health.refused | health.dropped
    for reason, number in lost.items():
        note(f"{number} of the figures could not be kept: {reason}")
    return not lost


def _show(metrics: CodeMetrics) -> None:
    import math

    from rich.table import Table

    from agentgauge.cli import wording
    from agentgauge.cli.output import screen

    extra, ran = metrics.extra, metrics.tests_run
    renamed, binary, submodules = (extra[name] for name in ("files_renamed", "files_binary", "submodules_changed"))
    lines = f"+{wording.count(metrics.lines_added)} -{wording.count(metrics.lines_deleted)}"
    rows = [
        ("Files created", wording.count(metrics.files_created), ""),
        (
            "Files modified",
            wording.count(metrics.files_modified),
            f"{wording.count(renamed)} renamed" if renamed else "",
        ),
        ("Files deleted", wording.count(metrics.files_deleted), ""),
        ("Lines", lines, f"without {wording.count_of(binary, 'binary file')}" if binary else ""),
    ]
    if submodules:
        rows.append(("Submodules changed", wording.count(submodules), ""))
    if not math.isnan(metrics.test_coverage_percent):
        rows.append(("Coverage", wording.percent(metrics.test_coverage_percent / 100), "of lines"))
    if ran:
        rows.append(("Tests passed", wording.count(metrics.tests_passed), f"of {wording.count(ran)} run"))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(justify="right", style="bold", no_wrap=True)
    table.add_column()
    for row in rows:
        table.add_row(*row)
    screen().print(table)
