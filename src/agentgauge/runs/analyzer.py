"""`MetricsAnalyzer` of document 000: which model, temperature and configuration runs do best with, and what it costs.

Results are dictionaries with the document's keys and ours. Rates are percent, durations seconds, money US dollars; a
figure that is not known is NaN, one per nothing achieved is infinite, a count of nothing 0. `_low` and `_high` after a
name are the limits of its 95 % interval. How figures are found is said in `agentgauge.runs.analysis.figures` and
`agentgauge.runs.analysis.score`.

Runs are read at the first question, a thousand in about a second, and kept until `refresh()`: some hundred bytes for
each run and issue. Where none are found, the log `agentgauge` says where they were looked for.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import agentgauge
from agentgauge.analysis.comparison import Comparison
from agentgauge.errors import QueryError
from agentgauge.recorder import Gauge
from agentgauge.runs.analysis import answers
from agentgauge.runs.analysis.best import find_best
from agentgauge.runs.analysis.figures import CONFIDENCE, figures_of
from agentgauge.runs.analysis.grouping import by_configuration, by_value, label, named
from agentgauge.runs.analysis.reading import RunSet, read_runs
from agentgauge.runs.analysis.records import RunRecord
from agentgauge.runs.analysis.score import is_known
from agentgauge.runs.analysis.trends import run_trends
from agentgauge.runs.analysis.units import compare, measured

if TYPE_CHECKING:
    from agentgauge.runs.analysis.report import Format

K = TypeVar("K")
logger = logging.getLogger("agentgauge")


class Groups(dict[K, dict[str, Any]]):
    """Figures by model, temperature or configuration; a dictionary, and beside it what it was made from."""

    def __init__(
        self, figures: Mapping[K, dict[str, Any]], runs: Mapping[K, Sequence[RunRecord]], damaged: Mapping[str, str]
    ) -> None:
        super().__init__(figures)
        self._runs = runs
        self.damaged = dict(damaged)
        """As `MetricsAnalyzer.damaged`."""

    def compare_on(self, component: str = "success") -> Comparison:
        """Each two groups, compared on success, cost, time or quality; groups of which that is not known are left out.

        See `agentgauge.analysis.comparison`; success is a ratio there, cost and time are per resolved issue. Some 50 ms
        for each two groups. Raises `QueryError` for another component.
        """
        arms = {str(name): runs for name, runs in self._runs.items() if is_known(figures_of(runs), component)}
        return compare(arms, measured(component, arms.values()), CONFIDENCE)


class MetricsAnalyzer:
    """Compares the runs of the stream and of `<base_dir>/runs`; a run that is in both counts once.

    `gauge` is the process-wide one by default; what it records into is read. `since` and `until` bound the runs'
    starts, half open (a time without a zone means UTC), and `project` names the only project.

    Raises `QueryError` for a window that is empty or not of times; every method raises `LakeError` where the home
    cannot be read.
    """

    def __init__(
        self,
        base_dir: str | os.PathLike[str] = "logs",
        *,
        gauge: Gauge | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        project: str | int | None = None,
    ) -> None:
        self.base_dir = Path(base_dir)
        self._gauge = agentgauge.default() if gauge is None else gauge
        self._since, self._until = _utc("since", since), _utc("until", until)
        if self._since is not None and self._until is not None and self._since >= self._until:
            raise QueryError(f"the window is empty: since {self._since.isoformat()}, until {self._until.isoformat()}")
        self._project = None if project is None else str(project)
        self._read: RunSet | None = None

    def refresh(self) -> None:
        """Read the runs again at the next question."""
        self._read = None

    @property
    def damaged(self) -> dict[str, str]:
        """By path, what of `base_dir` could not be read, and why: a run's folder, and it is in no figure, or a file,
        and the rest of its run counts. An issue that was in it has the outcome that the run's own count says, without
        time or cost of its own.
        """
        return dict(self._runs().damaged)

    @property
    def run_count(self) -> int:
        return len(self._runs().runs)

    # Comparisons

    def compare_llm_models(self) -> Groups[str]:
        """Figures of each model's runs, by name; runs whose model nobody stated are under "unknown".

        Of each: `avg_success_rate`, percent pooled over issues, `avg_cost` per run, `total_issues_processed`, and
        the rest of `agentgauge.runs.analysis.answers.of_figures`.
        """
        return self._groups({str(name): runs for name, runs in by_value(self._runs().runs, "llm_model").items()})

    def compare_temperatures(self) -> Groups[float | str]:
        """As `compare_llm_models`, by temperature: numbers, or "unknown"."""
        return self._groups(by_value(self._runs().runs, "llm_temperature"))

    def compare_configurations(self, settings: Sequence[str] | str | None = None) -> Groups[str]:
        """As `compare_llm_models`, by the whole configuration in words, or by those of its settings that are named,
        such as `["max_retries"]`. Each also has its `config`. Raises `QueryError` for a setting that no run has.
        """
        groups = by_configuration(self._runs().runs, [settings] if isinstance(settings, str) else settings)
        found = self._groups(named(groups))
        for config in groups:
            found[label(config)]["config"] = dict(config)
        return found

    def _groups(self, groups: Mapping[K, Sequence[RunRecord]]) -> Groups[K]:
        figures = {name: answers.of_figures(figures_of(runs)) for name, runs in groups.items()}
        return Groups(figures, groups, self._runs().damaged)

    def find_best_configuration(
        self, weights: Mapping[str, float] | None = None, references: Mapping[str, float] | None = None
    ) -> dict[str, Any]:
        """The configuration with the highest score, 0-100, and whether it can be told from the next.

            score = 100 x sum of weight x s / sum of weights
            success   s = resolved issues / issues with an outcome             weight 0.5
            cost      s = r / (r + USD per resolved issue)                            0.2
            time      s = r / (r + seconds per resolved issue)                        0.1
            quality   s = mean quality score / 100                                    0.2

        r is the median over the configurations compared, or what `references` says ({"cost": 0.5, "time": 600}), which
        makes scores of different days comparable. `weights` replaces all four; a component without one does not count.
        What is not known of every configuration (a cost, where a call has no price) is left out for all of them and
        the other weights count for more; `left_out` names it, and of which.

        `best_run` has `config` and `score` of the configuration, and as `run_id` its run that resolved most. `warning`
        says where the best is not shown better than the next, and where something that has a weight is known of some
        configurations only; None otherwise. Without any run with a result,
        `best_run` has None for a name and NaN for a score, and `warning` says where runs were looked for. Raises
        `QueryError` for weights and references that cannot be used.
        """
        read = self._runs()
        return answers.of_best(find_best(read.runs, weights, references), read)

    # Money and time

    def analyze_cost_efficiency(self, by: str = "llm_model") -> Groups[str]:
        """What a resolved issue and a green pipeline cost, failed work included, by a setting: cheapest first.

        `rank` counts from 1; it is None where the cost is not known, which comes last, or where nothing was resolved.
        Raises `QueryError` for a setting that no run has.
        """
        groups = {str(name): runs for name, runs in by_value(self._runs().runs, by).items()}
        found = {name: figures_of(runs) for name, runs in groups.items()}
        return Groups(answers.of_cost_efficiency(found), groups, self._runs().damaged)

    def analyze_performance_trends(self) -> dict[str, Any]:
        """Whether runs get better: for `success_rate`, `cost`, `duration` and `quality` of each run over its start, the
        `trend` (improving, degrading, stable, insufficient_data below seven runs), `slope_per_day` (NaN of runs that
        span less than a day), `slope_per_run`, `r_squared` of the line, `p_value` of a rank test, `p_adjusted` for the
        number of trends (which `trend` goes by), and `runs`, of how many it is known.
        """
        return answers.of_trends(run_trends(self._runs().runs), self._runs())

    # Report

    def generate_comparison_report(
        self,
        output_file: str | os.PathLike[str] | None = None,
        format: Format | None = None,  # noqa: A002 - what callers expect it to be called
        weights: Mapping[str, float] | None = None,
        references: Mapping[str, float] | None = None,
    ) -> str:
        """All of this as a report; returned, and written where a file is named.

        `format` is text, markdown or html; by default what the file's name ends in says (.md, .html), else text.
        `weights` and `references` are those of `find_best_configuration`. Raises OSError where the file cannot be
        written, and `QueryError` for another format, and for weights and references that cannot be used.
        """
        from agentgauge.runs.analysis.report import write_report  # deferred: most analyses never print one

        file = None if output_file is None else Path(output_file)
        return write_report(self._runs(), file, format, weights, references)

    def _runs(self) -> RunSet:
        if self._read is None:
            self._read = read_runs(self.base_dir, self._gauge, self._since, self._until, self._project)
            if not self._read.runs:
                logger.warning("%s%s", answers.nothing_to_compare((), self._read.places), self._conditions())
        return self._read

    def _conditions(self) -> str:
        """Which runs are asked for, in words; nothing where all are."""
        conditions = [f"of project {self._project!r}"] if self._project is not None else []
        conditions += [f"since {self._since.isoformat()}"] if self._since is not None else []
        conditions += [f"until {self._until.isoformat()}"] if self._until is not None else []
        return f" (Asked for: runs {' '.join(conditions)}.)" if conditions else ""


def _utc(name: str, moment: object) -> datetime | None:
    """A time without a zone means UTC."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        raise QueryError(f"{name} is a datetime, got {type(moment).__name__} {moment!r}: datetime(2026, 11, 1)")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
