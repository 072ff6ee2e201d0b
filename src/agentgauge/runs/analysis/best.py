"""The configuration that scores highest, and whether it can be told from the next one.

A score has no test of its own. What it is made of has: best and next are compared on every component that counts,
issue by issue where both worked on the same ones, and the p-values are adjusted for how many components there are
(Holm). The best is distinguishable where it is shown better on one and worse on none.

Best and next were picked by looking at the same runs. That makes the comparison more cautious, not less: of several
configurations that do not differ, the two at the top lie closer together than two picked blindly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from agentgauge.analysis.comparison import Pair, Verdict
from agentgauge.analysis.multiplicity import holm
from agentgauge.runs.analysis import units, wording
from agentgauge.runs.analysis.figures import CONFIDENCE, Figures, figures_of
from agentgauge.runs.analysis.grouping import by_configuration, label, short_labels
from agentgauge.runs.analysis.records import Configuration, RunRecord
from agentgauge.runs.analysis.score import Scores, scores

_MOST_NAMED = 5
"""Configurations in a sentence."""


class Candidate(msgspec.Struct, frozen=True):
    config: Configuration
    runs: tuple[RunRecord, ...]
    figures: Figures
    score: float
    parts: dict[str, float]
    """Of each component that counts, 0-1."""

    @property
    def shown_run(self) -> RunRecord:
        """The run to look at: the one that resolved most of its issues, the latest of several."""
        return max(self.runs, key=lambda run: (run.resolved / run.processed if run.processed else -1.0, _start(run)))


class Contest(msgspec.Struct, frozen=True):
    """Best against next on one component."""

    component: str
    unit: str
    """Of the pair's observations: issue or run."""
    pair: Pair
    p_adjusted: float
    """For the number of components."""
    verdict: Verdict
    """Of the best."""
    lower_is_better: bool

    @property
    def is_ahead(self) -> bool:
        """The best looks better here, shown or not."""
        return self.pair.difference < 0 if self.lower_is_better else self.pair.difference > 0


class Best(msgspec.Struct, frozen=True):
    ranking: tuple[Candidate, ...]
    """Highest score first."""
    scoring: Scores
    left_out: dict[str, tuple[Configuration, ...]]
    """Components that have a weight and do not count, and the configurations of which they are not known."""
    contests: tuple[Contest, ...]
    untried: tuple[Configuration, ...]
    """Configurations without an issue that has an outcome: not ranked."""
    warning: str | None
    """Why the best is not known to be better than the next; None where it is."""


def find_best(
    runs: Sequence[RunRecord],
    weights: Mapping[str, float] | None = None,
    references: Mapping[str, float] | None = None,
) -> Best:
    """Raises `QueryError` for weights and references that cannot be used."""
    groups = {config: (found, figures_of(found)) for config, found in by_configuration(runs).items()}
    tried = {config: group for config, group in groups.items() if group[1].processed}
    scoring = scores([figures for _, figures in tried.values()], weights, references)
    candidates = [
        Candidate(config, tuple(found), figures, score, parts)
        for (config, (found, figures)), score, parts in zip(tried.items(), scoring.scores, scoring.parts, strict=True)
    ]
    ranking = tuple(sorted(candidates, key=_rank))
    contests = _contests(ranking[0], ranking[1], scoring.weights) if len(ranking) > 1 else ()
    untried = tuple(config for config in groups if config not in tried)
    left_out = {name: tuple(candidates[i].config for i in without) for name, without in scoring.left_out.items()}
    return Best(ranking, scoring, left_out, contests, untried, _warning(ranking, contests))


def _rank(candidate: Candidate) -> tuple[float, int, str]:
    """Highest score first, of equal ones that which more issues speak for."""
    score = -math.inf if math.isnan(candidate.score) else candidate.score
    return -score, -candidate.figures.processed, label(candidate.config)


def _start(run: RunRecord) -> float:
    return run.started.timestamp() if run.started is not None else -math.inf


def _contests(best: Candidate, following: Candidate, weights: Mapping[str, float]) -> tuple[Contest, ...]:
    arms = {"best": best.runs, "next": following.runs}
    compared = [units.compare(arms, units.measured(name, arms.values()), CONFIDENCE) for name in weights]
    adjusted = holm([found.pairs[0].p_value for found in compared])
    return tuple(
        Contest(
            component=name,
            unit=found.unit,
            pair=found.pairs[0],
            p_adjusted=float(p),
            verdict=found.pairs[0].verdict if p <= 1 - CONFIDENCE else "no difference shown",
            lower_is_better=found.lower_is_better,
        )
        for name, found, p in zip(weights, compared, adjusted, strict=True)
    )


# The warning


def _warning(ranking: Sequence[Candidate], contests: Sequence[Contest]) -> str | None:
    if not ranking:
        return None
    if len(ranking) == 1:
        return "Only one configuration has results, so there is nothing that it is better than."
    better = [contest for contest in contests if contest.verdict == "better"]
    worse = [contest.component for contest in contests if contest.verdict == "worse"]
    following = short_labels([candidate.config for candidate in ranking])[ranking[1].config]
    if better and worse:
        named = " and ".join(contest.component for contest in better)
        return (
            f"Better than the next configuration ({following}) in {named}, worse in {' and '.join(worse)}: "
            "which of the two is best is decided by the weights."
        )
    if better:
        return None
    if not contests:
        return "Nothing that has a weight is known of every configuration, so there is no score to rank them by."
    tried = ", ".join(f"{contest.component} {wording.p_stated(contest.p_adjusted)}" for contest in contests)
    return (
        f"Not shown better than the next configuration ({following}) in anything that counts ({tried})"
        f"{', and worse in ' + ' and '.join(worse) if worse else ''}{_advice(contests)}."
    )


def _advice(contests: Sequence[Contest]) -> str:
    """How much more would have to be run to show the best better: on the component where that is least."""
    needed = [(contest.pair.needed_n, contest) for contest in contests if contest.pair.needed_n and contest.is_ahead]
    if not needed:
        return ""
    least, contest = min(needed, key=lambda found: found[0])
    more = wording.count(least, f"more {contest.unit}")
    return f"; were the difference in {contest.component} the true one, about {more} with each would show it"


def left_out_unequally(best: Best) -> list[str]:
    """A sentence for each component that is left out though it is known of some: the best may do worse in it."""
    return [
        f"{name.capitalize()} does not count: it is not known of {_some(without, best.ranking)}."
        for name, without in best.left_out.items()
        if len(without) < len(best.ranking)
    ]


def _some(configs: Sequence[Configuration], ranking: Sequence[Candidate]) -> str:
    """`2 configurations (a; b)`."""
    names = short_labels([candidate.config for candidate in ranking])
    named = "; ".join(names[config] for config in configs[:_MOST_NAMED])
    others = " and others" if len(configs) > _MOST_NAMED else ""
    return f"{wording.count(len(configs), 'configuration')} ({named}{others})"
