"""How long a server takes to stop, at most, and how it ends."""

from __future__ import annotations

GRACE_SECONDS = 20
"""What requests that have begun may take after the signal to stop."""
CLOSING_SECONDS = 5
"""What closing may take after that. A thread that is still at a question then cannot be stopped otherwise."""
ENDED_AT_ONCE = 1
"""Exit code of a process that was not waited for."""
