"""Programs that record for a server, the server's events, and what is left in a home."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import agentgauge
from agentgauge.lake import Lake
from agentgauge.pricing import PriceBook
from agentgauge.service.security.keys import issue
from agentgauge.settings.secret import Secret
from agentgauge.settings.server import get_server_settings
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state

AGENT = Path(__file__).parent / "agent.py"
NOBODY = "http://127.0.0.1:9"
"""Nothing listens there."""
Identity = tuple[str, int]


def environment(endpoint: str, key: str | None = None, **more: str) -> dict[str, str]:
    key_of = {} if key is None else {"AGENTGAUGE_API_KEY": key}
    return {**os.environ, "AGENTGAUGE_ENDPOINT": endpoint, **key_of, **more}


def start_agent(home: Path, endpoint: str, count: int, word: str = "alone", **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(AGENT), str(home), str(count), word],
        env=environment(endpoint, **more), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def said(lines: Iterable[str]) -> list[Identity]:
    """Identities of the events that an agent says to have recorded."""
    pairs = [line.split() for line in lines]
    return [(pair[0], int(pair[1])) for pair in pairs if len(pair) == 2]


def finished(agent: subprocess.Popen[str]) -> list[Identity]:
    """What an agent recorded in all, once it has ended."""
    assert agent.stdin is not None
    assert agent.stdout is not None
    with agent:
        agent.stdin.close()
        found = said(agent.stdout)
    assert agent.returncode == 0
    return found


def recorded(home: Path, endpoint: str, count: int, word: str = "alone", **more: str) -> list[Identity]:
    return finished(start_agent(home, endpoint, count, word, **more))


def forward(home: Path, endpoint: str, key: str | None = None, code: int = 0) -> str:
    """`agentgauge forward`, run here; what it says."""
    from typer.testing import CliRunner  # here: programs that race import this module and forward nothing

    from agentgauge.cli.app import app

    done = CliRunner().invoke(app, ["forward", "--home", str(home)], env=environment(endpoint, key))
    assert done.exit_code == code, done.output
    return done.output


def events_of(home: Path) -> list[Identity]:
    """Identities of all events of a home, however often they are there."""
    return [(segment, n) for segment, n in rows(home, "SELECT segment, n FROM events")]


def rows(home: Path, sql: str) -> list[tuple]:  # type: ignore[type-arg]
    with Lake(get_server_settings(home, {}).recording.home, PriceBook.load()).snapshot() as snapshot:
        return snapshot.connection.execute(sql).fetchall()


def segments(home: Path) -> list[Path]:
    return sorted((home / "journal").glob("*.seg"))


def assert_once(server: Path, expected: Iterable[Identity]) -> None:
    """Every one of these events is there, once, and no other."""
    found, wanted = events_of(server), set(expected)
    assert len(found) == len(set(found)), "an event is there twice"
    assert set(found) == wanted, f"{len(wanted - set(found))} missing, {len(set(found) - wanted)} too many"


def record(home: Path, count: int, project: str | None = None, first: int = 0) -> list[Identity]:
    """Events of a program that ships nothing itself, in a segment of its own."""
    with agentgauge.open(home, project=project) as gauge:
        return record_into(gauge, count, first)


def record_into(gauge: agentgauge.Gauge, count: int, first: int = 0) -> list[Identity]:
    kept = [gauge.event("task", {"name": f"{number:05}"}) for number in range(first, first + count)]
    return [(event.segment or "", event.n or 0) for event in kept if event is not None]


def key_of(server_home: Path, scope: str = "ingest", *projects: str) -> Secret:
    """A new key of a server."""
    settings = get_server_settings(server_home, {})
    book = KeyBook(shared_state(settings))
    name = f"{scope} {projects} {os.urandom(4).hex()}"
    issued = issue(book, name, [scope], actor="test", now=datetime.now(UTC), projects=list(projects) or None)
    return Secret(issued.token.text)
