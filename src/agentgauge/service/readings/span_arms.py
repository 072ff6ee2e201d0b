"""The arm of a span that states none: of what it is in, else of what is in it."""

from __future__ import annotations

from collections import defaultdict

_DEEPEST = 64


class SpanArms:
    """Spans with their parents and what they state, taken in in any order."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}
        self._children: dict[str, set[str]] = defaultdict(set)
        self._stated: dict[str, set[str]] = defaultdict(set)
        """By span, what it states itself."""
        self._inside: dict[str, set[str]] = defaultdict(set)
        """By span, what events directly in it state that are no spans."""

    def add(self, span: str | None, parent: str | None, stated: str | None) -> None:
        if span is not None and parent is not None and span != parent:
            self._parents[span] = parent
            self._children[parent].add(span)
        if stated is None:
            return
        if span is not None:
            self._stated[span].add(stated)
        elif parent is not None:
            self._inside[parent].add(stated)

    def arm(self, span: str | None, parent: str | None) -> str | None:
        """None where nothing around the span, and nothing or several things in it, state one."""
        around: str | None = parent if span is None else span
        for _ in range(_DEEPEST):
            if around is None:
                break
            if stated := self._stated.get(around):
                return next(iter(stated)) if len(stated) == 1 else None
            around = parent if around == span and parent is not None else self._parents.get(around)
        inside = set() if span is None else self._within(span)
        return next(iter(inside)) if len(inside) == 1 else None

    def _within(self, span: str) -> set[str]:
        found: set[str] = set()
        seen, waiting = {span}, [span]
        while waiting:
            at = waiting.pop()
            found |= self._stated.get(at, set()) | self._inside.get(at, set())
            new = self._children.get(at, set()) - seen
            seen |= new
            waiting += new
        return found
