"""Ids that count from 1 and are never given twice, on every database alike."""

from __future__ import annotations

from agentgauge.state.store import Connection


def next_id(connection: Connection, name: str) -> int:
    """The next number of a row of the table `identifiers`, inside a transaction that writes."""
    given = connection.execute(
        "INSERT INTO identifiers (name, last) VALUES (?, 1) "
        "ON CONFLICT (name) DO UPDATE SET last = identifiers.last + 1 RETURNING last",
        (name,),
    ).fetchall()
    number: int = given[0][0]
    return number


def last_id(connection: Connection, name: str) -> int:
    """The highest that was given; 0 where none was."""
    given = connection.execute("SELECT last FROM identifiers WHERE name = ?", (name,)).fetchall()
    return given[0][0] if given else 0
