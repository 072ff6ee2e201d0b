"""A program that spends, in a process of its own; it imports no more than an agent would.

    python spender.py HOME NUMBER USD MOST BEYOND

calls a model until a budget of USD dollars refuses, each call for up to MOST dollars, and one in ten for BEYOND more
than it had reserved. Says `ready` and waits for a line before that; afterwards how many dollars it spent beyond.
"""

from __future__ import annotations

import random
import sys
from decimal import Decimal

import agentgauge


def main() -> None:
    home, number = sys.argv[1], int(sys.argv[2])
    usd, most, beyond = map(Decimal, sys.argv[3:])
    gauge, chance, over = agentgauge.open(home), random.Random(number), Decimal(0)
    try:
        with gauge.budget("ticket:T", usd=usd) as ticket, gauge.budget("team:t", usd=25 * usd) as team:
            print("ready", flush=True)
            sys.stdin.readline()
            while True:
                with ticket.call(most), team.call(most):
                    cost = most * chance.randint(1, 10) / 10
                    if beyond and chance.random() < 0.1:
                        cost = most + beyond
                        over += beyond
                    gauge.llm_call("m", cost_usd=cost)
                    print("spent", flush=True)
    except agentgauge.BudgetExceeded:
        pass
    gauge.close()
    print(over, dict(gauge.health().altered), flush=True)


main()
