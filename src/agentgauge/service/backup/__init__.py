"""Backup and restore: a home as one file, made while others record into it and ask about it."""

from agentgauge.service.backup.archive import Manifest
from agentgauge.service.backup.capture import Backup, back_up
from agentgauge.service.backup.restoring import restore

__all__ = ["Backup", "Manifest", "back_up", "restore"]
