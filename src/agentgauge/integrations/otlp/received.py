"""A span as it was received."""

from __future__ import annotations

from typing import Any

import msgspec

from agentgauge.integrations.otlp.attributes import Sorted
from agentgauge.integrations.otlp.resources import Origin


class Received(msgspec.Struct, gc=False):
    """A span, and what its attributes say."""

    span: Any
    trace: bytes
    id: bytes
    key: bytes
    """Trace and span."""
    parent: bytes
    """Empty where it is a root."""
    kind: str
    said: Sorted
    origin: Origin
    library: str
    """Name of the instrumentation."""
