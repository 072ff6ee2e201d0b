"""A digest of where an exception came from, by which the same failure is known again."""

from __future__ import annotations

from types import TracebackType

_DEEPEST = 100


def traceback_digest(error: BaseException) -> str | None:
    """16 hex digits of the files (without their directories) and functions that the exception went through.

    Line numbers are left out, so an edit above the failing line changes nothing. None where it was not raised.
    """
    frames = _frames(error.__traceback__)
    if not frames:
        return None
    import hashlib  # deferred: most programs never need it

    return hashlib.sha256("\n".join(frames).encode("utf-8", "replace")).hexdigest()[:16]


def _frames(trace: TracebackType | None) -> list[str]:
    """`file:function` from the outermost inwards; of endless recursion the first so many."""
    found: list[str] = []
    while trace is not None and len(found) < _DEEPEST:
        code = trace.tb_frame.f_code
        found.append(f"{code.co_filename.replace(chr(92), '/').rpartition('/')[2]}:{code.co_name}")
        trace = trace.tb_next
    return found
