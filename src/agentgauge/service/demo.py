"""The demo: a real coding session, moved in time to end now, in a home of its own.

The home is at one place per user below the system's directory for temporary files, so that the commands the demo
suggests find it. A second demo replaces it. What is at a place is removed only where it is this user's directory with
the demo's mark in it.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from datetime import datetime
from importlib import resources
from pathlib import Path

import msgspec

from agentgauge.errors import SettingsError
from agentgauge.integrations.agent_logs import read
from agentgauge.meter import Meter
from agentgauge.service.bucket_widths import legible_width
from agentgauge.service.importing import Imported, import_logs
from agentgauge.service.reports import tools
from agentgauge.service.reports.rows import Rows
from agentgauge.service.reports.tools import Tool
from agentgauge.service.usage_report import UsageReport, usage_report
from agentgauge.service.window import Window
from agentgauge.settings import get_settings

SOURCE = (
    "https://github.com/badlogic/pi-mono, packages/coding-agent/test/fixtures/before-compaction.jsonl (MIT licence)"
)
AGENT = "pi, a coding agent"
_SESSION = "demo_session.jsonl"
_MARK = ".agentgauge-demo"


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    home: str
    agent: str
    source: str
    recorded_until: datetime
    """When the session really ended."""
    moved_to: datetime
    """When it ends in the demo."""
    imported: Imported
    report: UsageReport
    tools: Rows[Tool]


def run_demo(home: str | None, now: datetime, zone: str) -> Demo:
    """Load the session so that it ends at the aware time `now`, and ask what it shows, by the days of an IANA zone.

    `home` is a directory that does not exist yet, is empty or holds an earlier demo; None: the usual place. Raises
    `SettingsError` for another. Settings of the environment do not apply: they belong to the user's own home.
    """
    place = _cleared(
        Path(tempfile.gettempdir()) / f"agentgauge-demo-{_user()}" if home is None else Path(home).expanduser()
    )
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    (place / _MARK).touch()
    meter = Meter(get_settings(place, environ={}))
    with resources.as_file(resources.files("agentgauge").joinpath("data", _SESSION)) as session:
        times = [event.time for event in read("pi", session, now=now).events]
        began, ended = min(times), max(times)
        imported = import_logs(meter, "pi", [session], now=now, shift=now - ended)
    with meter.engine() as engine:
        everything = Window()
        width = legible_width(began, ended)
        report = usage_report(engine, everything, by=("model",), zone=zone, now=now, bucket=width, book=meter.book)
        called = tools(engine, everything)
    return Demo(
        home=str(place),
        agent=AGENT,
        source=SOURCE,
        recorded_until=ended,
        moved_to=now,
        imported=imported,
        report=report,
        tools=called,
    )


def _cleared(place: Path) -> Path:
    """`place`, absent or empty, with no earlier demo there. Raises `SettingsError` where something else is."""
    if not os.path.lexists(place):
        return place
    own = _is_our_directory(place)
    if own and (place / _MARK).is_file():
        shutil.rmtree(place)
    elif not own or any(place.iterdir()):
        raise SettingsError(
            f"{place} is there and is no demo of yours: with --home, name a directory that is empty or does not exist"
        )
    return place


def _is_our_directory(place: Path) -> bool:
    state = place.lstat()
    return stat.S_ISDIR(state.st_mode) and (not hasattr(os, "getuid") or state.st_uid == os.getuid())


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "own"
