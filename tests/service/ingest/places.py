"""A server's home for tests of ingest: its settings, what is in it, and who sends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import agentgauge
from agentgauge.journal.layout import Header, read_header
from agentgauge.journal.scanner import scan
from agentgauge.lake import Lake
from agentgauge.lake.compactor import Compactor, writer_lock
from agentgauge.pricing import PriceBook
from agentgauge.service.security.principal import Principal
from agentgauge.settings.recording import Settings, get_settings

BOOK = PriceBook.load()
SHOP = Principal("key shop", frozenset({"ingest"}), frozenset({"shop"}))
BANK = Principal("key bank", frozenset({"ingest"}), frozenset({"bank"}))
SHOP_AND_BANK = Principal("key both", frozenset({"ingest"}), frozenset({"shop", "bank"}))


def settings_of(home: Path, **environment: str) -> Settings:
    return get_settings(home, environment)


def rows(home: Path, columns: str = "name", order: str = "name") -> list[tuple[Any, ...]]:
    """What a reader finds there, journal and lake together."""
    with Lake(settings_of(home).home, BOOK).snapshot() as snapshot:
        return snapshot.connection.execute(f"SELECT {columns} FROM events ORDER BY {order}").fetchall()


def names(home: Path) -> list[str]:
    return [name for (name,) in rows(home)]


def losses(home: Path) -> list[tuple[str, int]]:
    with Lake(settings_of(home).home, BOOK).snapshot() as snapshot:
        return snapshot.connection.execute(
            "SELECT reason, sum(count)::BIGINT FROM losses GROUP BY 1 ORDER BY 1"
        ).fetchall()


def compact(home: Path) -> None:
    settings = settings_of(home)
    with writer_lock(settings.home):
        compactor = Compactor(settings.home, BOOK)
        compactor.run()
        compactor.close()


class Agent:
    """A machine that records for itself, and the bytes of its journal's one segment."""

    def __init__(self, home: Path, **scope: str) -> None:
        self.gauge = agentgauge.open(home=home, **scope)
        self._journal = home / "journal"

    def record(self, *names: str) -> bytes:
        """The whole lines there are now."""
        for name in names:
            self.gauge.task(name)
        (path,) = self._journal.glob("*.seg")
        end = scan(path, dead=False).end
        return path.read_bytes()[:end]

    @property
    def header(self) -> Header:
        (path,) = self._journal.glob("*.seg")
        header = read_header(path.read_bytes()[:4096])
        assert header is not None
        return header
