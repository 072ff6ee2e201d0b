"""The recorder: calls become events in a journal, with the scope they were made in."""

from agentgauge.journal.losses import Health
from agentgauge.recorder.disabled import DisabledGauge
from agentgauge.recorder.entry import Kept, Redact
from agentgauge.recorder.gauge import Gauge
from agentgauge.recorder.process import default, set_default
from agentgauge.recorder.scope import Place
from agentgauge.recorder.span import Span

__all__ = ["DisabledGauge", "Gauge", "Health", "Kept", "Place", "Redact", "Span", "default", "set_default"]
