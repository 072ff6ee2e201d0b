"""How often quiet series alarm, as a multiple of what was asked for, and how often planted anomalies are found.

    python -m bench.anomaly_levels [--hours 60] [--days 185] [--planted 100]

Hours are of 22 weeks, of which 16 are tested at 1/672; days of 60 weeks, of which 54 are tested at 1/28. Planted is one
change in a busy bucket after sixteen weeks. Series are seeded: tests/analysis/quiet_series.py has them.
"""

from __future__ import annotations

import argparse

import numpy as np

from agentgauge.analysis.anomalies import ALPHA, detect
from agentgauge.analysis.seasonality import SEASONS, Width
from tests.analysis.quiet_series import PLANTED, QUIET, Maker, buckets, planted

WEEKS: dict[Width, int] = {"hour": 22, "day": 60}
SEED = 20_261_121


def level(make: Maker, width: Width, series: int) -> tuple[float, float]:
    """Alarms over those asked for, and its standard error were they independent."""
    random = np.random.default_rng(SEED)
    alarms = tested = 0
    for _ in range(series):
        kind, values, counts = make(random, WEEKS[width] * SEASONS[width], width)
        found = detect(buckets(values, counts, width), width=width, kind=kind)
        alarms, tested = alarms + len(found.anomalies), tested + found.tested
    asked = tested * ALPHA[width]
    return alarms / asked, asked**-0.5


def main() -> None:
    parser = argparse.ArgumentParser(description="false alarms and power of anomalies")
    parser.add_argument("--hours", type=int, default=60, help="series of hours")
    parser.add_argument("--days", type=int, default=185, help="series of days")
    parser.add_argument("--planted", type=int, default=100, help="cases of each planted change")
    asked = parser.parse_args()
    print("| series | hours | days |\n|---|---|---|")
    for make in QUIET:
        levels = level(make, "hour", asked.hours), level(make, "day", asked.days)
        shown = (f"{multiple:.2f} (error {error:.2f})" for multiple, error in levels)
        print(f"| {make.__name__.replace('_', ' ')} | {' | '.join(shown)} |", flush=True)
    for name, (make, width, change) in PLANTED.items():
        print(f"found {100 * planted(make, width, 16, change, asked.planted):.0f} of 100: {name}", flush=True)


if __name__ == "__main__":
    main()
