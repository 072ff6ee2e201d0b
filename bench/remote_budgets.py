"""What a budget costs a program whose budgets a server keeps.

    python -m bench.remote_budgets [SECONDS]

    alone        one program on loopback that reserves and settles as fast as it can; beside it the state file itself
    contending   8 programs on one budget, against one worker and two, on SQLite and on PostgreSQL
    a guard      `with budget.call(...)` around `gauge.llm_call`, far from the limit and near it

PostgreSQL is that of AGENTGAUGE_TEST_POSTGRES_URL, or one that is started for this where it is installed, which does
not sync. Limit: a reservation over HTTP takes at most 5 ms (median) on loopback.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path

PROGRAMS = 8
CALLS = 300
TENTH = Decimal("0.1")


def contend(where: str, seconds: float) -> dict[str, list[float]]:
    """Reserve and settle until the time is over; milliseconds of each."""
    from agentgauge.policies.budgets.accounts import Accounts
    from agentgauge.policies.budgets.local import of_home
    from agentgauge.policies.budgets.remote import RemoteAccounts
    from agentgauge.server_client import ServerClient
    from agentgauge.settings import get_settings
    from agentgauge.state.budget_account import Charge, Wanted

    accounts: Accounts = RemoteAccounts(ServerClient(where)) if "://" in where else of_home(get_settings(where))
    account = accounts.open(Wanted(scope="ticket", name="T", usd=Decimal(10**6)), "bench")
    segment = f"{os.urandom(6).hex()}-000000"
    wait_for_others()
    reserving: list[float] = []
    settling: list[float] = []
    until, n = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        n += 1
        charge = Charge(segment=segment, n=n, time=account.period_start, usd=TENTH)
        began = time.perf_counter()
        accounts.reserve(account.budget_id, f"{segment}.{n}", TENTH, at_least=TENTH, holder=segment, ttl_s=30)
        reserved = time.perf_counter()
        accounts.settle(account.budget_id, f"{segment}.{n}", [charge], Decimal(0))
        reserving.append((reserved - began) * 1e3)
        settling.append((time.perf_counter() - reserved) * 1e3)
    return {"reserve": reserving, "settle": settling}


def guard(where: str, usd: str) -> dict[str, list[float]]:
    """Model calls in a budget; milliseconds of each."""
    os.environ["AGENTGAUGE_ENDPOINT"] = where
    import agentgauge

    with tempfile.TemporaryDirectory() as home, agentgauge.open(home) as gauge:
        with gauge.budget(f"ticket:{usd}", usd=usd) as budget:
            wait_for_others()
            times = []
            for _ in range(CALLS):
                began = time.perf_counter()
                with budget.call(max_usd=TENTH):
                    gauge.llm_call("m", input_tokens=1, output_tokens=1, cost_usd="0.000001")
                times.append((time.perf_counter() - began) * 1e3)
    return {"call": times}


def wait_for_others() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def at_once(programs: int, case: str, *arguments: str) -> dict[str, list[float]]:
    command = [sys.executable, "-m", "bench.remote_budgets", "--program", case, *arguments]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(programs)
    ]
    for program in started:
        assert program.stdout is not None
        program.stdout.readline()
    for program in started:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    answers = [json.loads(program.communicate()[0].splitlines()[-1]) for program in started]
    return {name: [one for answer in answers for one in answer[name]] for name in answers[0]}


@contextmanager
def server(workers: int, database: str | None) -> Iterator[str]:
    """The address of a server that writes no line for each request."""
    from tests.servers.serving import served

    environment = {"AGENTGAUGE_LOG_LEVEL": "warning"} | (
        {} if database is None else {"AGENTGAUGE_DATABASE_URL": database}
    )
    with tempfile.TemporaryDirectory() as home:
        options = ("--workers", str(workers), "--no-jobs")
        with served(Path(home), *options, environment=environment) as running:
            yield running.url


@contextmanager
def postgres() -> Iterator[str]:
    """An empty database."""
    import psycopg

    from tests.servers.postgres import postgres_server

    with postgres_server() as url:
        name = f"agentgauge_bench_{os.getpid()}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
            yield f"{url.rpartition('/')[0]}/{name}"
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def line(what: str, times: Sequence[float]) -> None:
    high = sorted(times)[min(len(times) - 1, int(len(times) * 0.99))]
    print(f"  {what:<44} {statistics.median(times):>8.2f} ms {high:>9.2f} ms {max(times):>9.2f} ms  {len(times):>6}")


def main() -> None:
    if sys.argv[1:2] == ["--program"]:
        case, where, argument = sys.argv[2:]
        print(json.dumps(contend(where, float(argument)) if case == "contend" else guard(where, argument)))
        return
    seconds = sys.argv[1] if len(sys.argv) > 1 else "5"
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}\n")
    print(f"  {'':<44} {'median':>11} {'99 %':>12} {'longest':>12}  {'times':>6}")
    with tempfile.TemporaryDirectory() as home:
        at_the_file = at_once(1, "contend", home, seconds)["reserve"]
    line("reserve in the state file, alone", at_the_file)
    with server(1, None) as url:
        over_http = at_once(1, "contend", url, seconds)["reserve"]
        line("reserve over HTTP, alone", over_http)
        over = statistics.median(over_http) / statistics.median(at_the_file)
        print(f"  {'':<44} {over:.0f} times the file")
        line("a guarded call, far from the limit", at_once(1, "guard", url, "1000000")["call"])
        line("a guarded call, near it", at_once(1, "guard", url, "1.5")["call"])
    with ExitStack() as stack:
        databases = {"SQLite": None, "PostgreSQL": stack.enter_context(postgres())}
        for name, database in databases.items():
            for workers in (1, 2):
                with server(workers, database) as url:
                    found = at_once(PROGRAMS, "contend", url, seconds)
                for what, times in found.items():
                    line(f"{what}, {PROGRAMS} programs, {name}, {workers} worker{'s' * (workers > 1)}", times)


if __name__ == "__main__":
    main()
