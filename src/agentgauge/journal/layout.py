"""What a journal looks like on the disk.

    <home>/journal/id                                       who this directory is (see directory.py)
    <home>/journal/<host>-<pid>-<nonce>-<seq>.seg           one process's records, oldest first
    <home>/journal/<same>.tmp                               a segment being made; no reader looks at it

    a mapped segment                                        an appended segment (no real posix_fallocate)
    0          {"v":1,"header":{...},"c":"9b0c1f22"}\\n       {"v":1,"header":{...},"c":"9b0c1f22"}\\n
               {"v":1,"run":"r1","s":"..","n":0,...}\\n       {"v":1,"run":"r1","s":"..","n":0,...}\\n
               {"v":1,"loss":"negative tokens",...}\\n        ...
               ...                                          end of file
               NUL NUL NUL NUL: not yet written
    size-4096  the reserve: NUL, or one loss line
    size

Lines are flat JSON. An event line is what `agentgauge.events.codec` writes; `c` is put on every line here: the
CRC-32 of all bytes before `,"c":`, as 8 lower-case hex digits. JSON has no NUL byte and every byte is written once,
over zeros, so a line cut short by a crash contains NUL or lacks its newline, and a line damaged later fails its CRC.

The header says `size`, the bytes allocated (0: appended), which tells where the reserve begins. The reserve is the
one place that is written when the disk is full, in place, to say how much was dropped; a segment that is closed is
truncated to what it holds.

Identity is in the line, not in the place: `s` names the segment that was current when the record was made, and `n`
is the record's number in its process's journal, so a record that had to move to the next segment keeps its identity.
A segment whose header says `"copied":true` holds nothing but the lines of one that was removed under its writer; a
reader that has some of them already tells by their identity.

Loss lines are facts, not events. A reason in `NOT_LOST` counts events that were kept, but altered.
"""

from __future__ import annotations

import zlib

import msgspec

from agentgauge.events.codec import SCHEMA_VERSION

SUFFIX = ".seg"
BIRTH_SUFFIX = ".tmp"
BLOCK = 4096
"""Bytes of the reserve at the end of a mapped segment, and the unit that sizes are rounded up to."""
FIRST_SEGMENT_BYTES = 256 << 10
LARGEST_SEGMENT_BYTES = 8 << 20
LARGEST_LINE_BYTES = 1 << 20
"""A longer record is refused; a segment is made large enough for any shorter one."""

TRAILER_BYTES = 17
"""`,"c":"` + 8 hex digits + `"}` + newline."""
OPENING = b'{"v":'
CURRENT_OPENING = b'{"v":%d,"' % SCHEMA_VERSION
HEADER_OPENING = CURRENT_OPENING + b'header":'
LOSS_OPENING = CURRENT_OPENING + b'loss":"'

NOT_LOST = frozenset(
    {
        *("future time", "redaction failed", "home moved", "sync failed", "scope left out"),
        *("metadata left out", "prices unusable", "no agent open", "no issue named", "no start", "budget not checked"),
    }
)

NOT_OF_EVENTS = frozenset({"budget not checked"})
"""Of `NOT_LOST`, what says nothing against the events: to a person it is not told as something that befell one."""

REFUSED_OF_OTHERS = "refused over the network: "
"""What the reason of a loss begins with that a server refused, whose sender was told."""


class Header(msgspec.Struct, frozen=True):
    segment: str
    """`<nonce>-<seq>`."""
    journal: str
    """Id of the directory it was made in."""
    host: str
    pid: int
    """For people. Neither host nor pid is ever used to decide anything."""
    started: int
    """Microseconds since 1970."""
    agentgauge: str
    """Version that wrote it."""
    size: int
    """Bytes allocated, the reserve included; 0 for an appended segment."""
    copied: bool = False
    """Made to hold the lines of a segment that was removed while it was written, and nothing else."""


class LossLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a recorder refused or dropped, as a line of its segment."""

    loss: str
    """The reason."""
    count: int
    time: int
    """Microseconds since 1970."""
    detail: str = ""


class _HeaderLine(msgspec.Struct):
    header: Header


_encode = msgspec.json.Encoder().encode
_decode_header = msgspec.json.Decoder(_HeaderLine).decode
decode_loss = msgspec.json.Decoder(LossLine).decode


def frame(payload: bytes) -> bytes:
    """The line of a payload: a JSON object without its closing brace."""
    return b'%b,"c":"%08x"}\n' % (payload, zlib.crc32(payload))


def is_whole(line: bytes) -> bool:
    """Whether a line, newline included, is framed and its CRC is right.

    The scanner checks many lines at once instead.
    """
    cut = len(line) - TRAILER_BYTES
    return cut > len(CURRENT_OPENING) and frame(line[:cut]) == line


def header_line(header: Header) -> bytes:
    return frame(b'{"v":%d,"header":' % SCHEMA_VERSION + _encode(header))


def loss_line(loss: LossLine) -> bytes:
    return frame(b'{"v":%d,' % SCHEMA_VERSION + _encode(loss)[1:-1])


def read_header(start_of_file: bytes) -> Header | None:
    """The header of a segment from its first bytes (a block is always enough); None where it is missing or damaged."""
    line = start_of_file[: start_of_file.find(b"\n") + 1]
    if not line.startswith(HEADER_OPENING) or not is_whole(line):
        return None
    try:
        return _decode_header(line).header
    except msgspec.MsgspecError:
        return None


def reserve_offset(header: Header | None) -> int | None:
    """Where the reserve of a segment begins; None for an appended segment or an unreadable header."""
    return header.size - BLOCK if header is not None and header.size else None
