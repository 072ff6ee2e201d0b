"""What happened to events that are not there as they were given, and what to do about it: by reason, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from agentgauge.journal.layout import REFUSED_OF_OTHERS
from agentgauge.service.doctor import LossState
from agentgauge.service.wording import count_of

Fate = Literal["lost", "refused", "altered"]
"""`refused` over the network, which whoever sent it was told; `altered` events are there."""

_MEND_CALL = "Mend the call that records it: the example says which value it was."
_ADVICE: Mapping[str, str] = {
    "journal closed": "Record before the gauge is closed, or leave it open: it closes at the end of the program.",
    "journal full": "Run 'agentgauge compact', or raise AGENTGAUGE_JOURNAL_MAX_MB.",
    "disk full": "Make room on the disk of the home: recording goes on by itself.",
    "event too large": "Record less in its attributes: an event has 1 MiB at most.",
    "torn record": "A process died, or the power failed, while it was written: nothing is to be done.",
    "corrupt record": "The disk changed what was written: check it, and restore the segment from a backup.",
    "unreadable record": "Another version of agentgauge wrote it: bring this one up to date.",
    "journal unavailable": "Make the home writable for who records.",
    "future time": "Set the clock of the machine that recorded it: the stated time is kept as an attribute.",
    "redaction failed": "Mend the redaction hook: what it failed at was left out.",
    "sync failed": "The disk refused to keep it at once: check the disk.",
    "home moved": "Name the home by one path, and leave it where it is while programs record.",
    "prices unusable": "Mend prices.toml; 'agentgauge reprice' then gives prices to calls that have landed.",
    "naive time": "Give times with a zone: datetime.now(timezone.utc).",
    "parts exceed total": "Give input_tokens as the total: what was read from a cache is part of it.",
    "unknown scope": "Name a scope that there is, or put it into the attributes.",
    "missing project": "Have the sender name one of the projects that its key is for.",
    "foreign project": "Give the sender a key for that project, or have it name its own.",
}


def fate_of(loss: LossState) -> Fate:
    if loss.kept:
        return "altered"
    return "refused" if loss.reason.startswith(REFUSED_OF_OTHERS) else "lost"


def reason_words(loss: LossState) -> str:
    """`Negative duration`."""
    reason = loss.reason.removeprefix(REFUSED_OF_OTHERS)
    return f"{reason[:1].upper()}{reason[1:]}"


def advice_for(loss: LossState) -> str:
    """What to do, in a sentence."""
    return _ADVICE.get(loss.reason.removeprefix(REFUSED_OF_OTHERS), _MEND_CALL)


def sentence(losses: Iterable[LossState]) -> str:
    """`Nothing was lost.`, or how many events were, and what else befell others."""
    counts: dict[Fate, int] = {"lost": 0, "refused": 0, "altered": 0}
    for loss in losses:
        counts[fate_of(loss)] += loss.count
    lost = f"{count_of(counts['lost'], 'event')} {'was' if counts['lost'] == 1 else 'were'} lost"
    parts = [lost if counts["lost"] else "Nothing was lost"]
    if counts["refused"]:
        parts.append(f"{counts['refused']:,} refused over the network, which whoever sent them was told")
    if counts["altered"]:
        parts.append(f"{counts['altered']:,} kept, but altered")
    return f"{'; '.join(parts)}."
