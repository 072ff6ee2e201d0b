"""Log files as numbered lines: UTF-8 with or without a mark, LF or CRLF, of any length, one in memory at a time.

A file whose first character is `[`, or whose name ends in `.json`, is one JSON document; the elements of its array
(or the one object) are handed out as if each were a line, with the line number and offset at which it starts. Such a
file is held in memory.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

_SPACE = b" \t\r\n"
_decode_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Line(NamedTuple):
    number: int
    """From 1."""
    offset: int
    """Byte offset in the file."""
    data: bytes
    """Without surrounding space; never empty."""
    complete: bool
    """False for a last line without its newline: it may be half written."""


def numbered_lines(path: Path) -> Iterator[Line]:
    """The lines of `path` that hold anything. Raises `OSError` where the file cannot be read."""
    if path.suffix == ".json" or _starts_an_array(path):
        document = path.read_bytes()
        elements = _elements(document)
        if elements is not None:
            yield from elements
            return
    with path.open("rb") as stream:
        offset = 0
        for number, raw in enumerate(stream, start=1):
            data = (raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw).strip(_SPACE)
            if data:
                yield Line(number, offset, data, raw.endswith(b"\n"))
            offset += len(raw)


def _starts_an_array(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(4096).removeprefix(codecs.BOM_UTF8).lstrip(_SPACE)
    return head.startswith(b"[")


def _elements(document: bytes) -> Iterator[Line] | None:
    """The elements of a document that is an array, the object of one that is an object, None for anything else."""
    text = document.removeprefix(codecs.BOM_UTF8)
    try:
        return _placed(_decode_elements(text), document)
    except msgspec.ValidationError:
        pass  # not an array: it may still be one object
    except msgspec.DecodeError:
        return None
    try:
        _decode_object(text)
    except msgspec.DecodeError:
        return None
    return iter((Line(1, 0, text.strip(_SPACE), True),))


def _placed(elements: list[msgspec.Raw], document: bytes) -> Iterator[Line]:
    number, position = 1, 0
    for element in elements:
        data = bytes(element)
        start = document.find(data, position)
        number += document.count(b"\n", position, start)
        yield Line(number, start, data.strip(_SPACE), True)
        number += data.count(b"\n")
        position = start + len(data)
