"""How often a topic of state changed: what an answer was computed from is out of date when the counts differ.

A repository raises its topic's count inside the transaction that changes its rows, so whoever sees the rows sees the
count. Stores read the counts for `store.changes(...)`.
"""

from __future__ import annotations

from collections.abc import Sequence

from agentgauge.state.store import Connection


def changed(connection: Connection, topic: str) -> None:
    """Say that a topic's rows changed, inside the transaction that changes them."""
    connection.execute(
        "INSERT INTO changes (topic, count) VALUES (?, 1) ON CONFLICT (topic) DO UPDATE SET count = changes.count + 1",
        (topic,),
    )


def changes_of(connection: Connection, topics: Sequence[str]) -> tuple[int, ...]:
    """The counts of topics, in their order; 0 of one that never changed."""
    counts = dict(map(tuple, connection.execute("SELECT topic, count FROM changes").fetchall()))
    return tuple(counts.get(topic, 0) for topic in topics)
