"""How often intervals of forecasts hold what comes, in percent.

    python -m bench.forecast_coverage [--series 400]

From 120 days of made-up amounts: of single days and of sums, so many days ahead, at 80 and 95 %. The standard error of
a cell is 2 and 1.1 points with 400 series. Series are seeded: tests/analysis/daily_series.py has them.
"""

from __future__ import annotations

import argparse

import numpy as np

from agentgauge.analysis.forecast import Span, forecast
from tests.analysis.daily_series import DAILY

PAST, AHEAD = 120, 30
SUMS, DAYS = (1, 7, 14, 30), (7, 30)
SEED = 20_261_121


def inside(span: Span, actual: float) -> tuple[bool, bool]:
    return span.low_80 <= actual <= span.high_80, span.low_95 <= actual <= span.high_95


def main() -> None:
    parser = argparse.ArgumentParser(description="coverage of forecasts")
    parser.add_argument("--series", type=int, default=400)
    count = parser.parse_args().series
    cells = [*(f"sum of {days}" for days in SUMS), *(f"day {day}" for day in DAYS)]
    print(f"| series | {' | '.join(cells)} |\n|---|{'---|' * len(cells)}")
    for make in DAILY:
        random = np.random.default_rng(SEED)
        held = []
        for _ in range(count):
            values = np.maximum(make(random, PAST + AHEAD), 0)
            found, coming = forecast(values[:PAST], AHEAD), values[PAST:]
            held.append(
                [inside(found.sums[days - 1], float(coming[:days].sum())) for days in SUMS]
                + [inside(found.days[day - 1], float(coming[day - 1])) for day in DAYS]
            )
        shares = 100 * np.mean(held, axis=0)
        shown = [f"{at_80:.0f}, {at_95:.0f}" for at_80, at_95 in shares]
        print(f"| {make.__name__.replace('_', ' ')} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
