"""Whose a span is: its agent and its session, taken over from what is around it where it names none.

Many instrumentations name the agent on its invocation alone. A call inside says nothing of it, and would be nobody's
in every figure by agent. The nearest span around it that names one says whose it is, through steps, calls and tools,
in whatever order they stand in a request, or from an earlier one that the process remembers. Not from another project:
agents are known by project and name. An agent's invocation without a name is nobody's, and so is what it calls.

Costs a look at two fields of each span, and a walk to what is around it for those that lack one.
"""

from __future__ import annotations

from collections.abc import Mapping

from agentgauge.integrations.otlp.received import Received
from agentgauge.integrations.otlp.surroundings import Names, Recent

Sender = frozenset[str] | None
_MOST_CHARACTERS = 256
"""Longer names are not handed on: one may be as long as a request, and a request has thousands of spans."""


def names_around(spans: Mapping[bytes, Received], remembered: Recent[Names], sender: Sender) -> dict[bytes, Names]:
    """By trace and span, the names of those that lack one and are inside of something. `spans` are a request's."""
    found: dict[bytes, Names] = {}
    if not _has_names(spans, remembered):
        return found
    for key, span in spans.items():
        if span.parent and key not in found and not _is_named(span):
            _walk(span, spans, remembered, sender, found)
        if span.kind in ("task", "step"):
            names = found.get(key) or _with(span, None, sender)
            if names.agent or names.session:
                remembered.note(key, names)
    return found


def taken_over(names: Names) -> dict[str, str]:
    """As fields of an event."""
    fields: dict[str, str] = {}
    if names.agent:
        fields["agent"] = names.agent
    if names.session:
        fields["session"] = names.session
    return fields


def _has_names(spans: Mapping[bytes, Received], remembered: Recent[Names]) -> bool:
    """Whether anything is named at all, so that a request of those who name no agents costs next to nothing."""
    for span in spans.values():
        stated, scope = span.said.stated, span.origin.scope
        if "agent" in stated or "session" in stated or "agent" in scope or "session" in scope:
            return True
    return any(span.trace + span.parent in remembered for span in spans.values())


def _is_named(span: Received) -> bool:
    stated, scope = span.said.stated, span.origin.scope
    return ("agent" in stated or "agent" in scope) and ("session" in stated or "session" in scope)


def _walk(
    start: Received,
    spans: Mapping[bytes, Received],
    remembered: Recent[Names],
    sender: Sender,
    found: dict[bytes, Names],
) -> None:
    """Up to what is known, or names all, or has nothing around it that is known; then down again, with what it said."""
    path: dict[bytes, Received] = {}
    at: Received | None = start
    around: Names | None = None
    while at is not None and at.key not in path:  # a circle, which no SDK makes, ends where it closes
        if (around := found.get(at.key)) is not None:
            break
        path[at.key] = at
        if not at.parent or _is_named(at):
            break
        parent = at.trace + at.parent
        at = spans.get(parent)
        if at is None:
            around = remembered.get(parent)
    for key, inside in reversed(path.items()):
        around = found[key] = _with(inside, around, sender)


def _with(span: Received, around: Names | None, sender: Sender) -> Names:
    stated, scope = span.said.stated, span.origin.scope
    agent, session = stated.get("agent") or scope.get("agent"), stated.get("session") or scope.get("session")
    project = stated.get("project") or scope.get("project")
    if around is not None and (around.project, around.sender) == (project, sender):
        if span.kind != "task":
            agent = agent or around.agent
        session = session or around.session
    return Names(_short(agent), _short(session), project, sender)


def _short(name: str | None) -> str | None:
    return name if name is None or len(name) <= _MOST_CHARACTERS else None
