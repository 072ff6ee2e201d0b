"""What work changed in the code, read from git and from the reports of coverage tools and test runners."""

from agentgauge.runs.code.collecting import code_metrics
from agentgauge.runs.code.merging import record_change_merged
from agentgauge.runs.code.recording import record_code_metrics

__all__ = ["code_metrics", "record_change_merged", "record_code_metrics"]
