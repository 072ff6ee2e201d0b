"""The lake's tables of one home."""

from __future__ import annotations

from agentgauge.lake import schema
from agentgauge.lake.rollups.levels import LEVELS
from agentgauge.lake.schema import sql_columns
from agentgauge.lake.storage import storage_of
from agentgauge.lake.table import LakeTable
from agentgauge.settings import Home


class Tables:
    def __init__(self, home: Home) -> None:
        self.is_shared = home.lake != str(home.root / "lake")
        """Whether other homes may write to these tables: another lock than ours is then theirs."""
        self.events = LakeTable(storage_of(home, "events"), sql_columns(schema.EVENTS), partitioned=True)
        self.losses = LakeTable(storage_of(home, "losses"), sql_columns(schema.LOSSES), partitioned=False)
        self.sources = LakeTable(storage_of(home, "sources"), sql_columns(schema.SOURCES), partitioned=False)
        self.daily = LakeTable(storage_of(home, "daily_aggregates"), sql_columns(schema.DAILY), partitioned=False)
        self.repriced = LakeTable(storage_of(home, "repriced"), sql_columns(schema.REPRICED), partitioned=False)
        self.rollups = {
            level.name: LakeTable(storage_of(home, level.name), level.columns, partitioned=True) for level in LEVELS
        }

    def clean(self) -> None:
        """Remove what killed writers left. To be called by the one writer."""
        for table in (self.events, self.losses, self.sources, self.daily, self.repriced, *self.rollups.values()):
            table.storage.clean()

    def load(self, *, create: bool = False) -> None:
        """Read the newest version of each table but the rollups, which are read when they are needed.

        `events` first: what the others say of a batch is said after it has landed, and days are kept before their
        events go.
        """
        for table in (self.events, self.losses, self.sources):
            table.load(create=create)
        self.daily.load()  # made by the first expiry
        self.repriced.load()  # made by the first repricing
