"""Source ids: what an imported or received event is called where it comes from, so that it lands once.

A repeat of an event whose id begins with `TIMED` states the same time, as a retry of a span does: it is looked for
among the events of that time alone. Repeats of all others are looked for among all events, and after these have
expired among their ids.
"""

from __future__ import annotations

from typing import Final

TIMED: Final = "otlp:"
