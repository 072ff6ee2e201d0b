"""All alert rules of an hour over ten million events, against a question for each project and metric.

    python -m bench.alerts [--events 10350000] [--rounds 3] [--folder DIR]

Synthetic events of 90 days, of 10 projects, 200 agents, 50 operations and 20 models, a task in ten with its calls
inside, are written as data files of a home's lake and rolled up; the newest 150,000 are too few for it and stay rows,
as they would. Every agent has events in nearly every hour, which is the dearest case. The home is built once into DIR.

`loops` is what the jobs `anomalies` and `outliers` did before there were rules: the reports of the command line, asked
for each project. `rules` are the default rules, through the job, alerts in a SQLite file included; the limit is of it.
Each side runs in a process of its own. Both say how many anomalies for the worse they found, which are to be the same.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from agentgauge.engines import Filter, Query
from agentgauge.meter import Meter
from agentgauge.policies.alerts.rules import DEFAULTS
from agentgauge.service.evaluating.evaluation import Evaluation
from agentgauge.service.evaluating.rules import EVALUATORS
from agentgauge.service.jobs.budgets import check_budgets
from agentgauge.service.jobs.detecting import check_rules
from agentgauge.service.jobs.job import Work
from agentgauge.service.reports.anomalies import anomalies
from agentgauge.service.reports.outliers import outliers, outliers_within
from agentgauge.service.window import Window
from agentgauge.settings.server import get_server_settings
from agentgauge.state.opening import served_state
from bench.rollups import BATCH, END, FILLED, write_lake, write_rollups

LIMIT_S = 2.0
HOUR = timedelta(hours=1)
EVENTS = 17 * BATCH + 150_000

DRAWN = """
    SELECT *, hash(g) % 10007 / 10007.0 AS u FROM (
        SELECT i, i // 10 AS g, i % 10 AS k, random() AS o, random() AS m, i * {days}.0::DOUBLE / {total} AS d,
            least(floor(200 * pow(hash(i // 10 + 7) % 1000003 / 1000003.0, 2)), 199)::INTEGER AS a,
            sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS z1,
            sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS z2,
            sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS z3
        FROM range({first}, {after}) AS numbers(i))
"""
AGENTS = {
    "time": FILLED["time"],
    "kind": "CASE WHEN k = 9 THEN 'task' WHEN k >= 7 THEN 'tool_call' ELSE 'llm_call' END",
    "name": "CASE WHEN k >= 7 THEN 'name-' || k END",
    "project": "'project-' || a % 10",
    "agent": "'agent-' || a",
    "role": "'role-' || a % 6",
    "operation": "'operation-' || (a * 7 + floor(u * 5)::INTEGER) % 50",
    "model": "CASE WHEN k < 7 THEN 'model-' || (a + floor(m * 3)::INTEGER) % 20 END",
    "provider": "CASE WHEN k < 7 THEN 'provider-' || (a + floor(m * 3)::INTEGER) % 20 % 4 END",
    "duration_ms": "round(exp(6.2 + 0.05 * ((a * 7) % 50) + 0.6 * z1), 3)",
    "outcome": "CASE WHEN o < 0.96 THEN 'success' WHEN o < 0.99 THEN 'failure' ELSE 'timeout' END",
    "input_tokens": "CASE WHEN k < 7 THEN exp(7.2 + 0.6 * z2)::BIGINT ELSE 0 END",
    "output_tokens": "CASE WHEN k < 7 THEN exp(5.8 + 0.6 * z3)::BIGINT ELSE 0 END",
    "cost_usd": "CASE WHEN k < 7 AND o > 0.001 THEN (exp(-6.0 + 0.6 * z2) + exp(-6.5 + 0.6 * z3))::DECIMAL(18,12) END",
    "cost_source": "CASE WHEN k < 7 THEN CASE WHEN o > 0.001 THEN 'computed' ELSE 'unpriced' END END",
    "quality_score": "CASE WHEN k = 9 THEN round(least(greatest(82 + a % 7 + 9 * z2, 0), 100), 1) END",
    **{name: FILLED[name] for name in ("run", "session", "ticket")},
    "user": "'user-' || hash(g) % 200",
    "team": "'team-' || hash(g) % 12",
    "span_id": "printf('%016x', hash(i))",
    "parent_id": "CASE WHEN k < 9 THEN printf('%016x', hash(g * 10 + 9)) END",
}


def build(root: Path, events: int) -> None:
    if not (root / "built").exists():
        write_lake(root, events, DRAWN, AGENTS)
        write_rollups(root)
        (root / "built").touch()


def loops(root: Path) -> dict[str, object]:
    """One project after the other, as the jobs did."""
    found, seconds = 0, {}
    with Meter(get_server_settings(root).recording).engine() as engine:
        projects = [project for (project, _) in engine.aggregate(Query(group=("project",))).rows]
        last = Window(END - HOUR, END)
        begin = time.perf_counter()
        for project in projects:
            own = (Filter("project", "=", project),)
            for by in (None, "agent"):
                answer = anomalies(engine, last, zone="UTC", now=END, by=by, filters=own)
                found += sum(each.severity != "info" for each in answer.anomalies)
        seconds["anomalies"] = time.perf_counter() - begin
        begin = time.perf_counter()
        for project in projects:
            own = (Filter("project", "=", project),)
            for metric in ("execution_time", "cost", "tokens"):
                window = Window(END - timedelta(days=30), END)
                usual = outliers(engine, metric, window, method="robust", by="operation", limit=1, filters=own)
                outliers_within(engine, usual, last, own)
        seconds["outliers"] = time.perf_counter() - begin
    return {"seconds": seconds, "anomalies": found}


def rules(root: Path, rounds: int) -> dict[str, object]:
    """The jobs, each round with new alerts; and what each rule takes by itself, what it finds read included."""
    jobs: list[dict[str, float]] = []
    settings = get_server_settings(root)
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            state = served_state(get_server_settings(folder))
            state.prepare()
            work, taken = Work(settings, state), {}
            for name, job in (("alert-rules", check_rules), ("budgets", check_budgets)):
                begin, cpu = time.perf_counter(), time.process_time()
                job(work, END)
                taken[name] = time.perf_counter() - begin
                taken[f"{name} cpu"] = time.process_time() - cpu
            jobs.append(taken)
            state.close()
    best = min(jobs, key=lambda taken: taken["alert-rules"])
    found, each = 0, {}
    with Meter(settings.recording).reading() as snapshot:
        evaluation = Evaluation(snapshot, state, END)
        for type_, evaluator in EVALUATORS.items():
            for rule in (rule for rule in DEFAULTS if rule.type == type_):
                begin = time.perf_counter()
                holds = evaluator(evaluation, rule).holds
                each[rule.name] = time.perf_counter() - begin
                found += len(holds) if type_ == "anomaly" else 0
    return {"seconds": best, "first": jobs[0], "each": each, "anomalies": found}


def phase(name: str, root: Path, arguments: argparse.Namespace) -> dict[str, object]:
    options = {"--phase": name, "--folder": root.parent, "--rounds": arguments.rounds, "--events": arguments.events}
    done = subprocess.run(
        [sys.executable, "-m", "bench.alerts", *(str(part) for option in options.items() for part in option)],
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description="All alert rules of an hour, and one question per project")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--phase")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.gettempdir()) / f"agentgauge-bench-alerts-{arguments.events}"
    root = folder / "home"
    root.mkdir(parents=True, exist_ok=True)
    if arguments.phase:
        found = loops(root) if arguments.phase == "loops" else rules(root, arguments.rounds)
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({**found, "cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}))
        return
    print(f"{arguments.events:,} events of 90 days, {os.cpu_count()} cores, in {folder}")
    build(root, arguments.events)
    ours, theirs = phase("rules", root, arguments), phase("loops", root, arguments)
    for name, seconds in ours["each"].items():
        print(f"  {name:26} {seconds * 1000:7.0f} ms")
    for label, taken in (("best", ours["seconds"]), ("first, imports included", ours["first"])):
        print(
            f"rules, {label}: alert-rules {taken['alert-rules']:.2f} s ({taken['alert-rules cpu']:.2f} s CPU), "
            f"budgets {taken['budgets']:.2f} s"
        )
    print(f"  peak memory {ours['peak_mb']:.0f} MB; {ours['anomalies']} anomalies")
    before = theirs["seconds"]
    print(
        f"loops: anomalies {before['anomalies']:.1f} s, outliers {before['outliers']:.1f} s "
        f"({theirs['cpu']:.1f} s CPU), peak memory {theirs['peak_mb']:.0f} MB; {theirs['anomalies']} anomalies"
    )
    taken = ours["seconds"]["alert-rules"] + ours["seconds"]["budgets"]
    print(f"{sum(before.values()) / taken:.0f} times as quick; {'met' if taken <= LIMIT_S else 'MISSED'} (2 s an hour)")


if __name__ == "__main__":
    main()
