"""Ids of runs and issues as names of files: text from outside that must not lead out of its folder.

Letters, digits and `._-` stand for themselves. Everything else is percent-encoded (UTF-8), and so is what a system
would read as more than a name: a leading or trailing dot, a device of Windows. An id too long for a file name is cut
and ends in its digest. So different ids have different names, and no name is a path.

On a file system that does not tell upper from lower case (macOS, Windows), neither do these names.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from agentgauge.errors import RunFilesError

_LONGEST = 160
"""Of a name, in bytes: file systems take 255, and what is put around it needs room."""
_KEPT = 120
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def id_text(of: str, id_: object) -> str:
    """An id as text. `of` says in the error whose id it is.

    Raises `RunFilesError` for what is none: nothing, or neither text nor a whole number.
    """
    if isinstance(id_, bool) or not isinstance(id_, str | int):
        raise RunFilesError(f"{of}_id={id_!r}: an id is text or a whole number, and {type(id_).__name__} is neither")
    text = str(id_)
    if not text:
        raise RunFilesError(f"{of}_id is empty: its files need a name")
    return text


def file_name(of: str, id_: object) -> str:
    """The name that stands for an id. Raises `RunFilesError` as `id_text` does."""
    text = id_text(of, id_)
    name = quote(text, safe="", errors="surrogatepass").replace("~", "%7E")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if name.endswith("."):
        name = f"{name[:-1]}%2E"
    if _DEVICE.match(name):
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if len(name) > _LONGEST:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        name = f"{name[:_KEPT]}~{digest}"
    return name
