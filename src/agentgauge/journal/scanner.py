"""Reading a segment: the whole lines inside a byte range, and what was lost in it.

A scan never hands out a line whose CRC is wrong and never loses one whose CRC is right: after damage it finds the
next whole line, also behind a lost newline or a run of NULs. What is damaged is counted and named by file and
offset. A run of damaged bytes in which no record begins counts once, so `count` is the number of records known to be
hit.

Of a live segment only what is finished is covered: the record being written ends the range, the reserve is not
looked at. Of a dead one the range runs to the end of the file. Lines of a newer schema end the range in front of
them: they are for a newer reader.

Costs about 0.75 us per line of 300 bytes, half of it CRC: newlines, stored CRCs and line openings are found with
numpy for a whole range at once.
"""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path
from typing import Any

import msgspec

from agentgauge import files
from agentgauge.events.codec import SCHEMA_VERSION
from agentgauge.journal import layout, replica

_CHUNK = 1 << 20
_PIECE = 64 << 10
_VERSION = re.compile(rb'\{"v":(\d{1,9}),')


class Loss(msgspec.Struct, frozen=True):
    """Records that are not there: torn or corrupt in the file, or refused or dropped by the recorder that wrote it."""

    reason: str
    """`torn record`, `corrupt record`, or the recorder's own reason (those in `layout.NOT_LOST` were kept, altered)."""
    count: int
    file: str
    """Name of the segment file."""
    offset: int
    """Byte in that file."""
    time: int | None = None
    """Microseconds since 1970; only the recorder's own losses have one."""
    detail: str = ""


class Scan(msgspec.Struct, frozen=True):
    lines: bytes
    """Whole event lines with their newlines, in file order, and nothing else."""
    records: int
    start: int
    end: int
    """Bytes [start, end) of the file are covered; a later scan continues at `end`."""
    losses: tuple[Loss, ...]
    newest_schema: int
    """Highest schema version seen; 0 where no line was.

    Above `SCHEMA_VERSION`: the scan stopped in front of such a line.
    """
    copied: bool = False
    """Every line of the file was in another segment first, which was removed; some may have been landed from there.

    Their identity, (`s`, `n`), is still that of the first.
    """


def is_dead(path: Path) -> bool:
    """Whether no process writes this segment any more.

    Decided by its lock, which dies with its last holder, never by process id; a replica's by its mark.
    """
    return replica.read_mark(path).closed if replica.is_replica(path) else not files.is_locked(path)


def scan(path: Path, start: int = 0, *, dead: bool, limit_bytes: int | None = None) -> Scan:
    """Read a segment from byte `start`, which is 0 or the `end` of an earlier scan.

    At most about `limit_bytes` are covered (one line more where a line is longer). Raises OSError where the file
    cannot be read.
    """
    mark = replica.read_mark(path) if replica.is_replica(path) else None
    with path.open("rb", buffering=0) as file:
        descriptor = file.fileno()
        size = os.fstat(descriptor).st_size
        if mark is not None:
            size = min(size, mark.end)
        first = files.read_at(descriptor, layout.BLOCK, 0)
        header = layout.read_header(first)
        reserve = layout.reserve_offset(header)
        stop = size if reserve is None else min(size, reserve)
        begin = first.index(b"\n") + 1 if start == 0 and header is not None else start
        if limit_bytes is not None:
            limit_bytes = max(limit_bytes - (begin - start), 1)
        reader = _Reader(descriptor, path.name)
        if not dead:
            region = reader.live(begin, stop, limit_bytes)
        else:
            body, whole = reader.read(begin, stop, limit_bytes)
            region = reader.region(body, begin, final=whole)
            if whole and region.end == stop and stop < size:
                offset = max(begin, stop)
                rest = reader.region(files.read_at(descriptor, size - offset, offset), offset, final=True)
                region = _joined(region, rest)
        if mark is not None:
            region = msgspec.structs.replace(region, lines=replica.received(region.lines, mark))
        copied = header is not None and header.copied
        return msgspec.structs.replace(region, start=start, copied=copied)


class _Reader:
    """One open segment file."""

    def __init__(self, descriptor: int, name: str) -> None:
        self._descriptor = descriptor
        self._name = name

    def read(self, start: int, stop: int, limit_bytes: int | None, *, until_nul: bool = False) -> tuple[bytes, bool]:
        """Bytes from `start`, and whether they reach `stop`. Where a limit cuts them they end with a newline.

        `until_nul` stops at the first chunk that ends unwritten: a live segment is mostly that.
        """
        wanted = stop if limit_bytes is None else min(stop, start + max(limit_bytes, 1))
        parts: list[bytes] = []
        position = start
        step = _CHUNK if until_nul else max(_CHUNK, wanted - start)
        while position < wanted:
            part = files.read_at(self._descriptor, min(step, wanted - position), position)
            if not part:
                break
            parts.append(part)
            position += len(part)
            if until_nul and part[-1] == 0:
                break
            if position == wanted < stop and not any(b"\n" in part for part in parts):
                wanted = min(stop, wanted + _CHUNK)
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        if position < stop and wanted < stop and not (until_nul and data.endswith(b"\0")):
            return data[: data.rfind(b"\n") + 1], False
        return data, True

    def live(self, start: int, stop: int, limit_bytes: int | None) -> Scan:
        """The finished part of a segment that is being written."""
        data, _ = self.read(start, stop, limit_bytes, until_nul=True)
        region = self.region(data, start, final=False)
        if any(loss.time is None for loss in region.losses):
            # Damage in front of whole lines: either it was being written while we read, or it is real. The second
            # look tells.
            data = files.read_at(self._descriptor, region.end - start, start)
            region = self.region(data, start, final=False)
        return region

    def region(self, data: bytes, base: int, *, final: bool) -> Scan:
        """The lines of `data`, which begins at byte `base` of the file.

        `final`: nothing will be added, so an unfinished end is torn and the range runs to the end of `data`.
        Otherwise the range ends behind the last whole line.
        """
        lines = _Lines(data)
        if not lines.all_whole:
            return self._damaged(lines, base, final=final)
        covered, newest = lines.covered()
        end = int(lines.ends[covered - 1]) + 1 if covered else 0
        losses = [self._own_loss(lines.line(i), base + int(lines.starts[i])) for i in lines.losses(covered)]
        kept, count = lines.events(covered)
        if final and covered == lines.count:
            rest = data[end:]
            torn = rest.strip(b"\0")
            if torn:
                losses.append(
                    Loss("torn record", 1, self._name, base + end + rest.index(torn[:1]), detail=_bytes(torn))
                )
            end = len(data)
        return Scan(kept, count, base, base + end, tuple(losses), newest)

    def _damaged(self, lines: _Lines, base: int, *, final: bool) -> Scan:
        """As `region`, line by line, for data of which some lines are not whole."""
        kept: list[bytes] = []
        losses: list[Loss] = []
        newest = end = 0
        kept_losses = 0
        in_damage = False
        for i in range(lines.count):
            offset = int(lines.starts[i])
            line = lines.line(i)
            if not lines.whole[i]:
                whole_from = next_whole(line)
                damage = line[:whole_from]
                if not in_damage or damage.startswith(layout.OPENING):
                    losses.append(_damage(damage, self._name, base + offset))
                in_damage = True
                if whole_from == len(line):
                    continue
                line, offset = line[whole_from:], offset + whole_from
            version = _version(line)
            newest = max(newest, version)
            if version > SCHEMA_VERSION:
                return Scan(b"".join(kept), len(kept), base, base + offset, tuple(losses), newest)
            in_damage = False
            if line.startswith(layout.LOSS_OPENING):
                losses.append(self._own_loss(line, base + offset))
            elif not line.startswith(layout.HEADER_OPENING):
                kept.append(line)
            end, kept_losses = offset + len(line), len(losses)
        if final:
            rest = lines.data[lines.end :]
            torn = rest.strip(b"\0")
            if torn and not (in_damage and not torn.startswith(layout.OPENING)):
                losses.append(
                    Loss("torn record", 1, self._name, base + lines.end + rest.index(torn[:1]), detail=_bytes(torn))
                )
            end, kept_losses = len(lines.data), len(losses)
        return Scan(b"".join(kept), len(kept), base, base + end, tuple(losses[:kept_losses]), newest)

    def _own_loss(self, line: bytes, offset: int) -> Loss:
        loss = layout.decode_loss(line)
        return Loss(loss.loss, loss.count, self._name, offset, loss.time, loss.detail)


class _Lines:
    """All lines of a buffer: where they begin and end, and which are whole."""

    def __init__(self, data: bytes) -> None:
        import numpy as np  # deferred: recording never reads a journal

        self.data = data
        self._np = np
        array = np.frombuffer(data, np.uint8)
        # In pieces that fit the processor's cache: one comparison of megabytes costs more in page faults than in work.
        pieces = [np.flatnonzero(array[at : at + _PIECE] == 0x0A) + at for at in range(0, len(data), _PIECE)] or [
            np.zeros(0, np.int64)
        ]
        self.ends: Any = np.concatenate(pieces)
        self.count = len(self.ends)
        self.starts: Any = np.zeros(self.count, np.int64)
        self.starts[1:] = self.ends[:-1] + 1
        self.end = int(self.ends[-1]) + 1 if self.count else 0
        self.whole: Any = self._whole()
        self.all_whole = bool(self.whole.all())

    def line(self, i: int) -> bytes:
        return self.data[self.starts[i] : self.ends[i] + 1]

    def _words(self, at: Any) -> Any:
        """The 16 bytes at each position, as two little-endian words."""
        np = self._np
        every = np.ndarray((len(self.data) - 15,), "V16", self.data, 0, (1,))
        return every[np.clip(at, 0, len(every) - 1)].view("<u8").reshape(-1, 2)

    def _whole(self) -> Any:
        np = self._np
        if len(self.data) < 16:
            return np.zeros(self.count, bool)
        cuts = self.ends - (layout.TRAILER_BYTES - 1)
        data, crc32 = self.data, zlib.crc32
        computed = [crc32(data[start:cut]) for start, cut in zip(self.starts.tolist(), cuts.tolist(), strict=True)]
        text = _hex_text(np.array(computed, "<u8"))
        trailer = self._words(cuts)  # `,"c":"` + 2 digits | 6 digits + `"}`
        return (
            (trailer[:, 0] == (_word(b',"c":"') | text << 48))
            & (trailer[:, 1] == (text >> 16 | _word(b'"}') << 48))
            & (cuts - self.starts > len(layout.CURRENT_OPENING))
        )

    def covered(self) -> tuple[int, int]:
        """How many lines stand in front of the first of a newer schema, and the newest schema seen.

        All lines are whole.
        """
        if not self.count:
            return 0, 0
        np = self._np
        self._openings = self._words(self.starts)
        current = self._openings[:, 0] == _word(layout.CURRENT_OPENING)
        newest = SCHEMA_VERSION if current.any() else 0
        for i in np.flatnonzero(~current):
            version = _version(self.line(i))
            newest = max(newest, version)
            if version > SCHEMA_VERSION:
                return int(i), newest
        return self.count, newest

    def _opening_with(self, opening: bytes, covered: int) -> Any:
        """Which lines begin with `opening`, of 9 to 16 bytes, the first 8 being the current opening (which `covered`
        has checked).
        """
        second = _word(opening[8:16])
        mask = (1 << 8 * len(opening[8:16])) - 1
        return self._openings[:covered, 1] & mask == second

    def losses(self, covered: int) -> list[int]:
        return (
            [int(i) for i in self._np.flatnonzero(self._opening_with(layout.LOSS_OPENING, covered))] if covered else []
        )

    def events(self, covered: int) -> tuple[bytes, int]:
        """The event lines among the first `covered`, and their number; one slice where nothing stands between them."""
        if not covered:
            return b"", 0
        np = self._np
        other = self._opening_with(layout.LOSS_OPENING, covered) | self._opening_with(layout.HEADER_OPENING, covered)
        gaps = np.flatnonzero(other)
        end = int(self.ends[covered - 1]) + 1
        edges = [0]
        for i in gaps:
            edges += [int(self.starts[i]), int(self.ends[i]) + 1]
        edges.append(end)
        runs = [(a, b) for a, b in zip(edges[0::2], edges[1::2], strict=True) if a < b]
        kept = self.data[runs[0][0] : runs[0][1]] if len(runs) == 1 else b"".join(self.data[a:b] for a, b in runs)
        return kept, covered - len(gaps)


def _word(text: bytes) -> int:
    """Up to 8 bytes as they stand in a little-endian word."""
    return int.from_bytes(text, "little")


def _hex_text(values: Any) -> Any:
    """32-bit values, held in 64-bit words, as words of 8 lower-case hex digits: every nibble is moved to a byte of
    its own, then to text.
    """
    spread = (values | values << 16) & 0x0000FFFF0000FFFF
    spread = (spread | spread << 8) & 0x00FF00FF00FF00FF
    spread = (spread | spread << 4) & 0x0F0F0F0F0F0F0F0F
    letters = (spread + 0x0606060606060606) >> 4 & 0x0101010101010101
    return (spread + 0x3030303030303030 + letters * 0x27).byteswap()


def _version(line: bytes) -> int:
    match = _VERSION.match(line)
    return int(match[1]) if match else SCHEMA_VERSION


def next_whole(line: bytes) -> int:
    """Where inside a damaged line a whole one begins (its newline or bytes before it were lost); its length where
    none does.
    """
    position = line.find(layout.OPENING, 1)
    while position > 0:
        if layout.is_whole(line[position:]):
            return position
        position = line.find(layout.OPENING, position + 1)
    return len(line)


def _damage(damage: bytes, file: str, offset: int) -> Loss:
    return Loss("torn record" if b"\0" in damage else "corrupt record", 1, file, offset, detail=_bytes(damage))


def _bytes(damage: bytes) -> str:
    """What a person may be told about damaged bytes: how many, not what they say."""
    return f"{len(damage)} bytes"


def _joined(first: Scan, second: Scan) -> Scan:
    return Scan(
        first.lines + second.lines,
        first.records + second.records,
        first.start,
        second.end,
        first.losses + second.losses,
        max(first.newest_schema, second.newest_schema),
    )
