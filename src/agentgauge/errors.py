"""Every error this package raises, as one tree.

    AgentGaugeError
    |- SettingsError          a setting or an argument of `agentgauge.open` cannot be used
    |- EventRefused           an event breaks a rule of its kind (inside the recorder: counted, never raised)
    |- EventUnreadable        a stored line is not an event this version can read
    |- JournalUnavailable     the journal's directory cannot be written
    |- LakeError              the lake cannot do what was asked
    |  `- LakeBusy            another process is compacting
    |- StateError             the file or database of what changes in place cannot be used
    |- QueryError             a question names a column, filter or value that does not exist
    |  |- NotFound            it names one thing, an agent, a role, an alert, that there is not
    |  `- Ambiguous           the name it gives is that of several
    |- Conflict               what is asked for does not go with how something is now
    |  `- Outdated            it was meant for an earlier version of it
    |- BudgetExceeded         a budget would be, or is, exceeded; or it cannot be checked, and is to hold nevertheless
    |- ServerUnreachable      a server gave no answer
    |- ServerBusy             a server cannot keep what is sent to it now; nothing of it was acknowledged
    |- RangeConflict          bytes of a journal do not go on where those end that the server has
    |- BodyRefused            what was sent to a server cannot be read at all
    |  |- RangeRefused        bytes of a journal that are no lines, or lines that break a rule
    |  |- BodyTooLarge        it is larger than the server takes at once
    |  `- BodyUnsupported     it has a form or an encoding that the server does not take
    |- BackupUnusable         a file that is to be restored is damaged, or no backup
    |- PriceBookError         a price file or override is not usable
    |- ImportFormatError      a file is not the kind of log it was said to be
    |- RunFilesError          a run's files: an id that can name none, a file that cannot be understood
    `- CodeUnreadable         a repository, or a report of coverage or tests, cannot be read

Messages carry the offending value and say what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any


class AgentGaugeError(Exception):
    """Base of every error raised by agentgauge. A process that raises one can hand it to another, with all it says."""

    def __reduce__(self) -> tuple[Any, ...]:
        """As an exception, but not by its constructor, which may ask for more than the message."""
        return _made_again, (type(self), *self.args), self.__dict__ or None


def _made_again(kind: type[AgentGaugeError], *args: object) -> AgentGaugeError:
    return kind.__new__(kind, *args)


class SettingsError(AgentGaugeError, ValueError):
    """A setting or an argument of `agentgauge.open` cannot be used."""


class EventRefused(AgentGaugeError, ValueError):
    """An event breaks a rule of its kind.

    `reason` is a short, low-cardinality phrase that losses are counted under.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


class EventUnreadable(AgentGaugeError, ValueError):
    """A stored line is not an event that this version can read."""


class JournalUnavailable(AgentGaugeError, OSError):
    """The journal's directory cannot be created or written."""


class LakeError(AgentGaugeError):
    """The lake cannot do what was asked."""


class LakeBusy(LakeError):
    """Another process holds the lake's writer lock."""


class StateError(AgentGaugeError):
    """The file or database of what changes in place (budgets, alerts, decisions, keys) cannot be used."""


class QueryError(AgentGaugeError, ValueError):
    """A question names a column, filter or value that does not exist.

    `field` is the parameter that was wrong and `allowed` what it could have been, where whoever raises it knows.
    """

    def __init__(self, message: str, *, field: str | None = None, allowed: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.field = field
        self.allowed = tuple(allowed)


class NotFound(QueryError):
    """A question names one thing that there is not: an agent, a role, an alert, a recommendation."""


class Ambiguous(QueryError):
    """A question names one thing by a name that several have; `allowed` tells them apart."""


class Conflict(AgentGaugeError, ValueError):
    """What is asked for does not go with how something is now: it is there already, or in another status."""


class Outdated(Conflict):
    """A change was meant for an earlier version of what it changes: to be read, and decided, again."""


class BudgetExceeded(AgentGaugeError):
    """What a call may cost, or did cost, is more than a budget has left. The one error that recording raises, inside
    `with gauge.budget(...)` alone; what was recorded before it is kept.

    Amounts are USD; each is None where the budget could not be checked (`fail_closed`).
    """

    def __init__(
        self,
        message: str,
        *,
        budget: str,
        limit_usd: Decimal | None = None,
        spent_usd: Decimal | None = None,
        reserved_usd: Decimal | None = None,
        asked_usd: Decimal | None = None,
    ) -> None:
        super().__init__(message)
        self.budget = budget
        """Scope and name, as `ticket:PROJ-456`."""
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self.reserved_usd = reserved_usd
        """For calls that are under way, here and elsewhere."""
        self.asked_usd = asked_usd
        """What was to be reserved; None where a cost was recorded that went past the limit."""


class ServerUnreachable(AgentGaugeError):
    """A server gave no answer: whether it did what was asked is not known."""


class ServerBusy(AgentGaugeError):
    """A server cannot keep what is sent to it now. Nothing of it was acknowledged: it is to be sent again, not before
    `retry_after_s` seconds.
    """

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class BodyRefused(AgentGaugeError, ValueError):
    """What was sent to a server cannot be read at all; nothing of it was kept."""


class RangeConflict(AgentGaugeError, ValueError):
    """Bytes of a journal do not go on where those end that the server has: at byte `end`."""

    def __init__(self, message: str, end: int) -> None:
        super().__init__(message)
        self.end = end


class RangeRefused(BodyRefused):
    """Bytes [start, end) of a segment are no lines, or a line that breaks a rule; nothing of what was sent was kept."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(f"bytes {start}-{end}: {message}")
        self.start = start
        self.end = end


class BodyTooLarge(BodyRefused):
    """It is larger, or holds more, than the server takes at once."""


class BodyUnsupported(BodyRefused):
    """It has a form or an encoding that the server does not take."""


class BackupUnusable(AgentGaugeError):
    """A file that is to be restored is damaged, or no backup."""


class PriceBookError(AgentGaugeError, ValueError):
    """A price file or override is not usable."""


class ImportFormatError(AgentGaugeError, ValueError):
    """A file is not the kind of log that it was said to be."""


class RunFilesError(AgentGaugeError, ValueError):
    """An id that can name no file of a run, or a file of one that cannot be understood."""


class CodeUnreadable(AgentGaugeError, ValueError):
    """A repository, or a report of coverage or tests, cannot be read."""
