"""Plans: which bytes of which segments a batch takes into the lake.

A plan is written and synced before the batch is committed, and the commit carries the transaction (journal id, batch
number). After a crash anywhere, the table's transaction version tells whether the newest plan's batch landed: it is
then finished or repeated, never both.

A plan also holds how far every segment that still exists is covered once its batch is in. A reader takes the newest
plan whose batch the version it reads contains, and leaves out those bytes of the journal. So a few plans are kept
behind the newest.

    <home>/plans/000000000042.json
    {"journal": "9f..", "batch": 42, "ranges": [{"segment": "host-1-x-0.seg", "start": 0, "end": 8192, "dead": false}],
     "covered": {"host-1-x-0.seg": 8192}}
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from agentgauge.errors import LakeError
from agentgauge.files import write_atomically

KEPT = 8


class Range(msgspec.Struct, frozen=True):
    """Bytes [start, end) of a segment.

    `dead` tells how its end is to be read again: nothing more will be written to it.
    """

    segment: str
    start: int
    end: int
    dead: bool


class Plan(msgspec.Struct, frozen=True):
    sequence: int
    """Order of the plans of one directory, from 1."""
    journal: str
    batch: int
    """Version of the journal's application transaction in the events table, from 1."""
    ranges: tuple[Range, ...]
    covered: dict[str, int]
    losses: int = 0
    """Losses found in the ranges when they were chosen."""


class PlanDirectory:
    def __init__(self, path: Path) -> None:
        self.path = path

    def newest_first(self) -> Iterator[Plan]:
        """Plans from the newest back. One that vanishes under the reader, as a newer one came, is passed over."""
        if not self.path.is_dir():
            return
        for file in sorted(self.path.glob("*.json"), reverse=True):
            try:
                yield msgspec.json.decode(file.read_bytes(), type=Plan)
            except FileNotFoundError:
                continue
            except msgspec.MsgspecError as error:
                raise LakeError(
                    f"{file}: not a plan ({error}); it is written in one step, so something else changed it"
                ) from error

    def write(self, plan: Plan) -> None:
        """Durable on return. Plans that no reader can need any more are removed."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path / f"{plan.sequence:012}.json", msgspec.json.encode(plan))
        for file in sorted(self.path.glob("*.json"))[:-KEPT]:
            file.unlink(missing_ok=True)
