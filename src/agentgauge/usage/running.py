"""What each result of a session added, where the results state the session's totals so far.

A Claude Agent SDK client that answers several turns states in each result what its process has cost until then. Taken
as they are, three turns of a dollar would count as one, two and three.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from decimal import Decimal

import msgspec

from agentgauge.events import Usage
from agentgauge.usage.reported import ModelShare, Reported, divided
from agentgauge.usage.tokens import subtracted

_SESSIONS_KEPT = 4096


class RunningTotals:
    """Remembers the last totals of each session; safe to share between threads. Forgets the session that has been
    silent longest when there are more than 4,096.

    A session that goes on in a new process starts from zero again. That is seen where a total shrinks, or where what
    would have been added is less than the turn itself used. The earlier results of a session must have been shown to
    the same object: the first one it sees is taken whole.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[str, Reported] = OrderedDict()
        self._lock = threading.Lock()

    def own(self, reported: Reported) -> Reported:
        """`reported` with what it adds to the session's totals; itself where it states no running total."""
        if not reported.is_running_total:
            return reported
        before = None if reported.session_id is None else self._remember(reported.session_id, reported)
        added = None if before is None else _difference(reported, before)
        return msgspec.structs.replace(added or reported, is_running_total=False, turn=None)

    def _remember(self, session: str, reported: Reported) -> Reported | None:
        with self._lock:
            before = self._last.pop(session, None)
            self._last[session] = reported
            if len(self._last) > _SESSIONS_KEPT:
                self._last.popitem(last=False)
        return before

    def renew_lock(self) -> None:
        """In a forked child: a thread of the parent may have held it."""
        self._lock = threading.Lock()


def _difference(now: Reported, before: Reported) -> Reported | None:
    """None where `now` does not continue `before`."""
    cost = None if now.cost_usd is None else now.cost_usd - (before.cost_usd or Decimal(0))
    if cost is not None and cost < 0:
        return None
    if now == before:  # the same result, handed over twice
        return msgspec.structs.replace(now, usage=Usage(), cost_usd=cost, requests=0, web_searches=0, shares=())
    if not now.shares:
        return msgspec.structs.replace(now, cost_usd=cost)
    shares = _added_shares(now.shares, {(share.model, share.provider): share for share in before.shares})
    if shares is None:
        return None
    own = divided(msgspec.structs.replace(now, cost_usd=cost, is_running_total=False), shares)
    if now.turn is not None and not _covers(own.usage, now.turn):
        return None
    return msgspec.structs.replace(own, web_searches=max(now.web_searches - before.web_searches, 0))


def _covers(added: Usage, turn: Usage) -> bool:
    """In what both count alike: by model, nothing is said of how long a cache lasts."""
    return added.input_tokens >= turn.input_tokens and added.output_tokens >= turn.output_tokens


def _added_shares(
    now: tuple[ModelShare, ...], before: dict[tuple[str | None, str | None], ModelShare]
) -> list[ModelShare] | None:
    shares = []
    for share in now:
        old = before.get((share.model, share.provider))
        if old is None:
            shares.append(share)
            continue
        usage = subtracted(share.usage, old.usage)
        if usage is None:
            return None
        if usage != Usage():
            cost = None if share.cost_usd is None else max(share.cost_usd - (old.cost_usd or Decimal(0)), Decimal(0))
            shares.append(msgspec.structs.replace(share, usage=usage, cost_usd=cost))
    return shares
