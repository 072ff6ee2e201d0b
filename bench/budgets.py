"""What a budget costs the program that it guards.

    python -m bench.budgets [SECONDS]

    contending   8 processes that reserve and settle on one budget of one home, as fast as they can: each waits for the
                 others. Beside it the same without others
    a call       `with budget.call(...)` around `gauge.llm_call`, far from the limit and near it, over the same call
                 without a budget
    entering     the first guard of a process, and the following

Each case runs in fresh processes. Limits: a reservation takes at most 300 us (median) and 20 ms (99th percentile) with
8 contending; a guard far from its limit at most 20 us.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

PROCESSES = 8
ROUNDS = 5
CALLS = 4000
TENTH = Decimal("0.1")


def contend(home: Path, seconds: float) -> dict[str, list[float]]:
    """Reserve and settle until the time is over; microseconds of each."""
    from agentgauge.policies.budgets.local import of_home
    from agentgauge.settings import get_settings
    from agentgauge.state.budget_account import Charge, Wanted

    accounts = of_home(get_settings(home))
    account = accounts.open(Wanted(scope="ticket", name="T", usd=Decimal(10**6)), "bench")
    segment = f"{os.urandom(6).hex()}-000000"
    print("ready", flush=True)
    sys.stdin.readline()
    reserving: list[float] = []
    settling: list[float] = []
    until = time.perf_counter() + seconds
    n = 0
    while time.perf_counter() < until:
        n += 1
        lease = f"{segment}.{n}"
        began = time.perf_counter()
        accounts.reserve(account.budget_id, lease, TENTH, at_least=TENTH, holder=segment, ttl_s=30)
        reserved = time.perf_counter()
        charge = Charge(segment=segment, n=n, time=account.period_start, usd=TENTH)
        settled_from = time.perf_counter()
        accounts.settle(account.budget_id, lease, [charge], Decimal(0))
        settled = time.perf_counter()
        reserving.append((reserved - began) * 1e6)
        settling.append((settled - settled_from) * 1e6)
    return {"reserve": reserving, "settle": settling}


def calls(home: Path, kind: str) -> dict[str, list[float]]:
    """Model calls in and out of a guard; microseconds of each."""
    import agentgauge

    gauge = agentgauge.open(home)
    tokens = {"input_tokens": 12_345, "output_tokens": 678}
    cost = {} if kind == "priced" else {"cost_usd": "0.000001"}

    def record() -> None:
        gauge.llm_call("claude-sonnet-4-5", "anthropic", duration_ms=2345.678, **tokens, **cost)

    with gauge.scope(ticket="T"):
        without = timed(record)
    usd = Decimal("1.5") if kind == "near" else Decimal(10**6)
    with gauge.budget("ticket:T", usd=usd) as budget:

        def guarded() -> None:
            with budget.call(max_usd=TENTH):
                record()

        within = timed(guarded)
        bare = timed(record)
    return {"without": without, "call": within, "block": bare}


def timed(work: Callable[[], None]) -> list[float]:
    for _ in range(CALLS // 10):
        work()
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1e6)
    return times


def entering(home: Path) -> dict[str, list[float]]:
    import agentgauge

    gauge = agentgauge.open(home)
    times = []
    for _ in range(6):
        began = time.perf_counter()
        with gauge.budget("ticket:T", usd=5):
            pass
        times.append((time.perf_counter() - began) * 1e6)
    return {"first": times[:1], "following": times[1:]}


def started(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.budgets", "--worker", *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str]) -> dict[str, list[float]]:
    assert process.stdout is not None
    lines, _ = process.communicate()
    found: dict[str, list[float]] = json.loads(lines.splitlines()[-1])
    return found


def contended(processes: int, seconds: float) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as home:
        workers = [started("contend", home, str(seconds)) for _ in range(processes)]
        for worker in workers:
            assert worker.stdout is not None
            worker.stdout.readline()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        answers = [answer(worker) for worker in workers]
    return {name: [time for one in answers for time in one[name]] for name in answers[0]}


def in_a_process(case: str, *arguments: str) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as home:
        return answer(started(case, home, *arguments))


def percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def line(what: str, times: Sequence[float]) -> None:
    middle, high, most = statistics.median(times), percentile(times, 0.99), max(times)
    print(f"  {what:<34} {middle:>9.0f} us {high:>12.0f} us {most:>12.0f} us   {len(times):>7}")


def main() -> None:
    if sys.argv[1:2] == ["--worker"]:
        case, home, *rest = sys.argv[2:]
        match case:
            case "contend":
                found = contend(Path(home), float(rest[0]))
            case "calls":
                found = calls(Path(home), rest[0])
            case _:
                found = entering(Path(home))
        print(json.dumps(found))
        return
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}\n")
    print(f"  {'':<34} {'median':>12} {'99 %':>15} {'longest':>15}   {'times':>7}")
    for processes in (1, PROCESSES):
        found = contended(processes, seconds)
        for name in ("reserve", "settle"):
            line(f"{name}, {processes} process{'es' if processes > 1 else ''}", found[name])
    for kind in ("reported", "priced", "near"):
        found = in_a_process("calls", kind)
        without = statistics.median(found["without"])
        line(f"llm_call, {kind}", found["without"])
        for name, what in (("block", "in a budget's block"), ("call", "in budget.call")):
            line(f"  {what}", found[name])
            over = statistics.median(found[name])
            print(f"  {'':<34} {over - without:>+9.1f} us, {over / without:.1f} times")
    found = in_a_process("entering")
    line("entering, first of a process", found["first"])
    line("entering, following", found["following"])


if __name__ == "__main__":
    main()
