"""Opening the journal of a home that is to ship, and telling the program what that means for what is there already."""

from __future__ import annotations

from pathlib import Path

from agentgauge.errors import SettingsError
from agentgauge.forwarding.forwarder import forwarder_of
from agentgauge.forwarding.journal import ForwardedJournal
from agentgauge.forwarding.spool import has_lake, is_served, ship_to
from agentgauge.journal.series import SegmentOptions
from agentgauge.journal.writer import Journal
from agentgauge.settings import Settings


def open_forwarded(settings: Settings, options: SegmentOptions) -> tuple[Journal, str]:
    """The journal, and what the program should be told; empty where that is nothing. Raises `JournalUnavailable`."""
    root = settings.home.root
    if is_served(root):
        said = f"recorded in {root} and not sent to {settings.endpoint}: a server of this very home is running"
        return Journal.open(root, flush_ms=settings.flush_ms, options=options), said
    said = _told_to_ship(root, settings.endpoint or "")
    journal = ForwardedJournal.open(root, flush_ms=settings.flush_ms, options=options)
    _follow(journal, settings)
    return journal, said


def forwarded(settings: Settings, options: SegmentOptions) -> ForwardedJournal:
    """One that opens when something is recorded, and ships once that is possible."""
    journal = ForwardedJournal(settings.home.root, flush_ms=settings.flush_ms, options=options)
    _follow(journal, settings)
    return journal


def _follow(journal: ForwardedJournal, settings: Settings) -> None:
    journal.forwarder = forwarder_of(settings.home.root, settings.endpoint or "", settings.api_key)


def _told_to_ship(root: Path, endpoint: str) -> str:
    try:
        target = ship_to(root, endpoint)
    except SettingsError as error:
        return f"nothing is sent to {endpoint} until this is mended: {error}"
    except OSError:  # opening the journal says what is wrong with the home, or the first pass does
        return ""
    if target is None or not (target.kept or has_lake(root)):
        return ""
    return f"{root} ships to {endpoint} what is recorded from now on; what was recorded before stays there, not sent"
