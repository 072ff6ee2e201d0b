"""The journal: crash-safe append of event lines by any number of processes, and reading them back."""

from agentgauge.journal.directory import JournalDirectory
from agentgauge.journal.scanner import Loss, Scan, is_dead, scan

__all__ = ["JournalDirectory", "Loss", "Scan", "is_dead", "scan"]
