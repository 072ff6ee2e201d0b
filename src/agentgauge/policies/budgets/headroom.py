"""What this process holds of one budget: dollars leased from its account, and what became of them. Arithmetic alone, in
picodollars; not safe for threads, whoever uses it has a lock.

    held       by the account, in leases of ours; what we hold of it is
      free       for the next call, or for what is recorded outside of calls
      promised   to calls under way
    the rest of held was spent, or is not wanted any more: the account has only not been told yet

`free + promised <= held` always, so nothing is spent out of it that another could have been given.
"""

from __future__ import annotations


class Headroom:
    __slots__ = ("_leases", "free", "promised")

    def __init__(self) -> None:
        self.free = 0
        self.promised = 0
        self._leases: dict[str, int] = {}
        """What the account holds of each, oldest first."""

    @property
    def held(self) -> int:
        return sum(self._leases.values())

    def granted(self, lease: str, pico: int) -> None:
        self._leases[lease] = pico
        self.free += pico

    def take(self, pico: int) -> bool:
        """Promise it to a call; False where less is free."""
        if pico > self.free:
            return False
        self.free -= pico
        self.promised += pico
        return True

    def give_back(self, pico: int) -> None:
        """Of what was promised to a call, what it did not spend."""
        self.promised -= pico
        self.free += pico

    def spend(self, cost: int, promised: int) -> tuple[int, int]:
        """Pay a cost out of what was `promised` for it, and what that does not cover out of what is free. Returns how
        much of the promise is used, and how much of the cost nothing covers.
        """
        used = min(cost, promised)
        self.promised -= used
        taken = min(cost - used, self.free)
        self.free -= taken
        return used, cost - used - taken

    def forgo(self) -> None:
        """What is free is for others."""
        self.free = 0

    def changes(self) -> list[tuple[str, int]]:
        """Leases of which the account is to hold less from now on, and how much; 0 ends one. The newest are kept."""
        wanted, changed = self.free + self.promised, []
        for lease, held in reversed(self._leases.items()):
            keep = min(held, wanted)
            wanted -= keep
            if keep != held:
                changed.append((lease, keep))
        return changed

    def holds(self, lease: str, asked: int, pico: int) -> None:
        """The account holds so much of a lease, which is less than was `asked` for where it had expired and a count
        has freed it.
        """
        if lease not in self._leases:
            return
        if pico:
            self._leases[lease] = pico
        else:
            del self._leases[lease]
        lost = asked - pico
        self.free -= min(lost, self.free)
