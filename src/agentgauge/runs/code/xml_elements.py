"""The elements of an XML report, one after another, in constant memory.

Reports come from other programs and from forks of a repository, so nothing in them is followed: entities cannot be
declared (they could grow without bound), and a DTD that a DOCTYPE names, as Cobertura's does, is never fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from xml.parsers import expat

from agentgauge.errors import CodeUnreadable


def read_elements(
    path: Path,
    on_start: Callable[[str, Mapping[str, str]], None],
    on_end: Callable[[str], None] | None = None,
    on_text: Callable[[str], None] | None = None,
) -> None:
    """Call back with the start (name, attributes), the end and the text of every element.

    Raises `CodeUnreadable` where the file cannot be read, is no XML or declares a DTD of its own.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = on_start
    if on_end is not None:
        parser.EndElementHandler = on_end
    if on_text is not None:
        parser.CharacterDataHandler = on_text

    def refuse_declarations(_name: str, _system: str | None, _public: str | None, has_internal_subset: bool) -> None:
        if has_internal_subset:
            raise CodeUnreadable(f"{path}: declares a document type of its own, which no report needs; it is not read")

    parser.StartDoctypeDeclHandler = refuse_declarations
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except expat.ExpatError as error:
        raise CodeUnreadable(f"{path}: is no XML that can be read: {error}") from error
    except OSError as error:
        raise CodeUnreadable(f"{path}: {error.strerror}") from error
