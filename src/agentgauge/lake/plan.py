"""Plans: which bytes of which segments a batch takes into the lake.

A plan is written and synced before the batch is committed, and the commit carries the application transaction (journal
id, batch). After a crash anywhere, the table's transaction tells whether the newest plan's batch landed: it is then
finished or repeated, never both. Batch numbers rise by random steps, so that two copies of one home that share a table
are told apart: a number that neither plan accounts for makes the events be looked up by their identity.

A plan also holds how far every segment that still exists is covered once its batch is in. A reader takes the plan whose
batch is the version it reads, and leaves out those bytes of the journal. So a few plans are kept behind the newest.

    <home>/plans/000000000042.json
    {"sequence": 42, "journal": "9f..", "batch": 22019374, "previous": 21552036, "losses": 0,
     "ranges": [{"segment": "host-1-x-0.seg", "start": 0, "end": 8192, "dead": false}],
     "covered": {"host-1-x-0.seg": 8192}}
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from agentgauge.errors import LakeError
from agentgauge.files import make_directory, write_atomically

KEPT = 8
_STRIDE = 1 << 20


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
    """Version that the journal's application transaction in the events table has once the batch has landed."""
    previous: int
    """Its version before. Any other is somebody else's: a copy of this home that writes to the same table."""
    ranges: tuple[Range, ...]
    covered: dict[str, int]
    losses: int = 0
    """Losses found in the ranges when they were chosen."""


class Coverage(msgspec.Struct, frozen=True):
    """How far one version of the events table covers each segment of a home."""

    covered: dict[str, int]
    certain: bool
    """Else the plans do not account for the version: they were lost, or a copy of this home writes to the same table.
    Whatever the journal holds may have landed, and its events are to be looked up by their identity."""


def next_batch(previous: int) -> int:
    """A version that a copy of this home, planning from the same version, does not choose."""
    return previous + 1 + secrets.randbelow(_STRIDE)


def coverage(plans: Iterable[Plan], transaction: Callable[[str], int], journal: Callable[[], str]) -> Coverage:
    """What the version of the table covers in which `transaction` gives a journal's application transaction.

    `plans` come newest first; `journal` gives the home's own id, and is asked only where there is no plan.
    """
    first = None
    for plan in plans:
        if transaction(plan.journal) == plan.batch:
            return Coverage(plan.covered, certain=True)
        first = plan
    if first is None:
        return Coverage({}, certain=transaction(journal()) == 0)
    return Coverage({}, certain=first.sequence == 1 and transaction(first.journal) == first.previous)


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
        make_directory(self.path)
        write_atomically(self.path / f"{plan.sequence:012}.json", msgspec.json.encode(plan))
        for file in sorted(self.path.glob("*.json"))[:-KEPT]:
            file.unlink(missing_ok=True)
