#!/usr/bin/env python3
"""Take the pictures of docs/dashboard.md anew: every page over real data, light and dark.

    .venv/bin/python scripts/gallery.py [--home DIR] [FOLDER]

The home is made of what this repository has of real work: the demo's coding session and other recorded sessions, one
production hour of model calls (Azure), a public benchmark of coding models (Aider), and what the examples record when
they run. Times are moved so that they end now. Budgets are set and the jobs are run on it, as a user would. The
benchmark says how many cases each run solved, not which: its cases are recorded in any order, each with an equal share
of the run's cost. Needs Chromium (Debian: chromium).
"""

from __future__ import annotations

import argparse
import base64
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import agentgauge
from agentgauge.integrations.agent_logs import read
from agentgauge.meter import Meter
from agentgauge.service.demo import run_demo
from agentgauge.service.importing import import_logs
from agentgauge.settings import get_settings
from tests.dashboard.browsing import browser, complete, patient
from tests.servers.serving import served

DATA = ROOT / "tests" / "data"
SESSIONS = (
    ("claude-code", "daaain_representative_messages.jsonl"),
    ("claude-code", "ccusage_claude_alpha.jsonl"),
    ("codex", "ccusage_codex_alpha.jsonl"),
)
EXAMPLES = ("supervisor.py", "learning_engine.py", "optimization.py", "rag_chain.py", "demo_metrics_system.py")
BUDGETS = (("project:aider", "500", "month"), ("agent:pi", "40", "week"))
BENCHMARK_DAYS = 60
"""Over which the runs of the benchmark are spread: they took place over a year."""
PAGES = {
    "overview": "/?range=30d",
    "agents": "/agents?range=30d",
    "agent": "/agents/pi?range=24h",
    "models": "/models?range=90d&project=aider&unit=issue&metric=success",
    "costs": "/costs?range=30d",
    "savings": "/savings",
    "performance": "/performance?range=30d",
    "runs": "/runs?range=30d",
    "run": "/runs?range=24h&agent=pi&view=sessions",
    "quality": "/quality?range=30d",
    "alerts": "/alerts",
    "system": "/system",
}
SIZE = {"width": 1280, "height": 800}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs" / "pictures")
    parser.add_argument("--home", type=Path, help="Where the home is made, and kept.")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        home = asked.home or Path(temporary) / "home"
        if not home.exists():
            make(home, Path(temporary))
        photograph(home, asked.folder)


def make(home: Path, scratch: Path) -> None:
    now = datetime.now(UTC)
    run_demo(str(home), now - timedelta(hours=1), "UTC")
    meter = Meter(get_settings(home, environ={}))
    for ago, (tool, name) in enumerate(SESSIONS, start=1):
        path = DATA / "agent_logs" / name
        last = max(event.time for event in read(tool, path, now=now).events)
        import_logs(meter, tool, [path], now=now, shift=now - timedelta(days=ago) - last)
    with agentgauge.open(home, project="chat") as gauge:
        _record_hour(gauge, now)
    with agentgauge.open(home, project="aider") as gauge:
        _record_benchmark(gauge, now)
    environment = {**os.environ, "AGENTGAUGE_HOME": str(home)}
    for name in EXAMPLES:
        subprocess.run([sys.executable, str(ROOT / "examples" / name)], cwd=scratch, env=environment, check=True)
    for scope, usd, period in BUDGETS:
        _command(environment, "budget", "set", scope, usd, "--per", period)
    for job in ("alert-rules", "budgets", "recommendations"):
        _command(environment, "jobs", "run", job)


def _record_hour(gauge: agentgauge.Gauge, now: datetime) -> None:
    with gzip.open(DATA / "azure" / "calls.csv.gz", "rt", encoding="ascii", newline="") as lines:
        rows = [
            (datetime.fromisoformat(f"2023-11-16T{row['time']}").replace(tzinfo=UTC), row)
            for row in csv.DictReader(lines)
        ]
    shift = now - timedelta(minutes=10) - rows[-1][0]
    with gauge.scope(agent="chat", role="assistant"):
        for time, row in rows:
            gauge.llm_call(
                "splitwise-conv",
                input_tokens=int(row["context_tokens"]),
                output_tokens=int(row["generated_tokens"]),
                at=time + shift,
            )


def _record_benchmark(gauge: agentgauge.Gauge, now: datetime) -> None:
    rows = list(_benchmark())
    for number, row in enumerate(rows):
        start = now - timedelta(days=BENCHMARK_DAYS * (len(rows) - number) / len(rows))
        cost = Decimal(row["total_cost"] or 0) / row["cases"]
        with gauge.scope(run=row["run"], agent="aider", role="developer", operation="exercise"):
            for case in range(row["cases"]):
                at = start + timedelta(seconds=case)
                seconds = row["seconds_per_case"] or 0
                case_id = f"{row['run']}-{case}"
                gauge.llm_call(
                    row["model"], input_tokens=0, output_tokens=0, duration_ms=seconds * 1000, at=at,
                    cost_usd=cost if cost else None, issue=case_id,
                )  # fmt: skip
                gauge.task("exercise", seconds * 1000, case < row["passed"], at=at, issue=case_id)


def _benchmark() -> Iterator[dict]:  # type: ignore[type-arg]
    for line in (DATA / "aider" / "polyglot_leaderboard.jsonl").read_text().splitlines():
        yield json.loads(line)


def _command(environment: dict[str, str], *arguments: str) -> None:
    program = [sys.executable, "-c", "from agentgauge.cli import main; main()"]
    subprocess.run([*program, *arguments], env=environment, check=True)


def photograph(home: Path, folder: Path) -> None:
    with tempfile.TemporaryFile("w") as log, served(home, "--no-jobs", errors=log) as server, browser() as chromium:
        for scheme in ("light", "dark"):
            context = patient(chromium, color_scheme=scheme, viewport=SIZE, reduced_motion="reduce")
            for name, path in PAGES.items():
                page = context.new_page()
                page.goto(server.url + path)
                if name == "run":  # the newest one
                    page.locator("tbody th a").first.click()
                    page.wait_for_load_state("load")
                complete(page)
                taken = context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": 85})
                (folder / f"{name}-{scheme}.webp").write_bytes(base64.b64decode(taken["data"]))
                print(folder / f"{name}-{scheme}.webp")
                page.close()
            context.close()


if __name__ == "__main__":
    main()
