"""Source ids: what an imported or received event is called where it comes from, so that it lands once.

A repeat of an event whose id begins with `TIMED` states the same time, as a retry of a span does: it is looked for
among the events of that time alone. Repeats of all others are looked for among all events, and after these have
expired among their ids.
"""

from __future__ import annotations

from typing import Final

TIMED: Final = "otlp:"


def of_project(source_id: str, project: str) -> str:
    """The id that an event is known by whose sender may record into some projects only.

    So it meets no event of another project: whoever guesses an id there can neither replace its event nor keep it out.
    """
    timed = TIMED if source_id.startswith(TIMED) else ""
    return f"{timed}{project.replace('%', '%25').replace('/', '%2F')}/{source_id.removeprefix(timed)}"
